"""Real launchers for tests of supervision, without Django."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from oet.doorbell import Doorbell
from oet.rundir import Script, Spec
from procedures.supervision.launcher_link import Refused
from procedures.supervision.launchers import LauncherProgram, Launchers, clean_environment
from procedures.supervision.run_directories import RunDirectory
from procedures.supervision.script_process import ScriptProcess
from tests.waiting import wait_until

TIMEOUT_S = 60.0


@dataclass
class Nursery:
    """Launchers in a run folder of the test's own, and the processes below them."""

    run_dir: Path
    launchers: Launchers
    losses: list[str] = field(default_factory=list)

    def directory(self, procedure_id: int, text: str) -> RunDirectory:
        """A run directory for a script."""
        directory = RunDirectory(self.run_dir / "procedures", procedure_id)
        directory.create(Spec(procedure_id, Script("embedded", text=text), bells=str(self.run_dir / "bells")))
        return directory

    async def spawn(self, procedure_id: int, text: str) -> ScriptProcess:
        """A script process; `gone` is set by a watcher that looks for exit.json."""
        process = ScriptProcess(self.directory(procedure_id, text), self.launchers, "default")
        await process.spawn()
        process.spawned.set()
        return process

    async def until(self, process: ScriptProcess, topic: str, state: str = "") -> None:
        """Return when the journal has a record of `topic` (and state)."""
        wanted = f'"topic":"{topic}"' + (f',"payload":{{"state":"{state}"' if state else "")
        journal = Path(process.directory.journal)
        await asyncio.to_thread(wait_until, lambda: wanted in _text(journal), what=wanted, timeout_s=TIMEOUT_S)

    async def watch(self, process: ScriptProcess) -> None:
        """Set `gone` when the exit report is there, as the manager does."""
        with Doorbell(self.run_dir / "bells", "manager") as bell:
            while not process.directory.has_ended:
                await asyncio.to_thread(bell.wait, 0.2)
        process.gone.set()


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def program(**variables: str) -> LauncherProgram:
    """How launchers are started in tests."""
    return LauncherProgram(Path(sys.executable), (), {**clean_environment(dict(os.environ)), **variables})


@pytest.fixture
async def nursery(tmp_path: Path) -> AsyncIterator[Nursery]:
    """Launchers that end with the test, with everything below them."""
    (tmp_path / "bells").mkdir()
    losses: list[str] = []
    launchers = Launchers(tmp_path, program(), losses.append)
    nursery = Nursery(tmp_path, launchers, losses)
    yield nursery
    for name in launchers.names:
        link = await launchers.find(name)
        for procedure_id in await link.living() if link else ():
            assert link is not None
            with suppress(Refused):  # it has ended meanwhile
                await link.kill(procedure_id)
    await launchers.end()
