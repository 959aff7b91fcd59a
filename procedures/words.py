"""Times and numbers as people read them. `static/js/format.js` says the same; `tests/js/formats.json` holds both to it."""

import math
from datetime import UTC, datetime

from procedures.domain.sky import sidereal_hours

_MINUTE = 60
_HOUR = 3600
_DAY = 86400
_DAYS_SHOWN = 10 * _DAY
_ROUGH_S = 90
"""Seconds, and minutes, up to which a rough duration is said in them."""


def duration(seconds: float) -> str:
    """`0:07`, `35:28`, `1:02:03`, `2 d 04:05`."""
    whole = max(0, int(seconds))
    days, rest = divmod(whole, _DAY)
    hours, rest = divmod(rest, _HOUR)
    minutes, secs = divmod(rest, _MINUTE)
    if days:
        return f"{days} d {hours:02}:{minutes:02}"
    return f"{hours}:{minutes:02}:{secs:02}" if hours else f"{minutes}:{secs:02}"


def took(seconds: float) -> str:
    """As `duration`, but with the milliseconds and tenths that matter below ten seconds: `4 ms`, `0.4 s`, `8.9 s`."""
    if seconds < 0.0995:
        return f"{max(0, math.floor(seconds * 1000 + 0.5))} ms"
    if seconds < 9.95:
        return f"{math.floor(seconds * 10 + 0.5) / 10:.1f} s"
    return duration(seconds)


def age(seconds: float) -> str:
    """`0.4 s`, `12 s`, `3 min`, `5 h`, `2 d`: how long ago something was."""
    if seconds < 9.95:
        return f"{math.floor(max(0.0, seconds) * 10 + 0.5) / 10:.1f} s"
    if seconds < 2 * _MINUTE:
        return f"{int(seconds)} s"
    if seconds < 2 * _HOUR:
        return f"{int(seconds // _MINUTE)} min"
    return f"{int(seconds // _HOUR)} h" if seconds < 2 * _DAY else f"{int(seconds // _DAY)} d"


def countdown(seconds: float) -> str:
    """What is left, never too little: `3 s`, `2:05`, `1:02:03`."""
    whole = max(0, math.ceil(seconds))
    return f"{whole} s" if whole < _MINUTE else duration(whole)


def rough(seconds: float) -> str:
    """As people speak of it: `9 s`, `52 min`, `1 h 32`, `2 d 4 h`."""
    whole = math.floor(max(0.0, seconds) + 0.5)
    if whole < _ROUGH_S:
        return f"{whole} s"
    minutes = (whole + _MINUTE // 2) // _MINUTE
    if minutes < _ROUGH_S:
        return f"{minutes} min"
    if whole < _DAY:
        return f"{minutes // 60} h {minutes % 60:02}"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR} h"


def clock(at: float) -> str:
    """The time of day in UTC, `01:47:32`."""
    return f"{datetime.fromtimestamp(at, UTC):%H:%M:%S}"


def precise_clock(at: float) -> str:
    """The same with milliseconds, `01:47:32.020`."""
    return f"{datetime.fromtimestamp(at, UTC):%H:%M:%S.%f}"[:-3]


def moment(at: float, now: float) -> str:
    """The time of day where that is enough, else with its date: `01:47:32`, `16 Mar 01:47`, `2025-12-30 01:47`; UTC."""
    then, today = datetime.fromtimestamp(at, UTC), datetime.fromtimestamp(now, UTC)
    if abs(now - at) < _DAY / 2 or then.date() == today.date():
        return f"{then:%H:%M:%S}"
    if abs(now - at) < _DAYS_SHOWN or then.year == today.year:
        return f"{then.day} {_MONTHS[then.month - 1]} {then:%H:%M}"
    return f"{then:%Y-%m-%d %H:%M}"


def number(value: int) -> str:
    """Thousands parted by a thin space that does not break: `18 214`."""
    return f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def line_count(count: int) -> str:
    """`1 line`, `18 214 lines`."""
    return f"{number(count)} {'line' if count == 1 else 'lines'}"


def size(count: int) -> str:
    """`312 B`, `1.4 kB`, `268 MB`."""
    value = float(count)
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def sidereal(at: float, longitude: float) -> str:
    """Local (mean) sidereal time at a longitude in degrees east: `07:31:05`."""
    hours = sidereal_hours(datetime.fromtimestamp(at, UTC), longitude)
    return f"{int(hours):02}:{int(hours * 60) % 60:02}:{int(hours * 3600) % 60:02}"


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
