"""Clearing away what trials leave, whatever their scripts have done to it."""

import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from trials.manager.working_directories import KEEP, clear_away, make

_NOBODY = 65534


@pytest.fixture
def folder() -> Iterator[Path]:
    """A working directory of somebody who is not root: for root no rights are missing."""
    place = Path(tempfile.mkdtemp(prefix="oet-clear-"))
    folder = place / "trial" / "work"
    folder.mkdir(parents=True)
    if os.geteuid() == 0:
        for path in (place, place / "trial", folder):
            os.chown(path, _NOBODY, _NOBODY)
    yield folder
    shutil.rmtree(place)


def as_nobody(work: Callable[[], None]) -> bool:
    """Do it without the rights of root; whether it went well."""
    pid = os.fork()
    if pid == 0:
        is_well = False
        try:
            if os.geteuid() == 0:
                os.setresuid(_NOBODY, _NOBODY, _NOBODY)
            work()
            is_well = True
        finally:
            os._exit(0 if is_well else 1)
    return os.waitpid(pid, 0)[1] == 0


def test_a_working_directory_without_rights_is_removed(folder: Path) -> None:
    folder.chmod(0)
    assert as_nobody(lambda: clear_away(folder))
    assert not folder.parent.exists()


def test_a_working_directory_without_rights_is_kept_where_that_was_wanted(folder: Path) -> None:
    (folder / KEEP).touch()
    folder.chmod(0)
    assert as_nobody(lambda: clear_away(folder))
    assert (folder / KEEP).exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can leave what others cannot remove")
def test_what_belongs_to_somebody_else_stays_and_stops_nobody(folder: Path) -> None:
    of_root = folder / "made in a container"
    of_root.mkdir()
    (of_root / "file").touch()
    assert as_nobody(lambda: clear_away(folder))
    assert (of_root / "file").exists()


def test_a_copy_leaves_out_what_cannot_be_copied(folder: Path) -> None:
    (folder / "deep").mkdir()
    (folder / "deep" / "result").write_text("kept")
    (folder / "link").symlink_to("deep/result")
    os.mkfifo(folder / "deep" / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / "socket"))
        copy = folder.parent.parent / "other" / "work"
        make(copy, copy_of=folder)
    assert sorted(path.relative_to(copy).as_posix() for path in copy.rglob("*")) == ["deep", "deep/result", "link"]
    assert (copy / "link").read_text() == "kept"
