import os
from pathlib import Path

import pytest

from procedures.script_files import read_beginning


def test_only_the_beginning_of_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "long.py"
    file.write_bytes(b"x = 1\n" * 1000)
    assert read_beginning(file, 4) == b"x = "
    assert len(read_beginning(file, 1 << 20)) == 6000


def test_a_pipe_is_refused_although_nobody_writes_to_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    with pytest.raises(OSError, match="no regular file"):
        read_beginning(tmp_path / "pipe.py", 1)


@pytest.mark.parametrize("name", ["/dev/zero", "/dev/tty", "/"])
def test_devices_and_folders_are_refused(name: str) -> None:
    with pytest.raises(OSError, match=r"no regular file|No such device"):
        read_beginning(Path(name), 1)
