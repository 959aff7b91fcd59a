"""One `up` for each OET_HOME; and what is left of one that was killed."""

import fcntl
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from oet.processes import is_alive, read_process, send_signal, start_time

LOCK = "up.lock"
CHILDREN = "up.json"
PATIENCE_S = 15.0
_PAUSE_S = 0.05


class AlreadyUp(Exception):
    """Another `up` works on the same OET_HOME."""

    def __init__(self, home: Path, pid: str) -> None:
        super().__init__(
            f"OET_HOME={home} is in use by another `up` (pid {pid or 'unknown'}). "
            "Stop that one, or give this one a home of its own: OET_HOME=…"
        )


@contextmanager
def only_one(home: Path) -> Iterator[None]:
    """Hold the home while the block lasts; raises AlreadyUp. The kernel lets go of it however we end."""
    with (home / LOCK).open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise AlreadyUp(home, lock.read().strip()) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


class Children:
    """The processes of this `up`, written down for a successor: pid and start time of each."""

    def __init__(self, home: Path) -> None:
        self._file = home / CHILDREN
        self._started: dict[str, tuple[int, int]] = {}

    def started(self, name: str, pid: int) -> None:
        """Note that `name` runs as `pid`."""
        self._started[name] = (pid, start_time(pid) or 0)
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps(self._started))
        fresh.replace(self._file)

    def forget(self) -> None:
        """All have ended in good order."""
        self._file.unlink(missing_ok=True)

    def await_predecessors(self, say: Callable[[str], None]) -> None:
        """Wait until the processes of an `up` that was killed have ended as the kernel told them to; kill them if they do not."""
        left = {name: (pid, started) for name, (pid, started) in self._read().items() if is_alive(pid, started)}
        if not left:
            return
        say(f"a predecessor was killed; waiting for its {', '.join(left)} to end")
        deadline = time.monotonic() + PATIENCE_S
        while any(is_alive(*identity) for identity in left.values()):
            if time.monotonic() > deadline:
                deadline = float("inf")
                self._kill(left, say)
            time.sleep(_PAUSE_S)

    def _kill(self, left: dict[str, tuple[int, int]], say: Callable[[str], None]) -> None:
        for name, (pid, started) in left.items():
            process = read_process(pid)
            if process and process.started == started and send_signal(process, signal.SIGKILL):
                say(f"{name} (pid {pid}) had not ended within {PATIENCE_S:g} s; it was killed")

    def _read(self) -> dict[str, tuple[int, int]]:
        try:
            return {
                name: (int(pid), int(started)) for name, (pid, started) in json.loads(self._file.read_text()).items()
            }
        except (OSError, ValueError):
            return {}
