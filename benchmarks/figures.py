"""Samples and the tables that show them."""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass
class Sample:
    """Seconds that something took, many times."""

    name: str
    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    def percentile(self, percent: int) -> float:
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]

    def row(self, baseline: "Sample | None" = None) -> list[str]:
        ratio = f"{self.median / baseline.median:.2f}" if baseline else ""
        return [
            self.name,
            str(len(self.seconds)),
            f"{self.median * 1000:.2f} ms",
            f"{self.percentile(99) * 1000:.2f} ms",
            ratio,
        ]


HEAD = ["what", "rounds", "median", "p99", "ratio"]


def timed(name: str, rounds: int, action: Callable[[], object]) -> Sample:
    """Call `action` so many times, one after the other."""
    sample = Sample(name)
    for _ in range(rounds):
        begin = time.perf_counter()
        action()
        sample.seconds.append(time.perf_counter() - begin)
    return sample


def bare_python(rounds: int) -> Sample:
    """The yardstick: what it takes to start a Python that does nothing."""
    return timed("python3 -c pass", rounds, lambda: subprocess.run([sys.executable, "-c", "pass"], check=True))


def show(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table."""
    widths = [max(len(str(row[i])) for row in [head, *rows]) for i in range(len(head))]
    print(f"\n{title}")
    for row in [head, *rows]:
        cells = [
            str(cell).ljust(width) if i == 0 else str(cell).rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  " + "  ".join(cells))
    sys.stdout.flush()
