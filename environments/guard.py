"""A program between a builder and what it runs: when the builder dies, however it dies, nothing of what it started lives on.

`python -I -S guard.py <pid of the builder> <command> [argument …]`

It runs the command in a session of its own, ends as the command ended, and kills whatever the command left behind. SIGTERM, which the
kernel also sends when the builder dies, kills the whole tree. Needs the standard library and `oet` only, so it starts in 15 ms.
"""

import os
import signal
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from oet import kernel
from oet.processes import Process
from oet.treekill import kill_trees

ENDED_ON_REQUEST = 128 + signal.SIGTERM
NOT_STARTED = 127
_WATCHED = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD})


def main(builder: int, command: list[str]) -> int:
    """Run the command; its exit status, negative for the signal that killed it."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
    kernel.die_with_parent(builder, signal.SIGTERM)
    kernel.become_subreaper()
    os.setsid()
    guard = os.getpid()
    pid = os.fork()
    if pid == 0:
        _become(command, guard)
    try:
        return _wait_for(pid)
    finally:
        kill_trees(_below(guard))


def _become(command: list[str], guard: int) -> None:
    try:
        kernel.die_with_parent(guard, signal.SIGKILL)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        os.execvp(command[0], command)  # noqa: S606 - that is what it is for
    except OSError as error:
        os.write(2, f"{command[0]} could not be started: {error.strerror}\n".encode())
    finally:
        os._exit(NOT_STARTED)


def _wait_for(pid: int) -> int:
    while True:
        number = signal.sigwait(_WATCHED)
        if number != signal.SIGCHLD:
            return ENDED_ON_REQUEST
        status = _reap(pid)
        if status is not None:
            return status


def _reap(wanted: int) -> int | None:
    """Reap every child that has ended, orphans included; the exit status of the wanted one if it was among them."""
    found = None
    with suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            if pid == wanted:
                found = os.waitstatus_to_exitcode(status)
    return found


def _below(guard: int):  # type: ignore[no-untyped-def]  # noqa: ANN202 - a closure
    def find(snapshot: Mapping[int, Process]) -> Iterable[Process]:
        return [process for process in snapshot.values() if process.parent == guard]

    return find


def _end_as(status: int) -> None:
    """Exit with the status, or die of the signal that the command died of."""
    if status < 0:
        if -status not in {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(-status, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        os.kill(os.getpid(), -status)
    os._exit(status if status >= 0 else NOT_STARTED)


if __name__ == "__main__":
    _end_as(main(int(sys.argv[1]), sys.argv[2:]))
