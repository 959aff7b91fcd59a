"""Which Pythons a node has, and which of them a project gets."""

import dataclasses
import sys
from pathlib import Path

import pytest

from environments.domain.errors import NoFittingPython
from environments.interpreters import asked, installed
from environments.manager import EnvironmentManager
from tests.repositories import GitRepository, pyproject


def stand_in(path: Path, version: str, implementation: str = "cpython") -> Path:
    """A program that answers as an interpreter of that version would."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\nprintf '%s\\n' {implementation} {version} {path}\n")
    path.chmod(0o700)
    return path


def test_interpreters_are_found_on_the_path_in_folders_and_by_globs_each_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_path = stand_in(tmp_path / "path" / "python3.97", "3.97.1")
    installation = stand_in(tmp_path / "opt" / "python-3.98" / "bin" / "python3", "3.98.0")
    named = stand_in(tmp_path / "own" / "py399", "3.99.0+")
    stand_in(tmp_path / "path" / "python3.96", "3.96.0", implementation="pypy")
    (tmp_path / "path" / "python3.95").write_text("#!/bin/sh\nexit 127\n")
    (tmp_path / "path" / "python3.95").chmod(0o700)
    (tmp_path / "path" / "python3").symlink_to(on_path)
    monkeypatch.setenv("PATH", f"{tmp_path}/path:/usr/bin:/bin")
    found = installed(f"{tmp_path}/opt/python-*:{named}:{tmp_path}/nowhere", Path(sys.executable))
    mine = {python.path: python.version for python in found if str(tmp_path) in python.path}
    assert mine == {str(on_path): "3.97.1", str(installation): "3.98.0", str(named): "3.99.0"}
    default = asked(sys.executable)
    assert default in found
    assert len({python.path for python in found}) == len(found)


@pytest.mark.django_db
def test_project_gets_the_interpreter_it_requires_from_where_the_site_says(
    manager: EnvironmentManager, remote: GitRepository, tmp_path: Path
) -> None:
    python = stand_in(tmp_path / "opt" / "bin" / "python3.99", "3.99.2")
    remote.commit({"pyproject.toml": pyproject().replace(">=3.9", ">=3.99,<3.100")})
    source = manager.source(remote.url)
    with pytest.raises(NoFittingPython):
        manager.request(source, holder="procedure:1")
    here = dataclasses.replace(manager, pythons=f"{tmp_path}/opt")
    environment = here.request(source, holder="procedure:1")
    assert (environment.python, environment.python_version) == (str(python), "3.99.2")
