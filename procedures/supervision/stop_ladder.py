"""The stop ladder: ask, wait for the grace period, kill; each rung is written down with its time."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

from oet.rundir import ExitReport
from procedures.supervision.control import WorkerUnreachable
from procedures.supervision.launcher_link import LauncherUnreachable, Refused, StillAlive
from procedures.supervision.script_process import NoProcess, ScriptProcess

SPAWN_TIMEOUT_S = 45.0
"""How long a spawn that is under way may take before the ladder goes on without it."""
LAST_TIMEOUT_S = 10.0
"""After the tree is empty exit.json follows at once; after this long something is wrong with it."""
_TELL_TIMEOUT_S = 1.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.01, 0.2


class NotConfirmed(Exception):
    """The process could not be confirmed dead; the message says what is left or what did not answer."""


@dataclass
class StopReport:
    """What was done to stop a process, with Unix times; kept with the history."""

    asked_by: str
    asked_at: float
    grace_s: float
    rungs: list[dict[str, Any]] = field(default_factory=list)

    def note(self, rung: str, **details: Any) -> None:
        """Add a rung, at this moment."""
        self.rungs.append({"rung": rung, "at": time.time(), **details})

    def as_json(self, ended: ExitReport | None) -> dict[str, Any]:
        """The form that is stored and shown; `ended` says what was killed and when the tree was found empty."""
        shown: dict[str, Any] = {"asked_by": self.asked_by, "asked_at": self.asked_at, "grace_s": self.grace_s}
        rungs, killed, check = list(self.rungs), [], "the process is gone; nobody saw it end"
        if ended is not None:
            killed = [*(ended.killed or {}).get("processes", ()), *ended.leftovers]
            if ended.killed:
                timing: dict[str, Any] = {
                    key: ended.killed[key] for key in ("frozen_s", "took_s", "count") if key in ended.killed
                }
                rungs.append({"rung": "killed", "at": ended.time, **timing})
            rungs.append({"rung": "empty", "at": ended.time})
            is_direct = "launcher unreachable" in (rung["rung"] for rung in self.rungs)
            who = "the process manager, in the launcher's place," if is_direct else "the launcher"
            check = f"{who} looked for processes below the worker, and for what it left behind, and found none"
        return {**shown, "rungs": rungs, "killed": killed, "check": check}


class StopLadder:
    """Ends one process. Climb it once; a second stop may shorten the grace period while it is climbed."""

    def __init__(self, process: ScriptProcess, report: StopReport, *, command: int, is_stop_taken: bool) -> None:
        self.report = report
        self._process = process
        self._command = command
        self._is_stop_taken = is_stop_taken
        self._kill_at = _monotonic(report.asked_at, report.grace_s)
        self._shortened = asyncio.Event()

    @property
    def kill_at(self) -> float:
        """When the grace period ends (monotonic)."""
        return self._kill_at

    def shorten(self, asked_at: float, grace_s: float) -> None:
        """Let the grace period end as if it had begun at `asked_at` (Unix time), if that is earlier than it would."""
        kill_at = _monotonic(asked_at, grace_s)
        if kill_at < self._kill_at:
            self._kill_at = kill_at
            self._shortened.set()

    async def climb(self) -> None:
        """Return when the process is gone. Raises NotConfirmed."""
        await self._wait_for(self._process.spawned, SPAWN_TIMEOUT_S)
        if self._left_s > 0 and not self._process.gone.is_set():
            await self._ask()
            await self._wait_out_grace()
        if not self._process.gone.is_set():
            await self._kill()

    async def _ask(self) -> None:
        """Raise StopRequested in the script; tried again until the worker takes it or the time is over."""
        if self._is_stop_taken:
            self.report.note("asked before", by="a previous process manager")
            return
        pause = _FIRST_PAUSE_S
        words = ""
        while not self._process.gone.is_set() and (left := self._left_s) > 0:
            try:
                answer = await self._process.tell({"op": "STOP", "command": self._command}, min(_TELL_TIMEOUT_S, left))
            except WorkerUnreachable as error:
                words = str(error)
            else:
                if answer.get("ok"):
                    self.report.note("asked", signal="StopRequested")
                    return
                words = str(answer.get("error"))
            await self._wait_for(self._process.gone, min(self._left_s, pause))
            pause = min(pause * 2, _LONGEST_PAUSE_S)
        self.report.note("not asked", error=words)

    async def _wait_out_grace(self) -> None:
        while not self._process.gone.is_set() and (left := self._left_s) > 0:
            self._shortened.clear()
            gone = asyncio.ensure_future(self._process.gone.wait())
            shortened = asyncio.ensure_future(self._shortened.wait())
            try:
                await asyncio.wait({gone, shortened}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            finally:
                gone.cancel()
                shortened.cancel()

    async def _kill(self) -> None:
        self.report.note("kill")
        try:
            words = await self._kill_by_launcher()
        except StillAlive as error:
            self.report.note("still alive", alive=error.alive)
            raise NotConfirmed(str(error)) from error
        except (NoProcess, Refused, OSError) as error:
            words = str(error)
        if not await self._wait_for(self._process.gone, LAST_TIMEOUT_S):
            raise NotConfirmed(words)

    async def _kill_by_launcher(self) -> str:
        """Have the launcher kill, or kill over its head; what may be said if the end is not seen nevertheless."""
        try:
            killed = await self._process.kill()
        except LauncherUnreachable as error:
            self.report.note("launcher unreachable", error=str(error))
            report = await self._process.kill_directly()
            if report is None:  # if it died, whoever watches it cleans up after it and sets `gone`
                return str(error)
            killed = report
        return f"{killed['count']} processes were killed and its tree is empty, but exit.json did not follow"

    @property
    def _left_s(self) -> float:
        """What is left of the grace period."""
        return self._kill_at - time.monotonic()

    async def _wait_for(self, event: asyncio.Event, timeout_s: float) -> bool:
        """Wait for an event; whether it came."""
        if event.is_set():
            return True
        try:
            async with asyncio.timeout(max(timeout_s, 0)):
                await event.wait()
        except TimeoutError:
            return False
        return True


def _monotonic(asked_at: float, grace_s: float) -> float:
    """When a grace period that began at `asked_at` (Unix time) ends, by the clock that nobody sets: never later than it is long."""
    return time.monotonic() + min(asked_at + grace_s - time.time(), grace_s)
