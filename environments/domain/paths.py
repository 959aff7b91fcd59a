"""Paths inside a repository."""

from pathlib import PurePosixPath
from typing import Final

from environments.domain.errors import BadPath

MAX_CHARACTERS: Final = 1000


def path_inside(path: str) -> PurePosixPath:
    """The relative path of a file in a repository; raises BadPath where it might leave it (links are for the tree to check)."""
    if not path:
        raise BadPath("must name a file of the repository, such as git://scripts/observe.py.")
    if len(path) > MAX_CHARACTERS:
        raise BadPath(f"has {len(path)} characters; at most {MAX_CHARACTERS} are allowed.")
    if not path.isprintable():
        raise BadPath("has control characters or broken Unicode.")
    if path.startswith("/"):
        raise BadPath(
            f"{path!r} is absolute; it must be a path inside the repository: git://scripts/observe.py, two slashes."
        )
    parts = path.split("/")
    if any(part in {"", ".", ".."} for part in parts):
        raise BadPath(f"{path!r} must not have empty parts, `.` or `..`.")
    if parts[0].lower() == ".git":
        raise BadPath(f"{path!r} is no file of a commit.")
    return PurePosixPath(path)
