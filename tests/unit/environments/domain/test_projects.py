from typing import Any

import pytest

from environments.domain.errors import BadProject
from environments.domain.poetry_lock import constraints, overrides
from environments.domain.projects import Recipe, project_of, requirements_files

PEP_621: dict[str, Any] = {"project": {"name": "x", "requires-python": ">=3.9", "dependencies": []}}
POETRY: dict[str, Any] = {
    "tool": {"poetry": {"name": "x", "dependencies": {"python": "^3.10", "six": "*"}}},
    "build-system": {},
}


@pytest.mark.parametrize(
    ("names", "pyproject", "recipe"),
    [
        ({"pyproject.toml", "uv.lock", "poetry.lock", "pylock.toml", "requirements.txt"}, PEP_621, Recipe.UV_LOCK),
        ({"pyproject.toml", "poetry.lock", "pylock.toml"}, PEP_621, Recipe.PYLOCK),
        ({"pyproject.toml", "poetry.lock", "uv.lock"}, POETRY, Recipe.POETRY_LOCK),
        ({"pyproject.toml", "requirements.txt"}, PEP_621, Recipe.PYPROJECT),
        ({"pyproject.toml", "requirements.txt"}, {"tool": {"ruff": {}}}, Recipe.REQUIREMENTS),
        ({"requirements.txt", "setup.py"}, None, Recipe.REQUIREMENTS),
        ({"pylock.toml", "requirements.txt"}, None, Recipe.PYLOCK),
        ({"setup.py"}, None, Recipe.SETUP),
        ({"observe.py"}, None, Recipe.NOTHING),
    ],
)
def test_the_first_recipe_that_a_commit_has_is_used(
    names: set[str], pyproject: dict[str, Any] | None, recipe: Recipe
) -> None:
    assert project_of(names, pyproject).recipe is recipe


def test_requirements_for_developers_are_left_out_and_those_compiled_taken() -> None:
    assert requirements_files({"requirements.txt", "requirements-extra.txt"}) == ("requirements.txt",)
    names = {
        "requirements-dev.txt",
        "requirements-base.in",
        "requirements-base.txt",
        "requirements_test.txt",
        "requirements-obs.in",
    }
    assert requirements_files(names) == ("requirements-base.txt", "requirements-obs.in")


def test_a_project_with_a_build_system_is_a_package_unless_it_says_no() -> None:
    assert not project_of(set(), PEP_621).is_package
    assert project_of(set(), PEP_621 | {"build-system": {}}).is_package
    assert not project_of(set(), PEP_621 | {"build-system": {}, "tool": {"uv": {"package": False}}}).is_package
    scripts = {"tool": {"poetry": {"package-mode": False, "dependencies": {}}}, "build-system": {}}
    assert not project_of(set(), scripts).is_package


@pytest.mark.parametrize(
    ("python", "requires"),
    [
        ("^3.10", ">=3.10,<4.0"),
        ("~3.11", ">=3.11,<3.12"),
        ("*", ""),
        ({"version": ">=3.9"}, ">=3.9"),
        ("~3.9 || ^3.11", ">=3.9,<3.10 || >=3.11,<4.0"),
    ],
)
def test_poetrys_versions_of_python_are_translated(python: Any, requires: str) -> None:
    assert project_of(set(), {"tool": {"poetry": {"dependencies": {"python": python}}}}).requires_python == requires


@pytest.mark.parametrize(
    "pyproject",
    [
        {"project": "x"},
        {"project": {"requires-python": 3}},
        {"tool": {"poetry": {"dependencies": {"python": "three"}}}},
        {"tool": {"poetry": {"source": 1}}},
    ],
)
def test_a_broken_pyproject_is_named(pyproject: dict[str, Any]) -> None:
    with pytest.raises(BadProject, match=r"pyproject\.toml"):
        project_of({"pyproject.toml"}, pyproject)


def test_indexes_of_poetry_are_read() -> None:
    with_source = {"tool": {"poetry": {"dependencies": {}, "source": [{"name": "own", "url": "https://own/simple"}]}}}
    assert project_of(set(), with_source).indexes == ("https://own/simple",)


FORK = {"type": "git", "url": "https://h/f.git", "reference": "main", "resolved_reference": "abc"}
LOCK: dict[str, Any] = {
    "package": [
        {
            "name": "six",
            "version": "1.16.0",
            "files": [{"file": "a", "hash": "sha256:aa"}, {"file": "b", "hash": "sha256:bb"}],
        },
        {"name": "numpy", "version": "1.26", "markers": "python_version < '3.12'"},
        {"name": "numpy", "version": "2.0", "markers": "python_version >= '3.12'"},
        {"name": "twice", "version": "1"},
        {"name": "twice", "version": "2"},
        {"name": "own", "version": "3", "source": {"type": "legacy", "url": "https://own/simple"}},
        {"name": "near", "version": "1", "source": {"type": "directory", "url": "near"}},
        {"name": "forked", "version": "1", "source": FORK},
    ]
}


def test_a_poetry_lock_becomes_constraints_with_markers_and_hashes() -> None:
    assert constraints(LOCK) == [
        "six==1.16.0 --hash=sha256:aa --hash=sha256:bb",
        "numpy==1.26 ; python_version < '3.12'",
        "numpy==2.0 ; python_version >= '3.12'",
        "own==3",
    ]


def test_packages_from_git_are_held_at_the_locked_commit() -> None:
    assert overrides(LOCK) == ["forked @ git+https://h/f.git@abc"]


@pytest.mark.parametrize("lock", [{"package": {}}, {"package": [1]}, {"package": [{"name": "x"}]}])
def test_a_broken_poetry_lock_is_named(lock: dict[str, Any]) -> None:
    with pytest.raises(BadProject, match=r"poetry\.lock"):
        constraints(lock)
