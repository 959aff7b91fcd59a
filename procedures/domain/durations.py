"""Durations as people write them: `3 minutes`, `1 hour, 30 minutes`, `2 hours and 5 seconds`."""

import math
import re
from typing import Any

_SECONDS = {
    "year": 365.25 * 86400,
    "month": 30.436875 * 86400,
    "week": 7 * 86400.0,
    "day": 86400.0,
    "hour": 3600.0,
    "minute": 60.0,
    "second": 1.0,
    "millisecond": 0.001,
}
_JOINING = frozenset({"and", "plus", ","})
_NUMBER = re.compile(r"\d+(\.\d*)?([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?")
MAX_TIMEOUT_S = 366 * 86400.0
"""The longest timeout of a function."""
MAX_CHARACTERS = 200
"""Of a duration in words; nobody writes a longer one."""
EXAMPLE = 'such as "3 minutes" or "1 hour, 30 minutes"'


def parse_duration(text: str) -> float:
    """Seconds that `text` names: pairs of number and unit, summed; raises ValueError with the remedy.

    Units are years (365.25 days), months (30.436875 days), weeks, days, hours, minutes, seconds and milliseconds: in any case,
    but not abbreviated.
    """
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"must not have more than {MAX_CHARACTERS} characters.")
    if text != text.lstrip():
        raise ValueError(f"must not begin with a blank; {EXAMPLE}.")
    words = [word for word in text.split() if word.lower() not in _JOINING]
    if not words or len(words) % 2:
        raise ValueError(f"must be pairs of number and unit, {EXAMPLE}; {text[:60]!r} is not.")
    total = sum(_number(number) * _unit(unit) for number, unit in zip(words[::2], words[1::2], strict=True))
    if not math.isfinite(total) or total <= 0:
        raise ValueError(f"must be finite and above 0; {text[:60]!r} is not.")
    return total


def seconds_of(value: Any, *, most_s: float) -> float:
    """Seconds that a request gives as a number, or as text that `parse_duration` reads; raises ValueError with the remedy."""
    if isinstance(value, str):
        seconds = parse_duration(value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(value) if abs(value) <= most_s else math.inf
    else:
        raise ValueError(f"must be a number of seconds or a duration {EXAMPLE}.")  # noqa: TRY004 - all faults of a request are ValueErrors
    if not 0 < seconds <= most_s:
        raise ValueError(f"must be above 0 and at most {most_s:g} seconds.")
    return seconds


def in_words(seconds: float) -> str:
    """The duration as people say it: `90 seconds`, `3 minutes`, `1.5 hours`."""
    for unit in ("hour", "minute"):
        if seconds >= 2 * _SECONDS[unit] or seconds == _SECONDS[unit]:
            return _counted(seconds / _SECONDS[unit], unit)
    return _counted(seconds, "second")


def _counted(count: float, unit: str) -> str:
    return f"{count:.3g} {unit}{'' if count == 1 else 's'}"


def _number(word: str) -> float:
    if not _NUMBER.fullmatch(word):
        raise ValueError(f"{word[:40]!r} is not a number; write {EXAMPLE}.")
    return float(word)


def _unit(word: str) -> float:
    name = word.lower().rstrip(",").rstrip("s")
    if name not in _SECONDS:
        raise ValueError(f"{word[:40]!r} is not a unit of time ({', '.join(f'{unit}s' for unit in _SECONDS)}).")
    return _SECONDS[name]
