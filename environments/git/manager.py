"""GitManager: from a repository and the name of a branch, tag or commit to files that scripts can run from."""

import hashlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from environments.domain import urls
from environments.domain.errors import CommandFailed, NoSuchFile, RepositoryRefused, TreeRefused
from environments.domain.paths import path_inside
from environments.domain.references import Reference
from environments.domain.urls import Repository
from environments.git import files
from environments.git.allowed import allowed_repository
from environments.git.mirror import Mirror
from environments.locks import held
from environments.running import Watch

_DEEPEST = 5
"""Submodules in submodules in …"""


@dataclass(frozen=True)
class GitManager:
    """The mirrors and trees below `folder`. Holds no state of its own: any number of them, in any processes, may work at once."""

    folder: Path
    allow: str
    """OET_GIT_ALLOW."""
    timeout_s: float

    SETTING: Final = "OET_GIT_TIMEOUT"

    def repository(self, url: str) -> Repository:
        """The repository, if scripts may come from it; raises RepositoryRefused."""
        return allowed_repository(url, self.allow)

    def watch(self) -> Watch:
        """A watch with the time limit of the settings."""
        return Watch(self.timeout_s, self.SETTING)

    def resolve(self, repository: Repository, reference: Reference, watch: Watch | None = None) -> str:
        """The full name of the commit that is meant now; asks the repository unless the commit is mirrored already.

        Raises NoSuchReference, BadReference, RepositoryUnreachable, OutOfTime, Cancelled.
        """
        return self._mirror(repository).resolve(reference, watch or self.watch())

    def tree_of(self, repository: Repository, commit: str) -> Path | None:
        """The folder with the files of a commit, if it has been made; asks nobody."""
        folder = self._trees(repository) / commit
        return folder if folder.is_dir() else None

    def tree_to_be_used(self, repository: Repository, commit: str) -> Path | None:
        """The same folder, which is not tidied away before somebody had the time to say that it is in use."""
        folder = self._trees(repository) / commit
        try:
            os.utime(folder)
        except FileNotFoundError:
            return None
        return folder

    def tree(self, repository: Repository, commit: str, watch: Watch | None = None) -> Path:
        """The folder with the files of a commit, made if need be; raises TreeRefused and what `resolve` raises."""
        if there := self.tree_to_be_used(repository, commit):
            return there
        watch = watch or self.watch()
        key = _key(repository)
        with held(self.folder / "locks" / f"{key}.{commit[:2]}", watch, f"the files of {repository}"):
            if there := self.tree_to_be_used(repository, commit):
                return there
            mirror = self._mirror(repository)
            mirror.ensure(commit, watch)
            mirror.pin(commit)
            return self._make_tree(mirror, commit, watch)

    def file_in(self, repository: Repository, commit: str, folder: Path, path: str) -> Path:
        """The file of a tree that a script's path names; raises BadPath, NoSuchFile."""
        file = folder / path_inside(path)
        if not Path(os.path.realpath(file)).is_relative_to(folder.resolve()) or not file.is_file():
            raise NoSuchFile(path, repository.url, commit)
        return file

    def mirror_path(self, repository: Repository) -> Path:
        """Where the mirror of the repository is, or would be."""
        return self._mirror(repository).path

    def trees(self) -> list[Path]:
        """Every tree that has been made."""
        return [folder for folder in (self.folder / "trees").glob("*/*") if not folder.name.startswith(".")]

    def trees_of(self, repository: Repository) -> Path:
        """The folder of the trees of a repository; each is named by its commit."""
        return self._trees(repository)

    def remove_tree(self, folder: Path, *, asked_before: float) -> bool:
        """Remove a tree that nobody uses, unless somebody has asked for it since that time (seconds); whether it is gone."""
        return files.remove(folder, asked_before=asked_before)

    # --- making a tree

    def _make_tree(self, mirror: Mirror, commit: str, watch: Watch) -> Path:
        trees = self._trees(mirror.repository)
        trees.mkdir(mode=0o700, parents=True, exist_ok=True)
        # We hold the lock of all commits that begin like this one: these were left by the dead.
        for remains in (*trees.glob(f".new-{commit[:2]}*"), *trees.glob(f".old-{commit[:2]}*")):
            files.remove_remains(remains) if remains.is_dir() else remains.unlink(missing_ok=True)
        fresh = trees / f".new-{commit}-{secrets.token_hex(4)}"
        fresh.mkdir()
        try:
            self._write(mirror, commit, fresh, watch, depth=0)
            files.check_links(fresh, lambda reason: TreeRefused(mirror.repository.url, commit, reason))
            files.make_read_only(fresh)
            fresh.rename(trees / commit)
        except BaseException:
            files.remove_remains(fresh)
            raise
        return trees / commit

    def _write(self, mirror: Mirror, commit: str, folder: Path, watch: Watch, *, depth: int) -> None:
        def refuse(reason: str) -> TreeRefused:
            return TreeRefused(mirror.repository.url, commit, reason)

        found = files.entries(mirror, commit)
        files.write_files(mirror, commit, folder, watch)
        files.check_lfs(folder, found, refuse)
        submodules = [entry for entry in found if entry.is_submodule]
        if submodules and depth >= _DEEPEST:
            raise refuse(f"its submodules are nested more than {_DEEPEST} deep.")
        named = _urls_of_submodules(mirror, commit) if submodules else {}
        for entry in submodules:
            if entry.path not in named:
                raise refuse(f"the submodule {entry.path} has no URL in .gitmodules. Add it, or remove the submodule.")
            self._write_submodule(mirror, entry, named[entry.path], folder, watch, depth=depth, commit=commit)

    def _write_submodule(
        self, parent: Mirror, entry: files.Entry, url: str, folder: Path, watch: Watch, *, depth: int, commit: str
    ) -> None:
        try:
            repository = self.repository(urls.relative_to(parent.repository.url, url))
        except RepositoryRefused as error:
            raise TreeRefused(parent.repository.url, commit, f"its submodule {entry.path}: {error.words}") from error
        mirror = self._mirror(repository)
        mirror.ensure(entry.object, watch)
        mirror.pin(entry.object)
        place = folder / entry.path
        # Files were written before: a link in their place would lead us astray.
        if Path(os.path.realpath(place)) != Path(os.path.realpath(folder)) / entry.path:
            raise TreeRefused(parent.repository.url, commit, f"its submodule {entry.path} lies behind a symbolic link.")
        place.mkdir(parents=True, exist_ok=True)
        self._write(mirror, entry.object, place, watch, depth=depth + 1)

    # --- places

    def _mirror(self, repository: Repository) -> Mirror:
        key = _key(repository)
        return Mirror(repository, self.folder / "mirrors" / f"{key}.git", self.folder / "locks" / key)

    def _trees(self, repository: Repository) -> Path:
        return self.folder / "trees" / _key(repository)


def _urls_of_submodules(mirror: Mirror, commit: str) -> Mapping[str, str]:
    try:
        return files.submodule_urls(mirror, commit)
    except CommandFailed:
        return {}  # there is no .gitmodules


def _key(repository: Repository) -> str:
    return hashlib.sha256(repository.url.encode()).hexdigest()[:24]
