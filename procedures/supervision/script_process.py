"""One script process, as its supervisor sees it: where it lives, how to tell it something, and how to kill it."""

import asyncio
from typing import Any

from procedures.supervision.control import tell_worker
from procedures.supervision.direct_kill import kill_directly
from procedures.supervision.launchers import Launchers
from procedures.supervision.run_directories import RunDirectory


class NoProcess(Exception):
    """There is no launcher that knows the process, so there is nothing to kill."""


class ScriptProcess:
    """A process that was, or is being, spawned. `gone` is set when its end is known (exit.json, or a lost launcher)."""

    def __init__(self, directory: RunDirectory, launchers: Launchers, launcher: str) -> None:
        self.directory = directory
        self.launcher = launcher
        self.launcher_id = ""
        """Which incarnation of the launcher has it."""
        self.spawned = asyncio.Event()
        """The launcher has taken or refused it, so a kill finds what there is."""
        self.gone = asyncio.Event()
        self._launchers = launchers

    async def spawn(self) -> int:
        """Have it forked; its pid. Raises LauncherUnreachable, Refused."""
        link = await self._launchers.get(self.launcher)
        pid, _ = await link.spawn(self.directory.procedure_id, self.directory.path)
        self.launcher_id = link.identity.id
        return pid

    async def tell(self, message: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        """Send a message to the worker; its answer. Raises WorkerUnreachable."""
        return await tell_worker(self.directory.path, message, timeout_s)

    async def kill(self) -> dict[str, Any]:
        """Kill the whole tree; the report. Raises NoProcess, StillAlive, Refused, LauncherUnreachable."""
        link = await self._launchers.find(self.launcher)
        if link is None:
            raise NoProcess(f"launcher {self.launcher} does not run")
        return await link.kill(self.directory.procedure_id)

    async def kill_directly(self) -> dict[str, Any] | None:
        """The same without the launcher's help; None where that is not possible, or not necessary. Raises StillAlive, OSError."""
        identity = self._launchers.identity(self.launcher)
        if identity is None or not identity.is_alive or not self.directory.was_spawned:
            return None
        return await asyncio.to_thread(kill_directly, self.directory, identity.pid)
