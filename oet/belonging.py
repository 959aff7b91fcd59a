"""To which procedure a process belongs, as far as /proc shows it."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from oet import processes, rundir

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from oet.processes import Process

LAUNCHER, NEWBORN = "oet-launcher", "oet-newborn"
"""Names of processes that belong to no procedure, or to none yet."""
_WORKER_NAME = re.compile(r"oet-script-(\d+)\Z")


class Belonging:
    """Tells it, and remembers it: of a process that is dead it cannot be seen any more."""

    def __init__(self, run: Path) -> None:
        """`run` is the folder with the run directories."""
        self._procedures_dirs = spellings(run / "procedures")
        self.known: dict[int, int | None] = {}
        """By pid; None where it is not known."""

    def learn(self, found: Iterable[Process], snapshot: Mapping[int, Process]) -> None:
        """Remember it of these, and of everything below them."""
        for process in processes.trees([process.pid for process in found], snapshot):
            self.of(process)

    def of(self, process: Process) -> int | None:
        """The procedure of a process: by its mark, by the name or the open files of its worker, or by its parent."""
        if process.pid not in self.known:
            self.known[process.pid] = self._look(process)
        return self.known[process.pid]

    def _look(self, process: Process) -> int | None:
        mark = processes.environment_value(process.pid, rundir.PROCEDURE_MARK)
        if mark is not None and mark.isdigit():
            return int(mark)
        if named := _WORKER_NAME.match(process.name):
            return int(named[1])
        for relative in (process.session, process.parent):
            if self.known.get(relative) is not None:
                return self.known[relative]
        return self._by_open_files(process.pid) if process.name != LAUNCHER else None  # it has everybody's output open

    def _by_open_files(self, pid: int) -> int | None:
        with suppress(OSError):
            for entry in os.scandir(f"/proc/{pid}/fd"):
                with suppress(OSError):
                    directory = Path(entry.path).readlink().parent
                    if str(directory.parent) in self._procedures_dirs and directory.name.isdigit():
                        return int(directory.name)
        return None


def spellings(path: Path) -> set[str]:
    """A path as it is written, and as it is when links are followed."""
    return {str(path), os.path.realpath(path)}
