"""The emergency stop: kills every script of this machine that runs under one OET_HOME, with nothing but this file and Python.

`python -I oet/emergency.py [--home DIR] [--json]`, also as `manage.py emergency_stop`. It needs no Django, no database, no manager and no
launcher that answers. Exit status: 0 nothing is left, 1 something lives still (it is named), 2 it could not be begun.

Each launcher is asked to kill all it has. Whatever is left then, because a launcher is dead, hangs or is damaged, is found by the marks
that everything below a launcher carries in its environment; it is frozen and killed together with that launcher.

What was done is written to run/emergency-stop.json, before anything is killed and again afterwards, for the manager to record.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import pwd
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if (
    __name__ == "__main__" and "oet" not in sys.modules
):  # as in oet/launcher.py: nothing but the package becomes importable
    _init = Path(__file__).absolute().parent / "__init__.py"
    _spec = importlib.util.spec_from_file_location("oet", _init, submodule_search_locations=[str(_init.parent)])
    assert _spec is not None
    assert _spec.loader is not None
    sys.modules["oet"] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules["oet"])

from oet import doorbell, processes, rundir, sockets, treekill
from oet.belonging import NEWBORN, Belonging, spellings
from oet.rundir import BadDocument

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator, Mapping

    from oet.processes import Process

ANSWER_TIMEOUT_S = 2.0
"""How long launchers have to kill what is theirs, before everything is killed over their heads."""
REPORT = "emergency-stop.json"
_REMEMBERED = 20
_LATEST = 4e9
"""No emergency stop was later than in the year 2096."""
_LOOK_AGAIN_S = 0.05


@dataclass
class EmergencyStop:
    """One emergency stop, as it is kept in run/emergency-stop.json. Times are Unix times."""

    by: str
    began: float
    ended: float | None = None
    """None while it is under way, or where it was itself killed."""
    procedures: list[int] = field(default_factory=list)
    """While it is under way those that seemed to live when it began, then those of which something was killed."""
    killed: list[dict[str, Any]] = field(default_factory=list)
    """{"procedure", "pid", "command"}; `procedure` is null where it is not known."""
    count: int = 0
    """How many processes were killed; of very many not all are listed."""
    checks: list[str] = field(default_factory=list)
    """How it was made sure, launcher by launcher."""
    alive: list[dict[str, Any]] = field(default_factory=list)
    """What could not be killed, likewise."""


@dataclass(frozen=True)
class _Launcher:
    """A launcher's folder, and who lives there by launcher.json; pid 0 where nobody does."""

    directory: Path
    pid: int = 0


def emergency_stop(home: Path, answer_timeout_s: float = ANSWER_TIMEOUT_S) -> EmergencyStop:
    """Kill every script of `home`; look at `alive` of what is returned. Does not raise for anything that is broken there."""
    run = home.absolute() / "run"
    stop = EmergencyStop(by=_who(), began=time.time(), procedures=sorted(_living_procedures(run)))
    _write(run, stop)
    obedient = _ask_launchers(run, stop, answer_timeout_s)
    finder = _kill_the_rest(run, stop, obedient)
    stop.ended = time.time()
    touched = {process["procedure"] for process in stop.killed} | set(finder.procedures.values())
    stop.procedures = sorted(procedure for procedure in touched if procedure is not None)
    _write(run, stop)
    doorbell.ring(run / "bells", "manager")
    return stop


def read_stops(run: Path) -> list[EmergencyStop]:
    """The latest emergency stops, oldest first; none where there is no file, or one that is damaged."""
    try:
        stops = [EmergencyStop(**entry) for entry in rundir.read_document(run / REPORT)["stops"]]
        return [
            stop for stop in stops if 0 <= stop.began < _LATEST and (stop.ended is None or 0 <= stop.ended < _LATEST)
        ]
    except (OSError, BadDocument, KeyError, TypeError):
        return []


def _write(run: Path, stop: EmergencyStop) -> None:
    """Put `stop` at the end of the file; what stands in its way (no space, no folder) must not keep it from killing."""
    earlier = [known for known in read_stops(run) if known.began != stop.began]
    with suppress(OSError):
        document = {"stops": [asdict(known) for known in [*earlier, stop][-_REMEMBERED:]]}
        rundir.write_document(run / REPORT, document)


