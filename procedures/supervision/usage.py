"""How much of the machine a script takes: processes, processor time and memory of its whole tree, from /proc.

Processor time that a child has used is its parent's once it has been waited for, so that processes too short to be seen count, too.
"""

import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from oet import processes

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class TreeUsage:
    """A tree of processes, at one moment."""

    processes: int
    cpu: float | None
    """Share of one processor since the last look: 1.0 is a whole one; None at the first look."""
    memory_bytes: int
    """Resident, each process for itself: what they share is counted in each."""

    def as_json(self) -> dict[str, Any]:
        """The form in which pages and programs see it."""
        return asdict(self)


class UsageSampler:
    """Looks at the trees of scripts again and again, and remembers what it saw last."""

    def __init__(self) -> None:
        self._seen: dict[int, tuple[float, float]] = {}

    def sample(self, roots: Mapping[int, int]) -> dict[int, TreeUsage]:
        """The usage below each pid in `roots` (by procedure); those that are gone are left out. Takes some milliseconds."""
        alive = processes.all_processes() if roots else {}
        now = time.monotonic()
        found: dict[int, TreeUsage] = {}
        seen: dict[int, tuple[float, float]] = {}
        for procedure_id, pid in roots.items():
            tree = [process for process in processes.trees([pid], alive) if not process.is_dead]
            if not tree:
                continue
            read = [usage for process in tree if (usage := _read(process.pid)) is not None]
            used_s = sum(cpu_s for cpu_s, _ in read)
            before = self._seen.get(procedure_id)
            cpu = max(0.0, used_s - before[1]) / max(1e-3, now - before[0]) if before else None
            seen[procedure_id] = now, used_s
            found[procedure_id] = TreeUsage(len(tree), None if cpu is None else round(cpu, 3), sum(m for _, m in read))
        self._seen = seen
        return found


def _read(pid: int) -> tuple[float, int] | None:
    """Seconds of processor time and bytes of memory; None where the process is gone."""
    try:
        line = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    fields = line.rpartition(b")")[2].split()
    ticks = sum(
        int(field) for field in fields[11:15]
    )  # user and system time, its own and that of children it has waited for
    return ticks / _TICKS_PER_S, int(fields[21]) * _PAGE_BYTES
