"""Which of the machine's Pythons fits a project."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from environments.domain.errors import BadProject, NoFittingPython

OLDEST: Final = Version("3.9")
"""What runs inside script processes needs at least this."""


@dataclass(frozen=True)
class Python:
    """An interpreter of the machine: its resolved path and its version, such as 3.11.7."""

    path: str
    version: str


def is_recent_enough(python: Python) -> bool:
    """Whether it can run scripts at all."""
    return Version(python.version) >= OLDEST


def choose_python(pythons: Iterable[Python], requires: str, *, preferred: str = "") -> Python:
    """The interpreter for a project with this `requires-python`: the preferred one if it fits, else the newest that does.

    Pre-releases are taken last; `||` stands between alternatives, as in Poetry. Raises NoFittingPython, and BadProject where
    `requires` cannot be read.
    """
    there = sorted(pythons, key=_rank, reverse=True)
    try:
        alternatives = [SpecifierSet(part) for part in requires.split("||")]
    except InvalidSpecifier:
        raise BadProject(
            "pyproject.toml", f"its requires-python, {requires[:80]!r}, is no version specifier."
        ) from None
    fitting = [
        p
        for p in there
        if is_recent_enough(p) and any(wanted.contains(p.version, prereleases=True) for wanted in alternatives)
    ]
    if not fitting:
        raise NoFittingPython(requires, [f"{p.version} ({p.path})" for p in there])
    return next((p for p in fitting if p.path == preferred), fitting[0])


def _rank(python: Python) -> tuple[bool, Version, str]:
    version = Version(python.version)
    return not version.is_prerelease, version, python.path
