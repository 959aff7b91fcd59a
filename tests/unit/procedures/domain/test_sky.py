from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procedures.domain.sky import Light, Site, Spell, sidereal_hours, spells, sun_altitude

GREENWICH = Site(51.4769, 0.0)
MINUTES_2 = timedelta(minutes=2)


def day_at(site: Site, year: int, month: int, day: int) -> list[Spell]:
    noon = datetime(year, month, day, 12, tzinfo=UTC)
    return spells(noon, noon + timedelta(days=1), site)


def test_equinox_at_greenwich_has_the_times_of_the_almanac() -> None:
    """20 March 2026: sunset 18:13, astronomical dusk 20:07; 21 March: astronomical dawn 4:07, sunrise 6:01 (UTC)."""
    evening = day_at(GREENWICH, 2026, 3, 20)
    assert [one.light for one in evening] == [Light.DAY, Light.TWILIGHT, Light.DARK, Light.TWILIGHT, Light.DAY]
    expected = [(20, 18, 13), (20, 20, 7), (21, 4, 7), (21, 6, 1)]
    for spell, (day, hour, minute) in zip(evening[1:], expected, strict=True):
        assert abs(spell.begin - datetime(2026, 3, day, hour, minute, tzinfo=UTC)) <= MINUTES_2


@pytest.mark.parametrize(
    ("site", "month", "lights"),
    [
        pytest.param(Site(51.4769, 0.0), 6, ["day", "twilight", "day"], id="no dark at Greenwich in June"),
        pytest.param(Site(78.0, 15.0), 6, ["day"], id="midnight sun"),
        pytest.param(
            Site(78.0, 15.0), 12, ["twilight", "dark", "twilight"], id="polar night has a little twilight at noon"
        ),
        pytest.param(Site(-90.0, 0.0), 6, ["dark"], id="the South Pole in winter"),
    ],
)
def test_far_from_the_equator_some_light_is_missing(site: Site, month: int, lights: list[str]) -> None:
    assert [one.light for one in day_at(site, 2026, month, 21)] == lights


def test_at_noon_the_sun_stands_at_the_complement_of_latitude_and_declination() -> None:
    noon = datetime(2026, 6, 21, 12, 2, tzinfo=UTC)
    assert sun_altitude(noon, GREENWICH) == pytest.approx(90 - 51.4769 + 23.44, abs=0.02)


def test_sidereal_time_is_that_of_the_almanac_at_its_epoch() -> None:
    assert sidereal_hours(datetime(2000, 1, 1, 12, tzinfo=UTC), 0.0) == pytest.approx(18.697374558)
    assert sidereal_hours(datetime(2000, 1, 1, 12, tzinfo=UTC), 90.0) == pytest.approx(18.697374558 + 6 - 24)


@given(
    st.floats(-90, 90),
    st.floats(-360, 360),
    st.datetimes(datetime(1950, 1, 1), datetime(2050, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - the zone is beside it
    st.timedeltas(timedelta(), timedelta(days=1)),
)
def test_spells_fill_the_time_without_gap_and_differ_from_their_neighbours(
    latitude: float, longitude: float, begin: datetime, length: timedelta
) -> None:
    found = spells(begin, begin + length, Site(latitude, longitude))
    marks = [(one.begin, one.end) for one in found]
    assert all(start < stop for start, stop in marks)
    assert [stop for _, stop in marks[:-1]] == [start for start, _ in marks[1:]]
    if length:
        assert (marks[0][0], marks[-1][1]) == (begin, begin + length)
