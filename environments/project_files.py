"""Reading what the files of a commit say about what to install."""

import configparser
import tomllib
from pathlib import Path
from typing import Any, Final

from poetry.core.factory import Factory

from environments.domain import poetry_lock
from environments.domain.errors import BadProject
from environments.domain.projects import PYPROJECT, Project, project_of

_LIMIT_BYTES: Final = 64 << 20


def read_project(folder: Path) -> Project:
    """What to install for the files in `folder`; raises BadProject."""
    names = {entry.name for entry in folder.iterdir() if entry.is_file()}
    pyproject = _toml(folder / PYPROJECT) if PYPROJECT in names else None
    setup_requires = _setup_requires(folder / "setup.cfg") if "setup.cfg" in names else ""
    return project_of(names, pyproject, setup_requires=setup_requires)


def poetry_requirements(folder: Path) -> list[str]:
    """The dependencies that pyproject.toml has in Poetry's terms, in everybody's; raises BadProject."""
    try:
        package = Factory().create_poetry(folder, with_groups=False).package
    except (RuntimeError, ValueError, KeyError, TypeError) as error:
        raise BadProject(PYPROJECT, f"its part for Poetry is wrong: {error}") from error
    return [dependency.to_pep_508() for dependency in package.requires if not dependency.is_optional()]


def poetry_lock_lines(folder: Path) -> tuple[list[str], list[str]]:
    """Constraints and overrides that poetry.lock amounts to; raises BadProject."""
    lock = _toml(folder / poetry_lock.FILE)
    return poetry_lock.constraints(lock), poetry_lock.overrides(lock)


def _toml(file: Path) -> dict[str, Any]:
    if file.stat().st_size > _LIMIT_BYTES:
        raise BadProject(file.name, f"it has more than {_LIMIT_BYTES} bytes.")
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadProject(file.name, str(error)) from error
    except RecursionError as error:
        raise BadProject(file.name, "it is nested too deep to be read.") from error


def _setup_requires(file: Path) -> str:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(file.read_text(encoding="utf-8"))
    except (configparser.Error, UnicodeDecodeError) as error:
        raise BadProject(file.name, str(error)) from error
    return parser.get("options", "python_requires", fallback="").strip()
