"""What /proc knows of processes, and signals that cannot hit the wrong one.

A process is named by its pid *and* its start time (clock ticks since boot), for pids are reused.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

_COMMAND_CHARACTERS = 200
_DEAD = frozenset("ZXx")
_STOPPED = frozenset("Tt") | _DEAD


class Process(NamedTuple):
    """One line of /proc/<pid>/stat, as it was when read."""

    pid: int
    started: int
    parent: int
    group: int
    session: int
    state: str
    name: str

    @property
    def is_dead(self) -> bool:
        """It has ended; at most its exit status is left (a zombie)."""
        return self.state in _DEAD

    @property
    def is_still(self) -> bool:
        """It is stopped or dead: it can neither fork nor do anything else."""
        return self.state in _STOPPED


def boot_id() -> str:
    """The kernel's name for this boot of the machine."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def read_process(pid: int) -> Process | None:
    """The process with that pid, or None where there is none."""
    line = _read(f"/proc/{pid}/stat", 4096)
    if not line:
        return None
    head, _, tail = line.rpartition(b")")  # the name may hold anything, brackets and blanks included
    fields = tail.split()
    state = fields[0].decode()
    if state in _DEAD and int(fields[17]) > 1:
        state = _state_of_threads(pid)
    return Process(
        pid=pid,
        started=int(fields[19]),
        parent=int(fields[1]),
        group=int(fields[2]),
        session=int(fields[3]),
        state=state,
        name=head.partition(b"(")[2].decode(errors="replace"),
    )


def _state_of_threads(pid: int) -> str:
    """The state of a process whose first thread has ended while others go on: it looks like a zombie, and is none."""
    states = set()
    with suppress(OSError), os.scandir(f"/proc/{pid}/task") as threads:
        for thread in threads:
            line = _read(f"{thread.path}/stat", 4096) or b") X"
            states.add(line.rpartition(b")")[2].split()[0].decode())
    living = states - _DEAD
    if not living:
        return "Z"
    return "T" if living <= _STOPPED else "R"


def start_time(pid: int) -> int | None:
    """When the process began, in clock ticks since boot; None where there is none."""
    process = read_process(pid)
    return process.started if process else None


def is_alive(pid: int, started: int) -> bool:
    """True while the process with that pid and start time runs (a zombie does not)."""
    process = read_process(pid)
    return process is not None and process.started == started and not process.is_dead


def children_of_this_process() -> list[int] | None:
    """Pids of this process's children, the dead among them that are not reaped; None where the kernel does not tell.

    The kernel may miss one only if another is reaped while it is listed; so only a process that reaps in the same thread may ask.
    """
    try:
        with open(f"/proc/self/task/{os.getpid()}/children", "rb") as file:  # noqa: PTH123 - asked at the end of every script
            return [int(pid) for pid in file.read().split()]
    except (OSError, ValueError):
        return None


def all_processes(besides: Container[int] = frozenset()) -> dict[int, Process]:
    """Every process of the machine by pid, without those with the pids `besides`, which costs much less.

    The youngest are read first: in a tree that forks all the time they are gone again first.
    """
    found: dict[int, Process] = {}
    with os.scandir("/proc") as entries:
        pids = [int(entry.name) for entry in entries if entry.name.isdigit()]
    for pid in reversed(pids):
        process = read_process(pid) if pid not in besides else None
        if process is not None:
            found[process.pid] = process
    return found


def trees(roots: Iterable[int], processes: Mapping[int, Process]) -> list[Process]:
    """The processes with the pids `roots` and everything below them, each once."""
    children: dict[int, list[int]] = {}
    for process in processes.values():
        children.setdefault(process.parent, []).append(process.pid)
    found: dict[int, Process] = {}
    waiting = list(roots)
    while waiting:
        pid = waiting.pop()
        if pid in processes and pid not in found:
            found[pid] = processes[pid]
            waiting.extend(children.get(pid, ()))
    return list(found.values())


def process_tree(pid: int) -> list[Process]:
    """The process and everything below it, as of now; empty where there is none."""
    return trees([pid], all_processes())


def command_line(pid: int) -> str:
    """The command line, cut at 200 characters; the name in square brackets where there is none."""
    words = _read_memory(pid, "cmdline", 4096).rstrip(b"\0").split(b"\0")
    text = b" ".join(words).decode(errors="replace").strip()
    if not text:
        process = read_process(pid)
        return f"[{process.name}]" if process else "?"
    return text if len(text) <= _COMMAND_CHARACTERS else text[: _COMMAND_CHARACTERS - 1] + "…"


def environment_value(pid: int, name: str) -> str | None:
    """The value the variable had when the process was executed; None where it had none or may not be read."""
    wanted = name.encode() + b"="
    for entry in _read_memory(pid, "environ", 1 << 20).split(b"\0"):
        if entry.startswith(wanted):
            return entry[len(wanted) :].decode(errors="replace")
    return None


def processes_marked(name: str, value: str) -> list[Process]:
    """Every living process that was started with `name=value` in its environment, such as OET_LAUNCHER_ID."""
    return [p for p in all_processes().values() if not p.is_dead and environment_value(p.pid, name) == value]


def send_signal(process: Process, number: int) -> bool:
    """Send a signal to exactly this process; False where it is gone (or may not be signalled)."""
    if not hasattr(os, "pidfd_open") or not hasattr(signal, "pidfd_send_signal"):  # Pythons built for old kernels
        return _kill(process, number)
    try:
        descriptor = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return False
    except OSError:  # no descriptors left
        return _kill(process, number)
    try:
        if start_time(process.pid) != process.started:
            return False
        signal.pidfd_send_signal(descriptor, number)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def _kill(process: Process, number: int) -> bool:
    if start_time(process.pid) != process.started:
        return False
    try:
        os.kill(process.pid, number)
    except OSError:
        return False
    return True


def _read_memory(pid: int, name: str, size: int) -> bytes:
    """A file in /proc that shows memory of the process. Its first thread, when it has ended, has none; then another one is asked."""
    data = _read(f"/proc/{pid}/{name}", size)
    if data:
        return data
    fields = (_read(f"/proc/{pid}/stat", 4096) or b") X").rpartition(b")")[2].split()
    if fields[0].decode() in _DEAD and len(fields) > 17 and int(fields[17]) > 1:
        with suppress(OSError):
            for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 - /proc has no use for paths
                if data := _read(f"/proc/{pid}/task/{thread}/{name}", size):
                    return data
    return b""


def _read(path: str, size: int) -> bytes | None:
    """At most `size` bytes of a file in /proc; None where the process is gone or may not be looked at."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        parts = []
        while size > 0:
            part = os.read(descriptor, size)
            if not part:
                break
            parts.append(part)
            size -= len(part)
        return b"".join(parts)
    except OSError:
        return None
    finally:
        os.close(descriptor)
