"""What a commit asks to be installed, read off the names of its files and its pyproject.toml."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from poetry.core.constraints.version import parse_constraint
from poetry.core.constraints.version.exceptions import ParseConstraintError

from environments.domain.errors import BadProject

PYPROJECT: Final = "pyproject.toml"
_REQUIREMENTS = re.compile(r"^requirements.*\.(txt|in)$")
_FOR_DEVELOPERS = re.compile(r"dev|test|doc|lint|build|ci\b", re.IGNORECASE)


class Recipe(StrEnum):
    """Where the list of packages comes from; the first of these that a commit has is used."""

    UV_LOCK = "uv.lock"
    PYLOCK = "pylock.toml"
    POETRY_LOCK = "poetry.lock"
    PYPROJECT = "pyproject.toml"
    REQUIREMENTS = "requirements"
    SETUP = "setup.py"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Project:
    """How the environment of a commit is made."""

    recipe: Recipe
    requires_python: str = ""
    is_package: bool = False
    """The repository is itself a package that is installed with the rest."""
    is_poetry: bool = False
    """Its dependencies are written in Poetry's own terms, not as PEP 621 has them."""
    requirements: tuple[str, ...] = ()
    """Names of requirements files."""
    indexes: tuple[str, ...] = ()
    """Package indexes that Poetry's terms name beside the default one."""

    def __str__(self) -> str:
        what = ", ".join(self.requirements) if self.recipe is Recipe.REQUIREMENTS else self.recipe.value
        return f"{what}{' and the project itself' if self.is_package else ''}"


def project_of(names: Collection[str], pyproject: Mapping[str, Any] | None, *, setup_requires: str = "") -> Project:
    """What to install for a commit whose top folder has these names; raises BadProject.

    `setup_requires` is `python_requires` of setup.cfg.
    """
    if pyproject is not None and ("project" in pyproject or "poetry" in _table(pyproject, "tool")):
        return _from_pyproject(names, pyproject)
    if Recipe.PYLOCK.value in names:
        return Project(Recipe.PYLOCK)
    if files := requirements_files(names):
        return Project(Recipe.REQUIREMENTS, setup_requires, requirements=files)
    if "setup.py" in names or "setup.cfg" in names:
        return Project(Recipe.SETUP, setup_requires, is_package=True)
    return Project(Recipe.NOTHING)


def requirements_files(names: Collection[str]) -> tuple[str, ...]:
    """`requirements.txt`, or else every other requirements file that is not for developers."""
    if "requirements.txt" in names:
        return ("requirements.txt",)
    found = sorted(name for name in names if _REQUIREMENTS.match(name) and not _FOR_DEVELOPERS.search(name))
    # What is compiled from `x.in` is `x.txt`.
    return tuple(name for name in found if not (name.endswith(".in") and name[:-3] + ".txt" in found))


def _from_pyproject(names: Collection[str], pyproject: Mapping[str, Any]) -> Project:
    project, tool = _table(pyproject, "project"), _table(pyproject, "tool")
    poetry = _table(tool, "poetry")
    is_poetry = bool(poetry) and "dependencies" in poetry and "dependencies" not in project
    return Project(
        recipe=_recipe(names, has_project=bool(project)),
        requires_python=_requires_python(project, poetry),
        is_package=_is_package(pyproject, poetry),
        is_poetry=is_poetry,
        indexes=tuple(_index_urls(poetry)),
    )


def _recipe(names: Collection[str], *, has_project: bool) -> Recipe:
    if Recipe.UV_LOCK.value in names and has_project:
        return Recipe.UV_LOCK
    for recipe in (Recipe.PYLOCK, Recipe.POETRY_LOCK):
        if recipe.value in names:
            return recipe
    return Recipe.PYPROJECT


def _requires_python(project: Mapping[str, Any], poetry: Mapping[str, Any]) -> str:
    wanted = project.get("requires-python")
    if wanted is not None:
        if not isinstance(wanted, str):
            raise BadProject(PYPROJECT, "its requires-python is no text.")
        return wanted
    by_poetry = _table(poetry, "dependencies").get("python", "")
    if isinstance(by_poetry, Mapping):
        by_poetry = by_poetry.get("version", "")
    if not by_poetry:
        return ""
    try:
        constraint = str(parse_constraint(str(by_poetry)))
    except ParseConstraintError:
        raise BadProject(PYPROJECT, f"Poetry's version of python, {by_poetry!r}, cannot be read.") from None
    return "" if constraint == "*" else constraint


def _is_package(pyproject: Mapping[str, Any], poetry: Mapping[str, Any]) -> bool:
    if poetry.get("package-mode") is False or _table(_table(pyproject, "tool"), "uv").get("package") is False:
        return False
    return "build-system" in pyproject


def _index_urls(poetry: Mapping[str, Any]) -> list[str]:
    sources = poetry.get("source", [])
    if not isinstance(sources, list):
        raise BadProject(PYPROJECT, "tool.poetry.source must be a list of tables.")
    return [str(source["url"]) for source in sources if isinstance(source, Mapping) and source.get("url")]


def _table(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = data.get(name, {})
    if not isinstance(found, Mapping):
        raise BadProject(PYPROJECT, f"{name} must be a table.")
    return found
