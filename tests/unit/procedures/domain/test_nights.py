from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procedures.domain.nights import (
    MAX_ROWS,
    Run,
    busy_time,
    dark_share,
    hours_between,
    lanes_of,
    night_at,
    night_on,
    shown_span,
)
from procedures.domain.sky import Site

NOON = datetime(2026, 3, 17, 12, tzinfo=UTC)
NIGHT = night_on(date(2026, 3, 17), None)


def run(number: int, begin_h: float, end_h: float, lane: str = "subarray 1") -> Run:
    return Run(number, "a.py", "COMPLETE", lane, NOON + timedelta(hours=begin_h), NOON + timedelta(hours=end_h))


def test_a_night_goes_from_noon_to_noon() -> None:
    assert (NIGHT.begin, NIGHT.end) == (NOON, NOON + timedelta(days=1))
    assert NIGHT.words == "17 to 18 March 2026"
    assert night_on(date(2026, 3, 31), None).words == "31 March to 1 April 2026"


@pytest.mark.parametrize(
    ("hour", "day"), [(0, 17), (11, 17), (12, 18), (23, 18)], ids=["midnight", "morning", "noon", "evening"]
)
def test_every_moment_belongs_to_one_night(hour: int, day: int) -> None:
    assert night_at(datetime(2026, 3, 18, hour, tzinfo=UTC), None).day == date(2026, 3, day)


def test_noon_is_that_of_the_site() -> None:
    hawaii = night_on(date(2026, 3, 17), -155.5)
    assert hawaii.begin == datetime(2026, 3, 17, 22, tzinfo=UTC)
    assert night_at(datetime(2026, 3, 18, 21, 59, tzinfo=UTC), -155.5) == hawaii
    assert night_at(datetime(2026, 3, 17, 12, tzinfo=UTC), 149.0).begin == datetime(2026, 3, 17, 2, tzinfo=UTC)


@given(st.integers(0, 4_000_000_000).map(lambda at: datetime.fromtimestamp(at, UTC)), st.floats(-180, 180))
def test_a_moment_lies_in_its_night(at: datetime, longitude: float) -> None:
    night = night_at(at, longitude)
    assert night.begin <= at < night.end


def test_what_overlaps_stands_in_rows_of_its_lane() -> None:
    lanes = lanes_of(
        [run(1, 0, 2), run(2, 1, 3), run(3, 2, 4), run(4, 0, 1, "subarray 2"), run(5, 0, 1, "subarray 10")]
    )
    assert [lane.name for lane in lanes] == ["subarray 1", "subarray 2", "subarray 10"]
    assert [[one.id for one in row] for row in lanes[0].rows] == [[1, 3], [2]]


def test_there_are_never_too_many_rows() -> None:
    (lane,) = lanes_of([run(number, 0, 5) for number in range(20)])
    assert len(lane.rows) == MAX_ROWS
    assert sum(map(len, lane.rows)) == 20


def test_what_is_shown_holds_everything_in_full_hours() -> None:
    begin, end = shown_span(NIGHT, [run(1, 5.2, 6), run(2, 13, 13.5)])
    assert (begin, end) == (NOON + timedelta(hours=5), NOON + timedelta(hours=14))


@pytest.mark.parametrize("runs", [[], [run(1, 0, 0.1)], [run(1, 23.9, 30)], [run(1, -5, 40)]])
def test_what_is_shown_is_part_of_the_night_and_long_enough(runs: list[Run]) -> None:
    begin, end = shown_span(NIGHT, runs)
    assert NIGHT.begin <= begin < end <= NIGHT.end
    assert end - begin >= timedelta(hours=6)


def test_marks_stand_at_full_hours() -> None:
    marks = hours_between(NOON + timedelta(hours=4), NOON + timedelta(hours=18))
    assert [f"{mark:%H}" for mark in marks] == ["16", "18", "20", "22", "00", "02", "04", "06"]


def test_time_that_two_share_counts_once() -> None:
    assert busy_time([run(1, 1, 3), run(2, 2, 4), run(3, 6, 7), run(4, -3, -1)], NIGHT.begin, NIGHT.end) == timedelta(
        hours=4
    )


def test_the_share_of_the_dark_counts_only_what_ran_while_it_was_dark() -> None:
    equator = Site(0.0, 0.0)  # dark from about 19:20 to 04:50 on this night
    assert dark_share([], NIGHT.begin, NIGHT.end, equator) == 0
    assert dark_share([run(1, 0, 24)], NIGHT.begin, NIGHT.end, equator) == 1
    assert dark_share([run(1, 0, 5)], NIGHT.begin, NIGHT.end, equator) == 0, "in daylight"
    assert dark_share([run(1, 0, 12)], NIGHT.begin, NIGHT.end, equator) == pytest.approx(0.49, abs=0.03), "to midnight"
    assert dark_share([run(1, 0, 5)], NIGHT.begin, NOON + timedelta(hours=5), equator) is None, "it was not dark yet"
