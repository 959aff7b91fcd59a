"""The timeline of a night, drawn: SVG without viewBox, positions in percent as attributes, so that text keeps its size."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from procedures.domain.nights import Lane, Night, Run, busy_time, dark_share, hours_between, lanes_of, shown_span
from procedures.domain.sky import Light, Site, Spell, spells
from procedures.domain.states import ProcedureState
from procedures.words import took

ROW_PX = 30
TOP_PX = 6
_BELOW_PX = 24
_SKY_PX = 20
_NARROWEST = 0.25
"""Percent; nothing is drawn narrower, so that nothing is lost."""
_ROOM_FOR_WORDS = 4.0
"""Percent from which a bar carries its name."""
_ROOM_FOR_TIMES = 20.0
"""Percent from which the dark says from when to when it is."""
_FILLED = frozenset({ProcedureState.RUNNING})
_PATTERNED = frozenset({ProcedureState.FAILED, ProcedureState.UNKNOWN})
"""Their bars are crossed or striped: words could not be read there."""
_MAX_TAB_STOPS = 60


@dataclass(frozen=True)
class Bar:
    """One procedure."""

    id: int
    state: str
    x: str
    y: int
    width: str
    label: str
    label_class: str
    words: str
    """All of it in one sentence, for whoever points at it or hears it."""


@dataclass(frozen=True)
class Band:
    """A time of the same light."""

    light: str
    x: str
    width: str
    words: str
    """`dark 18:00 to 03:21`."""
    has_room: bool
    """For its words; only the dark says them."""


@dataclass(frozen=True)
class Tick:
    """An hour."""

    x: str
    label: str


@dataclass(frozen=True)
class DrawnNight:
    """The timeline as the template draws it."""

    words: str
    day: str
    day_before: str
    day_after: str
    """Empty where that is still to come."""
    count: str
    names: Sequence[str]
    """One for each row; empty for the further rows of a lane."""
    bars: Sequence[Bar]
    sky: Sequence[Band]
    """Where the site is configured: day, twilight and dark, above the lanes."""
    top: int
    """Where the lanes begin."""
    ticks: Sequence[Tick]
    now: Tick | None
    height: int
    floor: int
    """Where the lanes end."""
    baseline: int
    span: str
    has_tab_stops: bool


def draw_night(night: Night, runs: Sequence[Run], now: datetime, site: Site | None = None) -> DrawnNight:
    """The timeline of the night, below the sky where that is known."""
    begin, end = shown_span(night, runs)
    sky = spells(begin, end, site) if site else []
    top = _SKY_PX if sky else 0
    names, bars = rows_of(lanes_of(runs), begin, end, top_px=top + TOP_PX)
    floor = top + TOP_PX + ROW_PX * max(1, len(names))
    is_under_way = night.begin <= now < night.end
    return DrawnNight(
        words=night.words,
        day=night.day.isoformat(),
        day_before=(night.day - timedelta(days=1)).isoformat(),
        day_after="" if night.end > now else (night.day + timedelta(days=1)).isoformat(),
        count=_count(night, runs, now, site),
        names=names,
        bars=bars,
        sky=[_band(spell, begin, end) for spell in sky],
        top=top,
        ticks=ticks_of(begin, end),
        now=Tick(percent(now, begin, end), f"{now:%H:%M}") if is_under_way and begin <= now <= end else None,
        height=floor + _BELOW_PX,
        floor=floor,
        baseline=floor + 16,
        span=f"{begin:%H:%M} to {end:%H:%M} UTC",
        has_tab_stops=len(bars) <= _MAX_TAB_STOPS,
    )


def rows_of(
    lanes: Sequence[Lane],
    begin: datetime,
    end: datetime,
    *,
    top_px: int = TOP_PX,
    row_px: int = ROW_PX,
    has_names: bool = True,
) -> tuple[list[str], list[Bar]]:
    """The name of each row, and the bars in them; on wide bars the names of scripts."""
    names: list[str] = []
    bars: list[Bar] = []
    for lane in lanes:
        for number, row in enumerate(lane.rows):
            y = top_px + row_px * len(names)
            names.append("" if number else lane.name[:1].upper() + lane.name[1:])
            bars += [_bar(run, lane.name, y, begin, end, has_name=has_names) for run in row]
    return names, bars


def ticks_of(begin: datetime, end: datetime, *, most: int = 8) -> list[Tick]:
    """Full hours, at most about so many."""
    return [Tick(percent(mark, begin, end), f"{mark:%H:%M}") for mark in hours_between(begin, end, most=most)]


def percent(at: datetime, begin: datetime, end: datetime) -> str:
    """Where a moment lies between two others, as SVG takes it."""
    return f"{_share(at.astimezone(UTC), begin, end):.2f}%"


def _bar(run: Run, lane: str, y: int, begin: datetime, end: datetime, *, has_name: bool) -> Bar:
    left = _share(max(run.begin, begin), begin, end)
    width = max(_NARROWEST, _share(min(run.end, end), begin, end) - left)
    until = "now" if run.is_open else f"{run.end:%H:%M}"
    lasted = took((run.end - run.begin).total_seconds())
    return Bar(
        run.id,
        run.state,
        f"{left:.2f}%",
        y,
        f"{width:.2f}%",
        run.name.removesuffix(".py") if has_name and width >= _ROOM_FOR_WORDS and run.state not in _PATTERNED else "",
        "on-mark bar__words" if run.state in _FILLED else "on",
        f"{run.name} #{run.id}, {run.state}, {lane}, {run.begin:%H:%M} to {until}, {lasted}",
    )


def _band(spell: Spell, begin: datetime, end: datetime) -> Band:
    left, right = _share(spell.begin, begin, end), _share(spell.end, begin, end)
    words = f"{spell.light} {spell.begin:%H:%M} to {spell.end:%H:%M}"
    has_room = spell.light == Light.DARK and right - left >= _ROOM_FOR_TIMES
    return Band(spell.light, f"{left:.2f}%", f"{right - left:.2f}%", words, has_room)


def _count(night: Night, runs: Sequence[Run], now: datetime, site: Site | None) -> str:
    if not runs:
        return "nothing ran"
    how_many = "1 procedure" if len(runs) == 1 else f"{len(runs)} procedures"
    failed = sum(run.state == ProcedureState.FAILED for run in runs)
    had_begun = [run for run in runs if run.state != ProcedureState.READY]
    so_far = " so far" if night.begin <= now < night.end else ""
    return f"{how_many}{f', {failed} failed' if failed else ''}, busy for {busy_words(night, had_begun, now, site)}{so_far}"


def busy_words(night: Night, had_begun: Sequence[Run], now: datetime, site: Site | None) -> str:
    """How long something ran: `3:20:00 and 62 % of the dark time`."""
    busy = took(busy_time(had_begun, night.begin, night.end).total_seconds())
    share = dark_share(had_begun, night.begin, min(now, night.end), site) if site else None
    return busy if share is None else f"{busy} and {round(100 * share)} % of the dark time"


def _share(at: datetime, begin: datetime, end: datetime) -> float:
    return 100 * ((at - begin) / (end - begin))
