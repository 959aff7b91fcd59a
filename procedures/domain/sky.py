"""How dark the sky over a site is, and its sidereal time: to about a minute at middle latitudes, which is what a timeline can show.

The sun's place is that of the low-precision formulae of the Astronomical Almanac, good to 0.01 degrees from 1950 to 2050.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from math import asin, atan2, cos, degrees, radians, sin

_J2000 = datetime(2000, 1, 1, 12, tzinfo=UTC)
_DAY = timedelta(days=1)
_DEGREES_AN_HOUR = 15
_STEP = timedelta(minutes=4)
"""The sun moves by a degree in it, so that its altitude is as good as linear in between."""
_UPPER_LIMB = -0.833
"""Degrees at which the sun is seen to rise: refraction, and half its disc."""
_ASTRONOMICAL = -18.0


class Light(StrEnum):
    """What the sun leaves to observe with."""

    DAY = "day"
    TWILIGHT = "twilight"
    """It is below the horizon, by less than 18 degrees."""
    DARK = "dark"


@dataclass(frozen=True)
class Site:
    """Where the telescope stands; degrees north and east."""

    latitude: float
    longitude: float


@dataclass(frozen=True)
class Spell:
    """A time of the same light."""

    light: Light
    begin: datetime
    end: datetime


def sidereal_hours(at: datetime, longitude: float) -> float:
    """Local (mean) sidereal time in hours; good to a second. From the IAU's expression for GMST."""
    return (18.697374558 + 24.06570982441908 * _days(at) + longitude / _DEGREES_AN_HOUR) % 24


def sun_altitude(at: datetime, site: Site) -> float:
    """How high the centre of the sun stands, degrees; without refraction."""
    days = _days(at)
    anomaly = radians(357.528 + 0.9856003 * days)
    along = radians(280.460 + 0.9856474 * days + 1.915 * sin(anomaly) + 0.020 * sin(2 * anomaly))
    tilt = radians(23.439 - 0.0000004 * days)
    ascension = atan2(cos(tilt) * sin(along), cos(along))
    declination = asin(sin(tilt) * sin(along))
    hour_angle = radians(sidereal_hours(at, site.longitude) * _DEGREES_AN_HOUR) - ascension
    latitude = radians(site.latitude)
    height = sin(latitude) * sin(declination) + cos(latitude) * cos(declination) * cos(hour_angle)
    return degrees(asin(max(-1.0, min(1.0, height))))


def spells(begin: datetime, end: datetime, site: Site) -> list[Spell]:
    """From one moment to another, each time of the same light, in their order and without a gap; none if there is no time between them."""
    marks = [begin, *_changes(begin, end, site), end]
    return [
        Spell(_light(sun_altitude(start + (stop - start) / 2, site)), start, stop)
        for start, stop in pairwise(marks)
        if start < stop
    ]


def _changes(begin: datetime, end: datetime, site: Site) -> Iterator[datetime]:
    """When the sun passes one of the two altitudes."""
    before, was = begin, sun_altitude(begin, site)
    while before < end:
        at = min(before + _STEP, end)
        altitude = sun_altitude(at, site)
        for limit in (_UPPER_LIMB, _ASTRONOMICAL):
            if (was < limit) != (altitude < limit):
                yield before + (at - before) * ((limit - was) / (altitude - was))
        before, was = at, altitude


def _light(altitude: float) -> Light:
    if altitude >= _UPPER_LIMB:
        return Light.DAY
    return Light.TWILIGHT if altitude >= _ASTRONOMICAL else Light.DARK


def _days(at: datetime) -> float:
    return (at - _J2000) / _DAY
