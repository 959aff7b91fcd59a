"""Which processes belong to an OET_HOME."""

import re
from pathlib import Path

from oet import processes, rundir
from oet.processes import Process

_WORKER = re.compile(r"oet-script-(\d+)\Z")
LAUNCHER, NEWBORN = "oet-launcher", "oet-newborn"


def marked(home: Path) -> list[Process]:
    """Everything below launchers of the home, and these."""
    folder = str(home / "run" / "launchers")
    return [
        process
        for process in processes.all_processes().values()
        if not process.is_dead
        and (processes.environment_value(process.pid, rundir.LAUNCHER_PLACE_MARK) or "").startswith(folder)
    ]


def scripts_of(home: Path) -> list[tuple[int, Process]]:
    """The ScriptWorkers that live, by procedure."""
    found = [(_WORKER.match(process.name), process) for process in marked(home)]
    return [(int(name[1]), process) for name, process in found if name]


def launchers_of(home: Path) -> list[Process]:
    """The launchers that live."""
    return [process for process in marked(home) if process.name == LAUNCHER]


def programs_below(up: int, name: str) -> list[Process]:
    """The `manage.py <name>` processes below `up`, parents first."""
    tree = processes.process_tree(up)
    return [p for p in tree if not p.is_dead and f"manage.py {name}" in processes.command_line(p.pid)]


def of_home(home: Path) -> list[str]:
    """Everything that works on the home, in words."""
    found = {process.pid: process.name for process in marked(home)}
    for process in processes.all_processes().values():
        if not process.is_dead and processes.environment_value(process.pid, "OET_HOME") == str(home):
            found[process.pid] = process.name
    return [f"{pid} {name}: {processes.command_line(pid)}" for pid, name in found.items()]
