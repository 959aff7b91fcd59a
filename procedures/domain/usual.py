"""How long a script usually takes: the median of its own past runs, and the range in which most of them lie.

A run is one whole procedure that ended COMPLETE, from the start of `main` to its end: what was stopped or failed says nothing of
how long the script takes. Most means four of five, from the tenth to the ninetieth percentile; of few runs it means all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Final

MOST_RUNS: Final = 50
"""The latest of them count: scripts change, and so do telescopes."""
FEW: Final = 5
"""Below this the range is that of all runs."""


@dataclass(frozen=True)
class Usual:
    """What past runs took, in seconds; all 0 if there was none."""

    runs: int = 0
    median_s: float = 0.0
    low_s: float = 0.0
    """Most runs took at least this, and at most `high_s`."""
    high_s: float = 0.0


def usual_of(durations_s: Sequence[float]) -> Usual:
    """What these runs say, the latest first."""
    counted = [max(0.0, seconds) for seconds in durations_s[:MOST_RUNS]]
    if not counted:
        return Usual()
    low, high = min(counted), max(counted)
    if len(counted) >= FEW:
        tenths = quantiles(counted, n=10, method="inclusive")
        low, high = tenths[0], tenths[-1]
    return Usual(len(counted), *(round(seconds, 3) for seconds in (median(counted), low, high)))
