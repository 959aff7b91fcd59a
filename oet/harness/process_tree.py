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


class ProcessTree:
    """Starts a command. OSError or subprocess.SubprocessError if that fails."""

    def __init__(self, cmd: Any, popen: dict[str, Any]) -> None:
        self._mark = uuid.uuid4().hex
        environment = dict(os.environ if popen.get("env") is None else popen["env"])
        # Commands may run commands: the marks of those above are kept.
        environment[MARK] = "/".join([*filter(None, [os.environ.get(MARK)]), self._mark])
        options = {"stdin": subprocess.DEVNULL, "start_new_session": True, **popen, "env": environment}
        with shielded():  # an interruption between fork and return would leave a process that nobody knows
            self.process: subprocess.Popen[bytes] = subprocess.Popen(cmd, **options)

    def kill(self) -> None:
        """Kill all of it and wait until it is gone. Nothing but Ctrl-C interrupts this."""
        with shielded():
            treekill.kill_trees(self._find)
            self.process.wait()

    def _find(self, snapshot: Mapping[int, Process]) -> list[Process]:
        found = [process for pid, process in snapshot.items() if pid != os.getpid() and self._is_marked(pid)]
        if self.process.returncode is None and self.process.pid in snapshot:
            found.append(snapshot[self.process.pid])
        return found

    def _is_marked(self, pid: int) -> bool:
        return self._mark in (processes.environment_value(pid, MARK) or "").split("/")
