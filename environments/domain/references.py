"""Names of branches, tags and commits, by the rules of `git check-ref-format`, so that none of them can be taken for anything else."""

import re
from dataclasses import dataclass
from typing import Final

from environments.domain.errors import BadReference

MAX_CHARACTERS: Final = 250
_COMMIT = re.compile(r"^[0-9a-f]{4,64}\Z")
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//")
FULL_LENGTHS: Final = frozenset({40, 64})
"""Hexadecimal digits of a whole commit name: SHA-1, SHA-256."""


@dataclass(frozen=True)
class Reference:
    """Which commit is meant: a commit outranks a branch or tag; neither means the repository's default branch.

    Made by `reference`, which checks.
    """

    branch: str = ""
    commit: str = ""

    def __str__(self) -> str:
        return (
            f"commit {self.commit}"
            if self.commit
            else f"branch or tag {self.branch}"
            if self.branch
            else "default branch"
        )


def reference(branch: str = "", commit: str = "") -> Reference:
    """The reference that a request names; raises BadReference."""
    if branch:
        _check_name(branch)
    return Reference(branch, _checked_commit(commit) if commit else "")


def is_full(commit: str) -> bool:
    """Whether the commit is named in full, so that no other can be meant."""
    return len(commit) in FULL_LENGTHS and bool(_COMMIT.match(commit))


def candidates(branch: str) -> list[str]:
    """The full names that a branch or tag may have in a repository, the first one there is meant."""
    if branch.startswith(("refs/heads/", "refs/tags/")):
        return [branch]
    return [f"refs/heads/{branch}", f"refs/tags/{branch}"]


def _checked_commit(commit: str) -> str:
    lowered = commit.lower()
    if not _COMMIT.match(lowered) or (len(lowered) > 40 and len(lowered) != 64):
        raise BadReference(
            "git_commit", f"{commit[:80]!r} is no commit: 4 to 40 hexadecimal digits are wanted, such as 1a2b3c4d."
        )
    return lowered


def _check_name(name: str) -> None:
    fault = _fault(name)
    if fault:
        raise BadReference("git_branch", f"{name[:80]!r} is no name of a branch or tag: it {fault}.")


def _fault(name: str) -> str:
    if len(name) > MAX_CHARACTERS:
        return f"has {len(name)} characters; at most {MAX_CHARACTERS} are allowed"
    if name.startswith("-"):
        return "begins with `-`"
    if not name.isprintable() or _FORBIDDEN.search(name):
        return (
            "has characters or sequences that git does not allow (blanks, control characters, ~ ^ : ? * [ \\ .. @{ //)"
        )
    if name.endswith(("/", ".")) or name.startswith("/") or name == "@":
        return "begins or ends as git does not allow"
    if any(part.startswith(".") or part.endswith(".lock") for part in name.split("/")):
        return "has a part that begins with `.` or ends with `.lock`"
    return ""
