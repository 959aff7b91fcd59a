"""The files of one commit: made in a temporary folder, looked at, made read-only and renamed; shared by all who need them."""

import logging
import os
import secrets
import shutil
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from environments.domain.errors import TreeRefused
from environments.git.command import ask_git, run_git
from environments.git.mirror import Mirror
from environments.running import Watch

log = logging.getLogger(__name__)

_SUBMODULE = "160000"
_LFS_POINTER: Final = b"version https://git-lfs.github.com/spec/v1"
_LFS_POINTER_BYTES: Final = 1024
_NAMED = 5


@dataclass(frozen=True)
class Entry:
    """One file, link or submodule of a commit."""

    mode: str
    object: str
    size_bytes: int
    path: str

    @property
    def is_submodule(self) -> bool:
        """It is a commit of another repository."""
        return self.mode == _SUBMODULE


def entries(mirror: Mirror, commit: str) -> list[Entry]:
    """Everything in the commit, with its path from the top."""
    listed = ask_git(mirror.path, ["ls-tree", "-r", "-z", "-l", "--full-tree", commit])
    return [_entry(line) for line in listed.split(b"\0") if line]


def submodule_urls(mirror: Mirror, commit: str) -> dict[str, str]:
    """The URL of each submodule by its path, as .gitmodules of the commit has them."""
    listed = ask_git(
        mirror.path, ["config", "-z", f"--blob={commit}:.gitmodules", "--get-regexp", r"^submodule\..*\.(path|url)$"]
    )
    found: dict[str, dict[str, str]] = {}
    for item in listed.decode(errors="replace").split("\0"):
        key, _, value = item.partition("\n")
        name, _, variable = key.rpartition(".")
        found.setdefault(name, {})[variable] = value
    return {module["path"]: module["url"] for module in found.values() if {"path", "url"} <= module.keys()}


def write_files(mirror: Mirror, commit: str, folder: Path, watch: Watch) -> None:
    """Write the files of the commit into a folder that exists; submodules become empty folders."""
    index = folder.with_name(f"{folder.name}.{secrets.token_hex(4)}.index")
    places = {"GIT_INDEX_FILE": str(index), "GIT_WORK_TREE": str(folder)}
    try:
        run_git(["read-tree", commit], git_dir=mirror.path, watch=watch, extra=places, directory=folder)
        run_git(
            ["checkout-index", "--all", "--force", "--quiet"],
            git_dir=mirror.path,
            watch=watch,
            extra=places,
            directory=folder,
        )
    finally:
        index.unlink(missing_ok=True)


def check_links(folder: Path, refuse: Callable[[str], TreeRefused]) -> None:
    """Raise what `refuse` makes where a symbolic link leads out of the folder, directly or by way of others."""
    top = folder.resolve()
    bad = []
    for link in _links(top):
        target = link.readlink()
        if target.is_absolute() or not Path(os.path.realpath(link)).is_relative_to(top):
            bad.append(f"{link.relative_to(top)} → {target}")
    if bad:
        raise refuse(
            f"it has symbolic links that lead out of the repository: {_some(bad)}. Remove them from the repository."
        )


def check_lfs(folder: Path, found: Sequence[Entry], refuse: Callable[[str], TreeRefused]) -> None:
    """Raise what `refuse` makes where a file is only a pointer to a large file that git does not have."""
    small = (e for e in found if e.mode.startswith("100") and len(_LFS_POINTER) < e.size_bytes <= _LFS_POINTER_BYTES)
    pointers = [e.path for e in small if _begins_with(folder / e.path, _LFS_POINTER)]
    if pointers:
        raise refuse(
            f"these files are kept by Git LFS, which OET does not fetch: {_some(pointers)}. "
            "Put them into the repository itself, or read them from the file system of the node."
        )


def make_read_only(folder: Path) -> None:
    """Nobody is to write into what others use too."""
    for path, _, files in os.walk(folder):
        for name in files:
            file = Path(path, name)
            if not file.is_symlink():
                file.chmod(stat.S_IMODE(file.stat().st_mode) & 0o555 | 0o444)
        Path(path).chmod(0o555)


def remove(folder: Path, *, asked_before: float) -> bool:
    """Remove a read-only tree, unless somebody has asked for it since that time (seconds); nobody finds it half removed."""
    doomed = folder.with_name(f".old-{folder.name}-{secrets.token_hex(4)}")
    try:
        folder.rename(doomed)
        if (
            doomed.stat().st_mtime > asked_before
        ):  # somebody was faster: who comes from now on does not find it, and makes it anew
            doomed.rename(folder)
            return False
    except FileNotFoundError:
        return False
    except OSError:
        log.info("%s was made anew while it was to be removed", folder)
    remove_remains(doomed)
    return True


def remove_remains(folder: Path) -> None:
    """Remove a folder, writable or not."""
    for path, _, _ in os.walk(folder):
        Path(path).chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)


def _entry(line: bytes) -> Entry:
    head, _, path = line.partition(b"\t")
    mode, _, name, size = head.decode().split()
    return Entry(mode, name, int(size) if size.isdigit() else 0, os.fsdecode(path))


def _links(top: Path) -> Iterator[Path]:
    for path, folders, files in os.walk(top):
        for name in (*folders, *files):
            if os.path.islink(os.path.join(path, name)):  # noqa: PTH114, PTH118 - of all files of a repository
                yield Path(path, name)


def _begins_with(file: Path, start: bytes) -> bool:
    if file.is_symlink():
        return False
    with file.open("rb") as opened:
        return opened.read(len(start)) == start


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