def _who() -> str:
    """The login name of who runs this; behind sudo, of who called sudo."""
    if name := os.environ.get("SUDO_USER"):
        return name
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container may have users without names
        return f"uid {os.getuid()}"


def _living_procedures(run: Path) -> Iterator[int]:
    """Those whose process has begun its journal and has no exit report."""
    with suppress(OSError):
        for directory in (run / "procedures").iterdir():
            has_begun = directory.name.isdigit() and (directory / rundir.JOURNAL).exists()
            if has_begun and not (directory / rundir.EXIT).exists():
                yield int(directory.name)


# Asking the launchers.


def _ask_launchers(run: Path, stop: EmergencyStop, timeout_s: float) -> set[int]:
    """Have every launcher kill what it has, all at the same time; the pids of those that did."""
    deadline = time.monotonic() + timeout_s
    asked = [(launcher, _request(launcher, deadline)) for launcher in _launchers(run)]
    obedient = set()
    for launcher, line in asked:
        name = f"launcher {launcher.directory.name}"
        answer = line if isinstance(line, str) else _answer(line, deadline)
        if isinstance(answer, str):
            stop.checks.append(f"{name} {answer}")
            continue
        obedient.add(launcher.pid)
        count = 0
        for procedure, report in answer.get("killed", {}).items():
            count += report["count"]
            stop.killed += [{"procedure": int(procedure), **process} for process in report["processes"]]
        stop.count += count
        stop.checks.append(
            f"{name} (process {launcher.pid}) killed {_processes(count)} and found nothing left below it"
        )
    return obedient


def _launchers(run: Path) -> Iterator[_Launcher]:
    with suppress(OSError):
        for directory in sorted((run / "launchers").iterdir()):
            try:
                document = rundir.read_document(directory / rundir.LAUNCHER)
                is_here = document["boot_id"] == processes.boot_id()
                is_alive = is_here and processes.is_alive(int(document["pid"]), int(document["started"]))
                yield _Launcher(directory, int(document["pid"]) if is_alive else 0)
            except (OSError, BadDocument, KeyError, TypeError, ValueError):
                yield _Launcher(directory)


def _request(launcher: _Launcher, deadline: float) -> socket.socket | str:
    """A connection on which kill_all was asked for, or words that say why not."""
    if not launcher.pid:
        return "does not live"
    try:
        sock = sockets.connect(launcher.directory / rundir.LAUNCHER_SOCKET, max(0.01, deadline - time.monotonic()))
        sock.sendall(b'{"id": 1, "op": "kill_all"}\n')
    except OSError as error:
        return f"(process {launcher.pid}) takes no request: {error}"
    return sock


def _answer(sock: socket.socket, deadline: float) -> dict[str, Any] | str:
    received = b""
    try:
        with sock:
            while b"\n" not in received:
                sock.settimeout(max(0.01, deadline - time.monotonic()))
                part = sock.recv(1 << 16)
                if not part:
                    return "closed the connection without an answer"
                received += part
        answer = json.loads(received)
        return answer if answer.get("ok") else f"could not: {answer.get('error')}"
    except (OSError, ValueError, AttributeError) as error:
        return f"did not answer: {error}"


# Killing what is left.


class _Finder:
    """Finds what is to be killed, and remembers to which procedure it belonged."""

    def __init__(self, run: Path, obedient: set[int]) -> None:
        self._places = spellings(run / "launchers")
        self._obedient = obedient
        self._belonging = Belonging(run)

    @property
    def procedures(self) -> Mapping[int, int | None]:
        """The procedure of each process that was found, by pid; None where it is not known."""
        return self._belonging.known

    def find(self, snapshot: Mapping[int, Process]) -> list[Process]:
        """Everything with a mark of this home, and children of launchers; but not launchers that have done as they were told."""
        found = [process for process in snapshot.values() if not process.is_dead and self._is_ours(process)]
        self._belonging.learn(found, snapshot)
        return found

    def _is_ours(self, process: Process) -> bool:
        if process.pid in self._obedient:
            return False
        if process.parent in self._obedient:
            return process.name != NEWBORN
        place = processes.environment_value(process.pid, rundir.LAUNCHER_PLACE_MARK)
        return place is not None and not self._places.isdisjoint(spellings(Path(place).parent))


