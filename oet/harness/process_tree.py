"""A command's process with everything below it: started with a mark that its descendants carry, killed as a whole."""

from __future__ import annotations

import os
import subprocess
import uuid
from typing import TYPE_CHECKING, Any

from oet import processes, treekill
from oet.harness.interruptions import shielded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from oet.processes import Process

MARK = "OET_COMMAND_ID"
"""Variable in the environment of every command. Whoever leaves the tree (daemons do) still carries it."""


class CannotStart(Exception):
    """The command could not be started; why."""


class ProcessTree:
    """A command that may be killed at any moment from before its start on: so whoever starts it is never left without a handle."""

    process: subprocess.Popen[bytes]
    """Set as soon as it is started."""

    def __init__(self, cmd: Any, popen: dict[str, Any]) -> None:
        self._mark = uuid.uuid4().hex
        self._cmd = cmd
        environment = dict(os.environ if popen.get("env") is None else popen["env"])
        # Commands may run commands: the marks of those above are kept.
        environment[MARK] = "/".join([*filter(None, [os.environ.get(MARK)]), self._mark])
        self._options = {"stdin": subprocess.DEVNULL, "start_new_session": True, **popen, "env": environment}
        self._is_begun = self._is_started = False

    def start(self) -> None:
        """Start it; CannotStart if that fails. An interruption that came meanwhile is raised when it runs: `kill` it then."""
        with shielded():  # an interruption between fork and return would leave a process that nobody knows
            self._is_begun = True
            try:
                self.process = subprocess.Popen(self._cmd, **self._options)
            except (OSError, subprocess.SubprocessError) as error:
                self._is_begun = False
                raise CannotStart(str(error)) from error
            self._is_started = True

    def kill(self) -> None:
        """Kill all of it and wait until it is gone; nothing to do if it never started. Nothing but Ctrl-C interrupts this."""
        with shielded():
            if self._is_begun:  # Ctrl-C may have come before anybody held the handle; the mark is there
                treekill.kill_trees(self._find)
            if self._is_started:
                self.process.wait()

    def _find(self, snapshot: Mapping[int, Process]) -> list[Process]:
        found = [process for pid, process in snapshot.items() if pid != os.getpid() and self._is_marked(pid)]
        if self._is_started and self.process.returncode is None and self.process.pid in snapshot:
            found.append(snapshot[self.process.pid])
        return found

    def _is_marked(self, pid: int) -> bool:
        return self._mark in (processes.environment_value(pid, MARK) or "").split("/")
