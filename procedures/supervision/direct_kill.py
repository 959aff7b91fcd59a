"""Killing a script's processes over the head of its launcher, where that lives but does not answer: frozen, in a debugger, or hung.

The launcher is left alone, for it may have other scripts. If it goes on later, it finds this one dead and forgets it.
"""

import signal
import time
from collections.abc import Mapping
from typing import Any

from oet import processes, treekill
from oet.belonging import NEWBORN, Belonging
from oet.processes import Process
from oet.rundir import ExitReport
from procedures.supervision.launcher_link import StillAlive
from procedures.supervision.run_directories import RunDirectory


def kill_directly(directory: RunDirectory, launcher_pid: int) -> dict[str, Any]:
    """Kill the tree, and write exit.json in the launcher's place; the report of the kill. Blocks. Raises StillAlive, OSError.

    The script must have begun to live: while its spawn waits in the launcher's queue nothing keeps it from beginning later.
    """
    belonging = Belonging(directory.path.parent.parent)
    launcher_line = processes.command_line(launcher_pid)

    def is_ours(process: Process) -> bool:
        owner = belonging.of(process)
        if owner is not None:
            return owner == directory.procedure_id
        # Workers are forked and have their launcher's command line. What has another one, and no mark, was left behind by a dead worker.
        return processes.command_line(process.pid) != launcher_line

    def find(snapshot: Mapping[int, Process]) -> list[Process]:
        children = (p for p in snapshot.values() if p.parent == launcher_pid and not p.is_dead and p.name != NEWBORN)
        return [process for process in children if is_ours(process)]

    kill = treekill.kill_trees(find, treekill.DEADLINE_S)
    if not kill.is_done:
        raise StillAlive(f"still alive after {treekill.DEADLINE_S:g} s", kill.alive)
    report = kill.report()
    if not directory.has_ended:  # else the launcher goes on again, and knows better
        _report_end(directory, report)
    return report


def _report_end(directory: RunDirectory, report: dict[str, Any]) -> None:
    """What the launcher would have written, as far as it is known: only a parent learns the exit status."""
    was_killed = bool(report["count"])
    ExitReport(
        procedure=directory.procedure_id,
        pid=0,
        status=None,
        signal=signal.SIGKILL if was_killed else None,
        time=time.time(),
        killed=report if was_killed else None,
        output_position=None,
    ).write(directory.path)
