"""Whether a builder lives: it holds the lock of a file that is named by its token, as long as its process does.

The lease tells the same, but only after a while; it alone tells of a builder that hangs.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def shown(folder: Path, token: str) -> Iterator[None]:
    """The builder with this token lives while the block lasts, and no longer than its process."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    sign, fresh = folder / token, folder / f".new-{token}"
    descriptor = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        fresh.rename(sign)  # only now, so that nobody finds it unlocked
        yield
    finally:
        with suppress(FileNotFoundError):
            sign.unlink()
        os.close(descriptor)


def have_ceased(folder: Path, token: str) -> bool:
    """Whether the builder with this token is certainly dead; of one that has not shown any sign yet that is not known."""
    try:
        descriptor = os.open(folder / token, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return (folder / token).exists()  # else it has just finished


def forget(folder: Path, token: str) -> None:
    """Remove the sign of a builder that is dead."""
    (folder / token).unlink(missing_ok=True)
