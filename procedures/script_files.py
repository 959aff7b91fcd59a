"""Files in the folders for scripts: which may be used, which there are to choose from, and reading them. Knows no framework."""

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from procedures.domain.errors import InvalidInput

MAX_LISTED = 2000
MAX_DEPTH = 8
SKIPPED_FOLDERS = frozenset({"__pycache__", "node_modules", "venv", "site-packages"})


def resolve_script(path: str, roots: Sequence[Path]) -> Path:
    """The file that `path` leads to, links resolved; raises InvalidInput unless it lies below one of `roots`.

    The file need not exist: that it does not is the script's failure, with a stack trace, not a fault of the request.
    """
    try:
        resolved = Path(path).resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise InvalidInput({"script.script_uri": f"cannot be followed: {error}."}) from error
    if not any(resolved.is_relative_to(root) for root in roots):
        allowed = ", ".join(str(root) for root in roots) or "none"
        raise InvalidInput(
            {
                "script.script_uri": f"{path} does not lie in a folder for scripts ({allowed}). "
                "Move it there, or let the administrator add its folder to OET_SCRIPT_ROOTS."
            }
        )
    return resolved


def read_beginning(path: Path, most_bytes: int) -> bytes:
    """The beginning of a file. Raises OSError, also for what is none: whoever opens or reads a pipe or a device may wait for ever."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file", str(path))
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(most_bytes)
    finally:
        os.close(descriptor)


def list_scripts(roots: Sequence[Path]) -> Iterator[Path]:
    """Python files below `roots`, in the order of their names, at most MAX_LISTED; hidden and package folders are left out."""
    count = 0
    for root in roots:
        for folder, folders, files in os.walk(root):
            depth = len(Path(folder).relative_to(root).parts)
            folders[:] = sorted(
                f for f in folders if depth < MAX_DEPTH and f not in SKIPPED_FOLDERS and not f.startswith(".")
            )
            for file in sorted(files):
                if file.endswith(".py") and not file.startswith((".", "__")):
                    yield Path(folder) / file
                    count += 1
                    if count == MAX_LISTED:
                        return
