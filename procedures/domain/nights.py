"""An observing night, from noon to noon at the site, and what ran in it: who held which lane, from when to when."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from procedures.domain.sky import Light, Site, spells

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_NOON = 12
_DEGREES_AN_HOUR = 15
_SHORTEST = timedelta(hours=6)
"""What is drawn is never less than this, so that an hour always looks like an hour."""
MAX_ROWS = 5
"""Rows of one lane; what runs beside even more shares the last one."""


@dataclass(frozen=True)
class Night:
    """From noon to noon, UTC; at a site with a longitude from the full hour next to its own noon."""

    day: date
    """The day on which it begins."""
    begin: datetime
    end: datetime

    @property
    def words(self) -> str:
        """`17 to 18 March 2026`, `31 March to 1 April 2026`."""
        last = self.day + _DAY
        first = f"{self.day.day}" if last.month == self.day.month else f"{self.day.day} {self.day:%B}"
        return f"{first} to {last.day} {last:%B %Y}"


@dataclass(frozen=True)
class Run:
    """One procedure on the timeline: from the start of its first function, or its creation if it never ran, to its end."""

    id: int
    name: str
    state: str
    lane: str
    begin: datetime
    end: datetime
    is_open: bool = False
    """It has not ended; `end` is now."""


@dataclass(frozen=True)
class Lane:
    """One subarray or resource: rows of runs that do not overlap, but for the last row where there are too many."""

    name: str
    rows: Sequence[Sequence[Run]]


def night_on(day: date, longitude: float | None) -> Night:
    """The night that begins on this day; raises OverflowError at the ends of the calendar."""
    hours = round((longitude or 0.0) / _DEGREES_AN_HOUR)
    begin = datetime.combine(day, time(_NOON), UTC) - timedelta(hours=hours)
    return Night(day, begin, begin + _DAY)


def night_at(at: datetime, longitude: float | None) -> Night:
    """The night that this moment belongs to."""
    hours = round((longitude or 0.0) / _DEGREES_AN_HOUR)
    return night_on((at + timedelta(hours=hours - _NOON)).date(), longitude)


def lanes_of(runs: Iterable[Run]) -> list[Lane]:
    """The runs by lane, lanes in the order of their names (numbers as numbers), each run in the first row that is free."""
    by_lane: dict[str, list[list[Run]]] = {}
    for run in sorted(runs, key=lambda run: (run.begin, run.id)):
        rows = by_lane.setdefault(run.lane, [])
        free = next((row for row in rows if row[-1].end <= run.begin), None)
        if free is not None:
            free.append(run)
        elif len(rows) < MAX_ROWS:
            rows.append([run])
        else:
            rows[-1].append(run)
    return [Lane(name, by_lane[name]) for name in sorted(by_lane, key=_in_order)]


def shown_span(night: Night, runs: Sequence[Run]) -> tuple[datetime, datetime]:
    """The full hours that hold everything that ran in the night; about midnight where little or nothing did."""
    begin = max(night.begin, min((run.begin for run in runs), default=night.begin + _DAY / 2))
    end = min(night.end, max((run.end for run in runs), default=night.begin + _DAY / 2))
    begin = _hour(begin)
    end = _hour(end + _HOUR - timedelta(microseconds=1))
    while end - begin < _SHORTEST:
        begin, end = max(night.begin, begin - _HOUR), min(night.end, end + _HOUR)
    return begin, min(night.end, end)


def hours_between(begin: datetime, end: datetime, *, most: int = 8) -> list[datetime]:
    """Full hours to mark on a scale, at most about so many, at a distance that people count in."""
    length = (end - begin) / _HOUR
    step = next((hours for hours in (1, 2, 3, 4, 6) if length / hours <= most), 12)
    first = begin + timedelta(hours=(-begin.hour) % step)
    return [first + timedelta(hours=step * n) for n in range(math.floor((end - first) / _HOUR / step) + 1)]


def busy_time(runs: Iterable[Run], begin: datetime, end: datetime) -> timedelta:
    """How long at least one of the runs was under way between two moments."""
    total = timedelta()
    seen = begin
    for run in sorted(runs, key=lambda run: run.begin):
        since, until = max(run.begin, seen), min(run.end, end)
        if until > since:
            total += until - since
            seen = until
    return total


def dark_share(runs: Sequence[Run], begin: datetime, end: datetime, site: Site) -> float | None:
    """The share, 0 to 1, of the dark time between two moments in which something ran; None if it was not dark."""
    dark = [spell for spell in spells(begin, end, site) if spell.light == Light.DARK]
    total = sum((spell.end - spell.begin for spell in dark), timedelta())
    return sum((busy_time(runs, spell.begin, spell.end) for spell in dark), timedelta()) / total if total else None


def _in_order(name: str) -> tuple[str, int, str]:
    words, _, number = name.rpartition(" ")
    return (words, int(number), "") if number.isdecimal() and number.isascii() else (name, -1, name)


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)
