"""What stands beside Now: the operators' overrides, and tonight at a glance. Brought in by the page after it is there."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from procedures.domain.nights import Lane, Night, Run, lanes_of
from procedures.domain.people import Actor, Right
from procedures.domain.states import ProcedureState
from procedures.nights import night_of_site, runs_in
from procedures.overrides import OverrideService
from procedures.pages.night import TOP_PX, Bar, Tick, percent, rows_of, ticks_of
from procedures.pages.overrides import ShownOverride, shown_overrides
from procedures.pages.page import page_view
from procedures.pages.rows import live_rows
from procedures.service import actor_of

BACK = timedelta(hours=5)
SPAN = timedelta(hours=8)
"""From a full hour on; so the last five hours at least are shown, and the next two."""
ROW_PX = 22
MAX_ROWS = 10
_MOST_TICKS = 4
_AXIS_PX = 18
_COUNTED = (ProcedureState.COMPLETE, ProcedureState.STOPPED, ProcedureState.FAILED, ProcedureState.UNKNOWN)


@dataclass(frozen=True)
class Expected:
    """The rest of a run, if it takes as long as usual."""

    x: str
    y: int
    width: str


@dataclass(frozen=True)
class Tonight:
    """The last hours and the next ones, as the template draws them."""

    day: str
    words: str
    span: str
    names: Sequence[str]
    """One for each row; empty for the further rows of a lane."""
    bars: Sequence[Bar]
    expected: Sequence[Expected]
    ticks: Sequence[Tick]
    now: Tick
    floor: int
    """Where the lanes end."""
    baseline: int
    height: int
    counts: Sequence[tuple[str, int]]
    """How many ended how, of the whole night."""
    left_out: int
    """Rows that there was no room for."""


@require_safe
@page_view
def rail(request: HttpRequest) -> HttpResponseBase:
    """The part of the dashboard, without the page around it."""
    actor = actor_of(request.user)
    now = datetime.now(UTC)
    night = night_of_site(now)
    answer = render(
        request,
        "procedures/_rail.html",
        {
            **overrides_of(actor, OverrideService(actor).all(), now.timestamp()),
            "tonight": draw_tonight(night, runs_in(actor, night, now), _ends(actor), now),
        },
    )
    answer["Cache-Control"] = "no-store"
    return answer


def overrides_of(actor: Actor, overrides: Iterable[dict[str, Any]], now: float) -> dict[str, Any]:
    """The overrides as the rail shows them, those that are not as the site has them first."""
    shown: list[ShownOverride] = sorted(shown_overrides(overrides, now), key=lambda one: one.is_default)
    changed = sum(not one.is_default for one in shown)
    return {"overrides": shown, "changed": changed, "may_override": actor.may(Right.OVERRIDE)}


def draw_tonight(night: Night, runs: Sequence[Run], ends: Mapping[int, datetime], now: datetime) -> Tonight:
    """What ran lately in which lane, and until when what runs may take; `ends` says that by procedure."""
    begin = now.replace(minute=0, second=0, microsecond=0) - BACK
    end = begin + SPAN
    recent = [run for run in runs if run.end > begin and run.state != ProcedureState.READY]
    lanes, left_out = _fitting(lanes_of(recent))
    names, bars = rows_of(lanes, begin, end, row_px=ROW_PX, has_names=False)
    floor = TOP_PX + ROW_PX * max(1, len(names))
    y_of = {bar.id: bar.y for bar in bars}
    return Tonight(
        day=night.day.isoformat(),
        words=_words(runs),
        span=f"{begin:%H:%M} to {end:%H:%M} UTC",
        names=names,
        bars=bars,
        expected=[
            Expected(percent(now, begin, end), y_of[number], _width(now, min(at, end), begin, end))
            for number, at in ends.items()
            if number in y_of and at > now
        ],
        ticks=ticks_of(begin, end, most=_MOST_TICKS),
        now=Tick(percent(now, begin, end), f"{now:%H:%M}"),
        floor=floor,
        baseline=floor + 14,
        height=floor + _AXIS_PX,
        counts=_counts(runs),
        left_out=left_out,
    )


def _fitting(lanes: Sequence[Lane]) -> tuple[list[Lane], int]:
    """As many lanes as there is room for, those where something runs or ran last before others, and how many rows are left out."""
    kept: set[str] = set()
    rows = 0
    for lane in sorted(lanes, key=_last_end, reverse=True):
        if rows + len(lane.rows) > MAX_ROWS and kept:
            break
        kept.add(lane.name)
        rows += len(lane.rows)
    return [lane for lane in lanes if lane.name in kept], sum(len(lane.rows) for lane in lanes) - rows


def _last_end(lane: Lane) -> datetime:
    return max(run.end for row in lane.rows for run in row)


def _ends(actor: Actor) -> dict[int, datetime]:
    """When what runs will have taken as long as it usually does."""
    return {row.id: datetime.fromtimestamp(row.usual_end, UTC) for row in live_rows(actor) if row.usual_end is not None}


def _words(runs: Sequence[Run]) -> str:
    if not runs:
        return "nothing ran yet"
    return f"{len(runs)} since {runs[0].begin:%H:%M}"


def _counts(runs: Sequence[Run]) -> list[tuple[str, int]]:
    found = Counter(run.state for run in runs)
    return [(state.value, found[state]) for state in _COUNTED if found[state]]


def _width(start: datetime, stop: datetime, begin: datetime, end: datetime) -> str:
    return f"{100 * ((stop - start) / (end - begin)):.2f}%"
