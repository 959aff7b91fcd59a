import os
import sys
from pathlib import Path

import pytest

from oet.modules import ModuleFactory, module_name
from oet.rundir import Script, Spec


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("observe_x1", "observe_x1"),
        ("night-run", "script_night_run"),
        ("2nd look", "script_2nd_look"),
        ("class", "script_class"),
        ("json", "script_json"),
        ("statistics", "script_statistics"),
        ("sys", "script_sys"),
        ("__main__", "script___main__"),
        ("тест_наблюдения", "тест_наблюдения"),
    ],
)
def test_name_is_the_stem_unless_something_else_has_it(stem: str, name: str) -> None:
    assert module_name(stem, sys.path) == name


def test_missing_script_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.py"):
        ModuleFactory.from_spec(Spec(1, Script("filesystem", str(tmp_path / "nowhere.py"))), tmp_path)


def test_folder_is_no_script(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        ModuleFactory.from_spec(Spec(1, Script("filesystem", str(tmp_path))), tmp_path)


def test_pipe_is_no_script_for_whoever_reads_it_would_wait(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    with pytest.raises(OSError, match="no regular file"):
        ModuleFactory.from_spec(Spec(1, Script("filesystem", str(tmp_path / "pipe.py"))), tmp_path)


def test_embedded_text_is_written_to_the_run_directory(tmp_path: Path) -> None:
    factory = ModuleFactory.from_spec(Spec(1, Script("embedded", text="x = 'é'")), tmp_path)
    assert factory.path == tmp_path / "script.py"
    assert factory.folder == tmp_path / "work"
    assert factory.path.read_text(encoding="utf-8") == "x = 'é'"
