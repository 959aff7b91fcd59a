"""Killing a whole tree of processes, for certain: freeze until nothing new appears, then kill, then wait until it is empty.

Freezing first is what makes it certain: a process that is stopped cannot fork, so the list can be completed.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Callable

from oet import processes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from oet.processes import Process

    Find = Callable[[Mapping[int, Process]], Iterable[Process]]

DEADLINE_S = 10.0
_FREEZE_LIMIT_S = 3.0
_LISTED = 100
_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S = 0.001, 0.1


class TreeKill:
    """A kill under way, one short step at a time so that a loop can do other things between.

    `find` picks the processes to kill out of all there are; whatever hangs below one of them is killed too, also when
    its parent is gone by then. Call `step` until it returns None.
    """

    def __init__(self, find: Find) -> None:
        self._find = find
        self._known: dict[tuple[int, int], Process] = {}
        self._killed: set[tuple[int, int]] = set()
        self._commands: list[dict[str, Any]] = []
        self._began = time.monotonic()
        self._frozen_at: float | None = None
        self._was_calm = False
        self._strangers: frozenset[int] = frozenset()
        self._is_thorough = True
        self._pause = _SHORTEST_PAUSE_S
        self.alive: list[dict[str, Any]] = []
        """What still lived at the last step."""
        self.is_done = False

    @property
    def took_s(self) -> float:
        """Seconds since the kill began."""
        return time.monotonic() - self._began

    def report(self) -> dict[str, Any]:
        """What was killed, as in exit.json; of very many processes the first hundred are listed, `count` has them all."""
        frozen = (self._frozen_at or time.monotonic()) - self._began
        return {
            "frozen_s": round(frozen, 6),
            "took_s": round(self.took_s, 6),
            "processes": self._commands,
            "count": len(self._killed),
        }

    def step(self) -> float | None:
        """Do a little; the seconds to wait before the next step, None when nothing is left."""
        members = self._look()
        if self._frozen_at is None:
            return self._freeze(members)
        return self._kill(members)

    def _look(self) -> list[Process]:
        """The members, out of all processes, or in haste out of those that were not strangers at the last thorough look.

        Reading all of /proc takes milliseconds. A stranger never becomes a member: orphans are handed upwards, never across. Only
        its pid may be used again by a member; so nothing counts as empty before another thorough look.
        """
        snapshot = processes.all_processes() if self._is_thorough else processes.all_processes(self._strangers)
        members = self._members(snapshot)
        if self._is_thorough:
            self._strangers = frozenset(snapshot.keys() - {process.pid for process in members})
        return members

    def _members(self, snapshot: Mapping[int, Process]) -> list[Process]:
        """What is to be killed now, without what is dead already."""
        roots = {process.pid for process in self._find(snapshot)}
        for pid, started in self._known:
            process = snapshot.get(pid)
            if process is not None and process.started == started:
                roots.add(pid)
        return [process for process in processes.trees(roots, snapshot) if not process.is_dead]

    def _freeze(self, members: list[Process]) -> float | None:
        fresh = [process for process in members if (process.pid, process.started) not in self._known]
        for process in fresh:
            self._known[process.pid, process.started] = process
            _stop(process)
        # Two looks in a row: whatever was forked before the first saw everything stopped, the second sees.
        # D counts as still: it cannot go on without taking the SIGSTOP that waits for it, and where it waits for a child of vfork(2)
        # that is stopped already it would wait for ever.
        is_calm = not fresh and all(process.is_still or process.state == "D" for process in members)
        if (is_calm and self._was_calm) or (not members and self._is_thorough) or self.took_s > _FREEZE_LIMIT_S:
            self._frozen_at = time.monotonic()
            self._killed = {(process.pid, process.started) for process in members}
            self._commands = [_described(process) for process in members[:_LISTED]]
            return self._kill(members)
        self._was_calm = is_calm
        self._is_thorough = not members
        return 0.0

    def _note(self, process: Process) -> None:
        """Remember a process that came to light only after the freezing."""
        key = (process.pid, process.started)
        if key not in self._killed:
            self._killed.add(key)
            self._known[key] = process
            if len(self._commands) < _LISTED:
                self._commands.append(_described(process))

    def _kill(self, members: list[Process]) -> float | None:
        for process in members:
            self._note(process)
            processes.send_signal(process, signal.SIGKILL)
        if not members and self._is_thorough:
            self.alive = []
            self.is_done = True
            return None
        self._is_thorough = not members
        if not members:
            return 0.0
        self.alive = [_described(process) for process in members[:_LISTED]]
        self._pause = min(self._pause * 2, _LONGEST_PAUSE_S)
        return self._pause


def kill_trees(find: Find, deadline_s: float = DEADLINE_S) -> TreeKill:
    """Kill what `find` names and all below it, waiting for it; look at `is_done` and `alive` of what is returned."""
    kill = TreeKill(find)
    pause = kill.step()
    while pause is not None and kill.took_s < deadline_s:
        time.sleep(pause)
        pause = kill.step()
    return kill


def _stop(process: Process) -> None:
    """SIGSTOP for the process, and at the same instant for all others of its process group.

    The group belongs to the script too: every worker leads a session of its own, and groups do not reach across sessions.
    Stopping the group catches processes that fork and exit faster than /proc can be read.
    """
    processes.send_signal(process, signal.SIGSTOP)
    if process.session != os.getsid(0) and process.group > 1:
        with suppress(OSError):
            os.killpg(process.group, signal.SIGSTOP)


def _described(process: Process) -> dict[str, Any]:
    return {"pid": process.pid, "command": processes.command_line(process.pid)}
