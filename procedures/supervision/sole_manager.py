"""The lock that keeps a second manager of the same node and home out."""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class AlreadyManaged(Exception):
    """Another process holds the lock; `holder` is what it wrote about itself."""

    def __init__(self, path: Path, holder: Mapping[str, Any]) -> None:
        self.holder = holder
        who = (
            f"process {holder['pid']} on {holder['node']}, since {holder['since']}"
            if holder
            else "a process that has just started"
        )
        super().__init__(
            f"a process manager runs already ({who}); it holds {path}. Stop that one first, or leave it to its work."
        )


@contextmanager
def sole_manager(path: Path, description: Mapping[str, Any]) -> Iterator[None]:
    """Hold the lock at `path` while the block lasts; raises AlreadyManaged. The kernel frees it however this process ends.

    `description` (with `pid`, `node` and `since`) is what a second manager reports.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyManaged(path, _holder(descriptor)) from None
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(dict(description)).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _holder(descriptor: int) -> Mapping[str, Any]:
    try:
        holder = json.loads(os.pread(descriptor, 4096, 0))
    except ValueError:
        return {}
    return holder if isinstance(holder, dict) and {"pid", "node", "since"} <= holder.keys() else {}
