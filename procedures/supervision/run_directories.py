"""Run directories, as the manager makes, looks at and removes them. What is in them: `docs/run-directory.md`."""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from oet import rundir
from oet.rundir import BadDocument, ExitReport, Spec

_HEAD_SHARE = 2
"""The head file of the output takes this part of the limit; what follows goes to tail files."""


class RunDirectory:
    """The run directory of one procedure; `look` is cheap enough to be called at every ring of the bell."""

    def __init__(self, procedures_dir: Path, procedure_id: int) -> None:
        self.path = procedures_dir / str(procedure_id)
        self.procedure_id = procedure_id
        self._journal = str(self.path / rundir.JOURNAL)
        self._output = str(self.path / rundir.OUTPUT)
        self._exit = str(self.path / rundir.EXIT)

    def create(self, spec: Spec) -> None:
        """Make the directory and write spec.json; what a crashed attempt left there is used again."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        spec.write(self.path)

    @property
    def exists(self) -> bool:
        """Whether the directory is there."""
        return self.path.is_dir()

    @property
    def was_spawned(self) -> bool:
        """Whether a process has lived in it: it has begun its journal, or its end is known."""
        return os.access(self._journal, os.F_OK) or self.has_ended

    @property
    def has_ended(self) -> bool:
        """Whether exit.json is there."""
        return os.access(self._exit, os.F_OK)

    @property
    def journal(self) -> str:
        """Path of the journal."""
        return self._journal

    def journal_size_bytes(self) -> int:
        """Size of the journal; 0 while there is none."""
        return _size(self._journal)

    def may_have_output(self, position: int, limit_bytes: int) -> bool:
        """Whether there may be output from `position` on; when the head is full only reading can tell."""
        size = _size(self._output)
        return size > position or size >= limit_bytes // _HEAD_SHARE

    def exit_report(self) -> ExitReport | None:
        """exit.json, or None while there is none; raises BadDocument where it is damaged."""
        return ExitReport.read(self.path) if self.has_ended else None

    def remove(self) -> None:
        """Remove the directory and everything in it; what cannot be removed is tried again at the next start."""
        shutil.rmtree(self.path, ignore_errors=True)


def run_directories(procedures_dir: Path) -> Iterator[RunDirectory]:
    """Every run directory there is."""
    with suppress(FileNotFoundError):
        for entry in sorted(procedures_dir.iterdir()):
            if entry.name.isdigit():
                yield RunDirectory(procedures_dir, int(entry.name))


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size  # noqa: PTH116 - asked for every procedure at every ring; pathlib doubles its cost
    except OSError:
        return 0


__all__ = ["BadDocument", "ExitReport", "RunDirectory", "Spec", "run_directories"]
