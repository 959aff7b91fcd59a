"""Durations and outcomes per script, drawn: a row for each script, on one scale."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from procedures.domain.figures import RunOf, Scale, ScriptFigures, scale_of
from procedures.domain.states import ProcedureState
from procedures.outcomes import Outcomes
from procedures.words import number, took

ROW_PX = 32
_MIDDLE_PX = 14
_BOX_PX = 16
_BELOW_PX = 26
MOST = 10
"""Scripts that are drawn: those that ran most."""
_SPREAD_PX = 5


@dataclass(frozen=True)
class Mark:
    """A run: a dot, or the glyph of how it ended."""

    id: int
    x: str
    y: float
    words: str


@dataclass(frozen=True)
class PlotRow:
    """One script."""

    script: str
    runs: str
    median: str
    y: int
    middle: int
    box: tuple[str, str] | None
    """Where most runs lie: left edge and width."""
    median_x: str
    dots: Sequence[Mark]
    crosses: Sequence[Mark]
    """Failed or stopped."""
    running: Sequence[Mark]
    complete: int
    stopped: int
    failed: int
    unknown: int
    shares: Sequence[tuple[str, str, str]]
    """State, left edge and width of each part of the bar of outcomes."""


@dataclass(frozen=True)
class Plot:
    """The rows and their scale."""

    rows: Sequence[PlotRow]
    ticks: Sequence[tuple[str, str, str]]
    """Position, label, class."""
    height: int
    floor: int
    baseline: int
    left_out: int
    """Scripts that ran less often than those shown."""
    by_magnitude: bool


def draw_plot(found: Outcomes, live: Iterable[RunOf] = ()) -> Plot:
    """The figures of the scripts that ran most. `live` are those that run, for as long as they have, and those in UNKNOWN."""
    shown = found.scripts[:MOST]
    names = {one.script for one in shown}
    alive = [run for run in live if run.script in names]
    scale = scale_of([seconds for one in shown for seconds in _lengths(one)])
    rows = [
        _row(place, one, scale, [run for run in alive if run.script == one.script]) for place, one in enumerate(shown)
    ]
    floor = ROW_PX * len(rows) + 4
    return Plot(
        rows,
        [(f"{scale.place(tick):.2f}%", _tick(tick), _end(tick, scale)) for tick in scale.ticks_s],
        floor + _BELOW_PX,
        floor,
        floor + 18,
        len(found.scripts) - len(shown),
        scale.is_by_magnitude,
    )


def _row(place: int, one: ScriptFigures, scale: Scale, live: Sequence[RunOf]) -> PlotRow:
    middle = ROW_PX * place + _MIDDLE_PX
    box = None
    if one.usual_s:
        left, right = (scale.place(edge) for edge in one.usual_s)
        box = f"{left:.2f}%", f"{max(0.4, right - left):.2f}%"
    started = [run for run in one.latest if run.seconds is not None]
    unknown = sum(run.state == ProcedureState.UNKNOWN for run in live)
    return PlotRow(
        script=one.script,
        runs="1 run" if one.runs == 1 else f"{number(one.runs)} runs",
        median=took(one.median_s) if one.median_s is not None else "",
        y=middle - _BOX_PX // 2,
        middle=middle,
        box=box,
        median_x=f"{scale.place(one.median_s):.2f}%" if one.median_s is not None else "",
        dots=[_mark(run, scale, middle, n) for n, run in enumerate(started) if run.state == ProcedureState.COMPLETE],
        crosses=[_mark(run, scale, middle, 0) for run in started if run.state != ProcedureState.COMPLETE],
        running=[_mark(run, scale, middle, 0) for run in live if run.state == ProcedureState.RUNNING],
        complete=one.complete,
        stopped=one.stopped,
        failed=one.failed,
        unknown=unknown,
        shares=_shares(one),
    )


def _lengths(one: ScriptFigures) -> tuple[float, ...]:
    """What the scale must tell apart: what is usual. A run that failed at once stands at its edge."""
    return one.usual_s or tuple(run.seconds for run in one.latest if run.seconds is not None)


def _mark(run: RunOf, scale: Scale, middle: int, count: int) -> Mark:
    """Dots are moved up and down a little, so that equal ones can be told apart."""
    y = middle + (count * 7 % (2 * _SPREAD_PX + 1) - _SPREAD_PX if count else 0)
    return Mark(
        run.id, f"{scale.place(run.seconds or 0.0):.2f}%", y, f"#{run.id} {run.state} after {took(run.seconds or 0)}"
    )


def _shares(one: ScriptFigures) -> list[tuple[str, str, str]]:
    """The outcomes as parts of a whole bar."""
    parts = []
    left = 0.0
    for state in (ProcedureState.COMPLETE, ProcedureState.STOPPED, ProcedureState.FAILED):
        width = 100 * one.ended.get(state, 0) / one.runs
        if width:
            parts.append((state.value, f"{left:.2f}%", f"{width:.2f}%"))
        left += width
    return parts


def _tick(seconds: float) -> str:
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= length and seconds % length == 0:
            return f"{seconds / length:g} {unit}"
    return f"{seconds:g} s" if seconds >= 1 else f"{seconds * 1000:g} ms" if seconds else "0"


def _end(tick: float, scale: Scale) -> str:
    """Which end of its label stands at the tick."""
    return "" if tick == scale.ticks_s[0] else "end" if tick == scale.ticks_s[-1] else "mid"
