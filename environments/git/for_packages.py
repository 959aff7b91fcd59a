"""The git that uv and package builds find on their PATH: it reads from no repository that OET_GIT_ALLOW does not permit.

`python -I -S for_packages.py <git> <OET_GIT_ALLOW> <folder of uv's cache> <argument of git> …`

A project may depend on `git+https://…`, and what it depends on may do so again, so the URLs are known only when they are fetched. Whatever
is permitted runs in the same surroundings as our own git. Of submodules only those of the package itself are fetched, not theirs in turn.
Needs the standard library only.
"""

import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from environments.domain.errors import RepositoryRefused
from environments.domain.urls import Repository, relative_to, without_credentials
from environments.git.allowed import allowed_repository
from environments.git.surroundings import surroundings

REFUSED: Final = 128
"""Git's own status for what cannot be done."""
_READS: Final = frozenset({"fetch", "clone", "ls-remote", "pull", "fetch-pack", "archive", "remote", "push"})
_OPTIONS_WITH_VALUES: Final = frozenset(
    {"-C", "-c", "--git-dir", "--work-tree", "--namespace", "--config-env", "--depth", "--deepen", "-j", "--jobs", "-b", "--branch", "-o",
     "--origin", "--server-option", "--upload-pack", "--config", "--filter", "--reference", "--reference-if-able", "--template",
     "--separate-git-dir", "--shallow-since", "--shallow-exclude", "--bundle-uri", "--refmap", "--negotiation-tip", "--sort"}
)  # fmt: skip
"""What follows one of these is no repository. Each has a value wherever it is known; else a repository would be overlooked."""
_OF_A_REMOTE: Final = frozenset({"fetch", "pull", "ls-remote"})
"""These read from a remote of the work tree where no repository is named."""
_READS_REMOTES: Final = frozenset({"update", "show", "prune", "set-head"})
"""What `git remote` reads for."""


def write_program(file: Path, git: str, allow: str, cache: Path) -> None:
    """Make `file` a program that is this git; its folder is to be the first on the PATH."""
    command = [sys.executable, "-I", "-S", __file__, git, allow, str(cache)]
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
    file.chmod(0o700)


def main(git: str, allow: str, cache: str, arguments: list[str]) -> None:
    """Become git, unless it would read from elsewhere; raises RepositoryRefused."""
    command, positional = _parsed(arguments)
    safe: list[str] = []
    if command == "submodule":
        arguments = [argument for argument in arguments if argument != "--recursive"]
        named = _submodules(git, arguments)
    else:
        named = _named(git, command, positional, arguments) if command in _READS else []
    for url in named:
        if not _is_below(url, cache):
            found = allowed_repository(url, allow)
            safe += _local(found)
    os.execve(git, ["git", *arguments], {**os.environ, **surroundings(safe, {})})  # noqa: S606 - that is what it is for


def _parsed(arguments: Sequence[str]) -> tuple[str, list[str]]:
    """The command, and what follows it without options."""
    found: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        if argument in _OPTIONS_WITH_VALUES:
            next(rest, None)
        elif argument == "--":
            found.extend(rest)
        elif not argument.startswith("-"):
            found.append(argument)
    return (found[0], found[1:]) if found else ("", [])


def _named(git: str, command: str, positional: Sequence[str], arguments: Sequence[str]) -> list[str]:
    """The repositories that a command means."""
    if command == "remote":
        deed = positional[0] if positional else ""
        if deed in {"add", "set-url"}:
            return [_url(git, positional[-1])]
        return _remotes(git) if deed in _READS_REMOTES else []
    if command in _OF_A_REMOTE and (not positional or {"--all", "--multiple"} & set(arguments)):
        return _remotes(git)
    return [_url(git, positional[0])] if positional else []


def _url(git: str, word: str) -> str:
    """What a word names: a URL, a path, or a remote."""
    if "/" in word or ":" in word:
        return word if "://" in word or ":" in word else str(Path(word).resolve())
    return _asked(git, "config", "--get", f"remote.{word}.url") or f"the remote {word}"


def _remotes(git: str) -> list[str]:
    """The URL of every remote of the work tree."""
    lines = _asked(git, "config", "--get-regexp", r"^remote\..*\.url$").splitlines()
    return [line.partition(" ")[2] for line in lines]


def _submodules(git: str, arguments: Sequence[str]) -> list[str]:
    """The URLs of the submodules of the work tree."""
    parent = next((a.partition("=")[2] for a in arguments if a.startswith("remote.origin.url=")), "")
    parent = parent or _asked(git, "config", "--get", "remote.origin.url")
    found = []
    for line in _asked(git, "config", "--file", ".gitmodules", "--get-regexp", r"^submodule\..*\.url$").splitlines():
        key, _, url = line.partition(" ")
        found.append(_asked(git, "config", "--get", key) or relative_to(parent, url))
    return found


def _asked(git: str, *arguments: str) -> str:
    asking = subprocess.run([git, *arguments], capture_output=True, text=True, check=False)
    return asking.stdout.strip()


def _is_below(url: str, folder: str) -> bool:
    """Whether it is part of uv's own cache, from which uv clones, and which it filled by way of us."""
    return url.startswith("/") and Path(os.path.realpath(url)).is_relative_to(os.path.realpath(folder))


def _local(repository: Repository) -> list[str]:
    return [repository.path, f"{repository.path}/.git"] if repository.is_local else []


if __name__ == "__main__":
    try:
        main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:])
    except RepositoryRefused as refused:
        sys.stderr.write(f"OET does not permit it: {without_credentials(refused.words)}\n")
        sys.exit(REFUSED)
