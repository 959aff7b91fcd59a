"""Locks that processes of this machine share: a file that one of them holds with flock(2), so a dead one holds none."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from environments.running import Watch

_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S = 0.005, 0.2


@contextmanager
def held(file: Path, watch: Watch, what: str) -> Iterator[int]:
    """Hold the lock; its descriptor, which a program may inherit so that the lock lives as long as that program does.

    Waits for others as long as `watch` allows.
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        pause = _SHORTEST_PAUSE_S
        while not _taken(descriptor):
            watch.check(f"waiting for {what}")
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_S)
        yield descriptor
    finally:
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
