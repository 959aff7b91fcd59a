"""How long scripts take and how they end, from many of their runs."""

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from procedures.domain.states import ProcedureState

MOST = 0.8
"""The share of the runs that `usual` spans: what was shorter or longer than most is left out on both sides."""
_LINEAR_UP_TO = 25.0
"""Where the longest takes more than so many times as long as the shortest, a scale in proportion would press the short ones together."""
_STEPS_S = (0.001, 0.01, 0.1, 1, 10, 60, 600, 3600, 36_000, 86_400, 864_000, 8_640_000)
_NICE_S = (
    0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800,
    432_000, 864_000,
)  # fmt: skip
_TICKS = 4


@dataclass(frozen=True)
class RunOf:
    """The end of one run, the newest first where there are many."""

    script: str
    state: str
    seconds: float | None
    """From the start of its latest function to its end; None if it never started one."""
    id: int = 0


@dataclass(frozen=True)
class ScriptFigures:
    """What the runs of one script come to."""

    script: str
    runs: int
    ended: Mapping[str, int]
    """How many ended in each final state."""
    median_s: float | None
    """Of the complete ones; None where there is none."""
    usual_s: tuple[float, float] | None
    """Most of the complete ones took between these."""
    latest: Sequence[RunOf]
    """The newest ones that started."""

    @property
    def complete(self) -> int:
        """How many main functions returned."""
        return self.ended.get(ProcedureState.COMPLETE, 0)

    @property
    def stopped(self) -> int:
        """How many were ended on request."""
        return self.ended.get(ProcedureState.STOPPED, 0)

    @property
    def failed(self) -> int:
        """How many failed."""
        return self.ended.get(ProcedureState.FAILED, 0)


def figures_of(runs: Iterable[RunOf], *, latest: int) -> list[ScriptFigures]:
    """Figures of each script, the most run first."""
    by_script: dict[str, list[RunOf]] = defaultdict(list)
    for run in runs:
        by_script[run.script].append(run)
    found = [_figures(script, group, latest) for script, group in by_script.items()]
    return sorted(found, key=lambda one: (-one.runs, one.script))


def _figures(script: str, runs: Sequence[RunOf], latest: int) -> ScriptFigures:
    ended: dict[str, int] = defaultdict(int)
    for run in runs:
        ended[run.state] += 1
    times = sorted(run.seconds for run in runs if run.seconds is not None and run.state == ProcedureState.COMPLETE)
    started = [run for run in runs if run.seconds is not None][:latest]
    usual = None
    if times:
        aside = math.floor(len(times) * (1 - MOST) / 2)
        usual = times[aside], times[-1 - aside]
    return ScriptFigures(script, len(runs), dict(ended), statistics.median(times) if times else None, usual, started)


@dataclass(frozen=True)
class Scale:
    """Where a duration stands between 0 and 100: in proportion, or by its magnitude where durations differ very much."""

    least_s: float
    greatest_s: float
    is_by_magnitude: bool
    ticks_s: Sequence[float]

    def place(self, seconds: float) -> float:
        """Percent of the width."""
        if not self.is_by_magnitude:
            share = seconds / self.greatest_s
        else:
            share = math.log(max(seconds, self.least_s) / self.least_s) / math.log(self.greatest_s / self.least_s)
        return 100 * min(1.0, max(0.0, share))


def scale_of(seconds: Sequence[float]) -> Scale:
    """A scale on which all of these can be told apart."""
    there = [max(one, 0.001) for one in seconds] or [60.0]
    least, greatest = min(there), max(there)
    if greatest / least <= _LINEAR_UP_TO:
        step = next((nice for nice in _NICE_S if nice * _TICKS >= greatest), greatest / _TICKS)
        count = math.ceil(greatest / step - 1e-9)
        return Scale(0.0, step * count, is_by_magnitude=False, ticks_s=[step * n for n in range(count + 1)])
    low = max((step for step in _STEPS_S if step <= least), default=_STEPS_S[0])
    high = min((step for step in _STEPS_S if step >= greatest), default=greatest)
    ticks = [step for step in _STEPS_S if low <= step <= high]
    return Scale(low, high, is_by_magnitude=True, ticks_s=ticks)
