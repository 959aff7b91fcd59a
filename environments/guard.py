"""A program between a builder and what it runs: when the builder dies, however it dies, nothing of what it started lives on.

`python -I -S guard.py <pid of the builder> <command> [argument …]`

It runs the command in a session of its own, ends as the command ended, and kills whatever the command left behind. SIGTERM, which the
kernel also sends when the builder dies, kills the whole tree. Needs the standard library and two modules of `oet` only: it is
started for every git and every uv, so it loads nothing before it is needed.
"""

import os
import signal
import sys
from types import ModuleType

if __name__ == "__main__":  # what `oet` itself imports is for authors of scripts, and takes longer than most commands
    _package = ModuleType("oet")
    _package.__path__ = [os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "oet")]  # noqa: PTH100, PTH118, PTH120 - pathlib too
    sys.modules["oet"] = _package

from oet import kernel

ENDED_ON_REQUEST = 128 + signal.SIGTERM
NOT_STARTED = 127
_WATCHED = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD})
_SHORT_S = 0.25
"""What ends within this time is never waited for; what takes longer gives the time to load what may have to kill it."""


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
        if not _is_alone():
            _kill_all_below(guard)


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
    first = signal.sigtimedwait(_WATCHED, _SHORT_S)
    if first is None:
        import oet.treekill  # noqa: F401 - so that it is there, whatever becomes of the files
    number = first.si_signo if first else signal.sigwait(_WATCHED)
    while True:
        if number != signal.SIGCHLD:
            return ENDED_ON_REQUEST
        status = _reap(pid)
        if status is not None:
            return status
        number = signal.sigwait(_WATCHED)


def _reap(wanted: int) -> int | None:
    """Reap every child that has ended, orphans included; the exit status of the wanted one if it was among them."""
    found = None
    while not _is_alone():
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            break
        if pid == wanted:
            found = os.waitstatus_to_exitcode(status)
    return found


def _is_alone() -> bool:
    """Whether nothing is left: orphans become children of a subreaper, so below one without children there is nobody."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return True
    return False


def _kill_all_below(guard: int) -> None:
    from oet.treekill import kill_trees

    kill_trees(lambda snapshot: [process for process in snapshot.values() if process.parent == guard])


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