def _kill_the_rest(run: Path, stop: EmergencyStop, obedient: set[int]) -> _Finder:
    """Kill until two looks in a row, a moment apart, find nothing; or until the deadline, and name what lives. Who looked."""
    finder = _Finder(run, obedient)
    deadline = time.monotonic() + treekill.DEADLINE_S
    calm = 0
    while calm < 2:
        kill = treekill.kill_trees(finder.find, max(0.1, deadline - time.monotonic()))
        report = kill.report()
        stop.count += report["count"]
        stop.killed += [_named(process, finder) for process in report["processes"]]
        stop.alive = [_named(process, finder) for process in kill.alive]
        if time.monotonic() > deadline:
            break
        calm = 0 if report["count"] else calm + 1
        time.sleep(_LOOK_AGAIN_S)
    looked = f"looked at every process of the machine for the marks of {run / 'launchers'} (and below launchers that answered)"
    stop.checks.append(f"{looked}: {_processes(len(stop.alive))} left" if stop.alive else f"{looked}: nothing left")
    return finder


def _named(process: dict[str, Any], finder: _Finder) -> dict[str, Any]:
    return {"procedure": finder.procedures.get(process["pid"]), **process}


# Talking to people.


def in_words(stop: EmergencyStop) -> str:
    """What was done, for people."""
    lines = [f"emergency stop by {stop.by}"]
    lines += [f"  killed: {_line(process)}" for process in stop.killed]
    if stop.count > len(stop.killed):
        lines.append(f"  killed: {_processes(stop.count - len(stop.killed))} more")
    lines += [f"  check: {check}" for check in stop.checks]
    if stop.alive:
        lines += [f"  STILL ALIVE: {_line(process)}" for process in stop.alive]
        lines.append(
            "Something lives still; look at it by hand (a process in state D waits for its device or its disk)."
        )
    else:
        lines.append(f"{_processes(stop.count)} killed; nothing is left.")
    return "\n".join(lines)


def _line(process: Mapping[str, Any]) -> str:
    procedure = process["procedure"]
    whose = f"procedure {procedure}" if procedure is not None else "no procedure"
    return f"{whose}, process {process['pid']}: {process['command']}"


def _processes(count: int) -> str:
    return f"{count} process{'' if count == 1 else 'es'}"


def _why_not(home: Path) -> str:
    """Why this process must not do it, or cannot; empty where it may."""
    if rundir.LAUNCHER_MARK in os.environ:
        return "this process belongs to a script of OET: it would freeze itself. Run it from a shell of your own."
    run = home / "run"
    if run.exists() and not os.access(run, os.R_OK | os.X_OK):
        return f"you may not look into {run}, nor at its processes: run this as their user, or as root."
    return ""


def run_and_tell(home: Path, *, as_json: bool) -> tuple[str, int]:
    """Do it; what to print, and the exit status."""
    if reason := _why_not(home):
        return reason, 2
    is_there = home.is_dir()
    stop = emergency_stop(home)
    if (
        not is_there and not stop.count
    ):  # somebody may have removed it under scripts that run; but this looks like the wrong one
        return (
            f"there is no folder {home}, and no process that belongs to it: name the OET_HOME of the scripts with --home.",
            2,
        )
    text = json.dumps({"is_empty": not stop.alive, **asdict(stop)}) if as_json else in_words(stop)
    return text, 1 if stop.alive else 0


def main(arguments: list[str]) -> int:
    """The program; its exit status."""
    parser = argparse.ArgumentParser(
        prog="emergency", description="Kills every script of this machine that runs under an OET_HOME."
    )
    home = Path(os.environ.get("OET_HOME") or "var")
    parser.add_argument("--home", type=Path, default=home, help="the OET_HOME (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print what was done as JSON")
    options = parser.parse_args(arguments)
    text, status = run_and_tell(options.home, as_json=options.json)
    print(text)  # noqa: T201 - a program's answer
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
