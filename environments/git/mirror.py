"""One bare mirror of one repository: fetched only when a commit is not there yet, used offline when it is."""

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from environments.domain.errors import (
    BadReference,
    CommandFailed,
    NoSuchReference,
    RepositoryUnreachable,
)
from environments.domain.references import Reference, candidates, is_full
from environments.domain.urls import Repository
from environments.git.command import ask_git, run_git
from environments.locks import held
from environments.running import Watch

_PREFIX_OF_PINS = "refs/oet/"
_PIN_ATTEMPTS = 20
_PIN_PAUSE_S = 0.05
_ALL_BRANCHES = "+refs/heads/*:refs/heads/*"
_ALL_TAGS = "+refs/tags/*:refs/tags/*"


class Mirror:
    """The mirror of one repository, which may not exist yet. Several processes may use it at once."""

    def __init__(self, repository: Repository, path: Path, lock: Path) -> None:
        self.repository = repository
        self.path = path
        self._lock = lock

    @property
    def exists(self) -> bool:
        """It has been made; it may still be empty."""
        return (self.path / "HEAD").exists()

    def has(self, commit: str) -> bool:
        """The commit, named in full, can be used without asking anybody."""
        if not self.exists:
            return False
        try:
            ask_git(self.path, ["cat-file", "-e", f"{commit}^{{commit}}"])
        except CommandFailed:
            return False
        return True

    def resolve(self, reference: Reference, watch: Watch) -> str:
        """The full name of the commit that is meant, which the mirror then has."""
        if reference.commit:
            return self._resolve_commit(reference.commit, watch)
        commit = self._ask_remote(reference, watch)
        self.ensure(commit, watch)
        return commit

    def ensure(self, commit: str, watch: Watch) -> None:
        """Fetch unless the commit is there; raises NoSuchReference where it is nowhere, RepositoryUnreachable."""
        if self.has(commit):
            return
        with self._fetching(watch) as lock:
            if self.has(commit):  # somebody else fetched it while we waited for the lock
                return
            self._fetch([_ALL_BRANCHES, _ALL_TAGS], watch, lock)
            if not self.has(commit):
                self._fetch_alone(commit, watch, lock)

    def pin(self, commit: str) -> None:
        """Keep the commit for ever, also when its branch is rewritten or deleted."""
        reference = _PREFIX_OF_PINS + commit
        for attempts_left in reversed(range(_PIN_ATTEMPTS)):
            if (self.path / reference).exists():
                return
            try:
                ask_git(self.path, ["update-ref", reference, commit])
            except CommandFailed:  # another procedure pins the same commit at this moment, and holds git's lock
                if not attempts_left:
                    raise
                time.sleep(_PIN_PAUSE_S)
            else:
                return

    # --- which commit is meant

    def _resolve_commit(self, commit: str, watch: Watch) -> str:
        if is_full(commit):
            self.ensure(commit, watch)
            return commit
        found = self._commits_that_begin_with(commit)
        if not found:
            with self._fetching(watch) as lock:
                self._fetch([_ALL_BRANCHES, _ALL_TAGS], watch, lock)
            found = self._commits_that_begin_with(commit)
        if not found:
            raise NoSuchReference("git_commit", f"{self.repository} has no commit {commit}.")
        if len(found) > 1:
            raise BadReference(
                "git_commit", f"{commit} is ambiguous, it begins {len(found)} commits: {', '.join(found[:5])}."
            )
        return found[0]

    def _commits_that_begin_with(self, digits: str) -> list[str]:
        """Never by rev-parse, which would take a branch of that name first."""
        if not self.exists:
            return []
        objects = ask_git(self.path, ["rev-parse", f"--disambiguate={digits}"]).decode().split()
        return [name for name in objects if ask_git(self.path, ["cat-file", "-t", name]).strip() == b"commit"]

    def _ask_remote(self, reference: Reference, watch: Watch) -> str:
        names = candidates(reference.branch) if reference.branch else ["HEAD"]
        patterns = [form for name in names for form in (name, name + "^{}")]
        with self._fetching(watch) as lock:
            listed = self._remote(["ls-remote", "--", self.repository.for_git, *patterns], watch, lock)
        lines = listed.decode(errors="replace").split("\n")  # also names that merely end like ours are listed
        there = {name: commit for commit, _, name in (line.partition("\t") for line in lines)}
        for name in names:
            if commit := there.get(name + "^{}") or there.get(name):
                return commit
        if reference.branch:
            raise NoSuchReference("git_branch", f"{self.repository} has no branch or tag {reference.branch!r}.")
        raise NoSuchReference("git_repo", f"{self.repository} has no default branch: it may be empty. Name a branch.")

    # --- getting it

    @contextmanager
    def _fetching(self, watch: Watch) -> Iterator[int]:
        """Hold the mirror's lock, with the mirror in a state that can be fetched into."""
        with held(self._lock, watch, f"the mirror of {self.repository}") as lock:
            if self.exists:
                self._remove_remains()
            else:
                self._make()
            yield lock

    def _make(self) -> None:
        fresh = self.path.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)  # whoever began it is dead: we hold the lock
        fresh.mkdir(mode=0o700, parents=True)
        ask_git(fresh, ["init", "--quiet", "--bare", "--template=", str(fresh)])
        ask_git(fresh, ["config", "oet.repository", self.repository.url])
        fresh.rename(self.path)

    def _remove_remains(self) -> None:
        """What a git that was killed has left: its locks would stop every other one for ever."""
        for folder in (self.path, self.path / "objects"):
            for remains in (*folder.glob("*.lock"), *folder.glob("gc.pid")):
                remains.unlink(missing_ok=True)
        for remains in (self.path / "refs").rglob("*.lock"):
            remains.unlink(missing_ok=True)
        for remains in (self.path / "objects" / "pack").glob("tmp_*"):
            remains.unlink(missing_ok=True)

    def _fetch(self, refspecs: Sequence[str], watch: Watch, lock: int, *, prune: bool = True) -> None:
        options = ["--progress", "--no-recurse-submodules", "--no-tags", "--force", *(["--prune"] if prune else [])]
        self._remote(["fetch", *options, "--", self.repository.for_git, *refspecs], watch, lock)

    def _fetch_alone(self, commit: str, watch: Watch, lock: int) -> None:
        """A commit that no branch or tag leads to any more: most servers still give it to those who know its name."""
        try:
            self._fetch([f"+{commit}:{_PREFIX_OF_PINS}{commit}"], watch, lock, prune=False)
        except RepositoryUnreachable as error:
            words = f"{self.repository} has no commit {commit}, or does not give it away. Git said: {error.output}"
            raise NoSuchReference("git_commit", words) from error

    def _remote(self, arguments: Sequence[str], watch: Watch, lock: int) -> bytes:
        safe = [self.repository.path, f"{self.repository.path}/.git"] if self.repository.is_local else []
        try:
            return run_git(arguments, git_dir=self.path, watch=watch, safe=safe, keep_open=[lock])
        except CommandFailed as error:
            if error.was_killed:
                raise
            remedy = "A commit that was used before can still be run: name it." if self.exists else ""
            raise RepositoryUnreachable(self.repository.url, error.output, remedy) from error
