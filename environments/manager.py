"""EnvironmentManager: the entrance for everybody who runs scripts from git.

First `source`, which may take long (it may have to fetch): from a URL and a branch, tag or commit to the files of one commit. Then
`request`, which is quick: the environment of that commit, READY or on its way; `hooks.on_change` tells when it has moved.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from django.conf import settings
from django.db import transaction

from environments import uses, vital_signs
from environments.builder import Builder
from environments.builds import neglected
from environments.domain.errors import EnvironmentInUse, NoSuchEnvironment, NotReady
from environments.domain.pythons import Python, choose_python
from environments.domain.references import is_full, reference
from environments.domain.states import UNDER_WAY, EnvironmentState
from environments.domain.urls import Repository
from environments.git.manager import GitManager
from environments.installing import InstallSettings
from environments.interpreters import asked, installed
from environments.models import Environment, Use
from environments.places import Places
from environments.project_files import read_project
from environments.running import Watch
from environments.transitions import announce, locked, move


class Sender(Protocol):
    """Tells the builders of a node that an environment is to be built. It may get lost: `nudge` sends again."""

    def __call__(self, environment_id: int, node: str) -> None:
        """Send it."""


@dataclass(frozen=True)
class Source:
    """One commit of a repository, with its files."""

    repository: Repository
    commit: str
    branch: str
    """Branch or tag it was asked by, if any."""
    folder: Path
    """Its files: read-only, shared."""


@dataclass(frozen=True)
class EnvironmentManager:
    """Commits and environments of one node. Holds no state: make one whenever you need it, in any process."""

    node: str
    places: Places
    git: GitManager
    installing: InstallSettings
    build_timeout_s: float
    default_python: Path
    pythons: str
    """OET_ENV_PYTHONS."""
    send: Sender

    @classmethod
    def from_settings(cls, configuration: Any = None) -> "EnvironmentManager":
        """The manager of this node, as OET's settings want it."""
        from environments.tasks import send  # the task needs the manager

        site = configuration or settings.OET
        places = Places(site.home)
        return cls(
            node=site.node,
            places=places,
            git=GitManager(places.git, site.git_allow, site.git_timeout),
            installing=InstallSettings(
                places.cache, tuple(site.env_index_url.split()), site.env_constraints, site.env_system_site_packages
            ),
            build_timeout_s=site.env_timeout,
            default_python=site.python,
            pythons=site.env_pythons,
            send=send,
        )

    # --- commits

    def source(self, url: str, *, branch: str = "", commit: str = "", watch: Watch | None = None) -> Source:
        """The commit that is meant now, with its files; may take as long as `watch` allows (OET_GIT_TIMEOUT by default).

        Raises InvalidSource (the request is wrong), RepositoryUnreachable, TreeRefused, OutOfTime, Cancelled.
        """
        if there := self.source_at_hand(url, branch=branch, commit=commit):
            return there
        repository = self.git.repository(url)
        wanted = reference(branch, commit)
        watch = watch or self.git.watch()
        found = self.git.resolve(repository, wanted, watch)
        return Source(repository, found, wanted.branch, self.git.tree(repository, found, watch))

    def source_at_hand(self, url: str, *, branch: str = "", commit: str = "") -> Source | None:
        """The commit, where it is named in full and its files are there; no program is run, nobody is asked. Raises InvalidSource."""
        repository = self.git.repository(url)
        wanted = reference(branch, commit)
        there = self.git.tree_to_be_used(repository, wanted.commit) if is_full(wanted.commit) else None
        return Source(repository, wanted.commit, wanted.branch, there) if there else None

    def tree_of(self, url: str, commit: str) -> Path | None:
        """The files of a commit, named in full, if they are there; asks nobody."""
        return self.git.tree_of(self.git.repository(url), commit)

    def file_of(self, source: Source, path: str) -> Path:
        """The file that a path in the repository names; raises BadPath, NoSuchFile."""
        return self.git.file_in(source.repository, source.commit, source.folder, path)

    def hold(self, source: Source, holder: str) -> None:
        """Keep the files of the commit for `holder` until it is released; for scripts that need no environment."""
        with transaction.atomic():
            uses.hold(holder, repository=source.repository.url, commit=source.commit, node=self.node)

    # --- environments

    def request(self, source: Source, *, holder: str, who: str = "", is_until_built: bool = False) -> Environment:
        """The environment of the commit, READY or under way, kept for `holder` until it is released.

        What failed or was evicted is built again. Raises NoFittingPython, BadProject.
        """
        python = self._python_for(source)
        now = datetime.now(UTC)
        with transaction.atomic():
            environment, is_new = Environment.objects.get_or_create(
                repository=source.repository.url,
                commit=source.commit,
                python=python.path,
                node=self.node,
                defaults={"python_version": python.version, "requested_at": now, "requested_by": who, "state_at": now},
            )
            branch = locked(environment.pk).branch
            Environment.objects.filter(pk=environment.pk).update(last_used_at=now, branch=source.branch or branch)
            uses.hold(
                holder,
                environment=environment,
                repository=source.repository.url,
                commit=source.commit,
                node=self.node,
                is_until_built=is_until_built,
            )
            environment.refresh_from_db()
            if is_new:
                announce(environment, None)
                self._send_at_commit(environment.pk)
            elif self._must_be_built(environment):
                environment = self._ask_again(environment, who)
            if is_until_built and environment.state == EnvironmentState.READY:
                uses.release(holder)
        return environment

    def take_ready(self, source: Source, *, holder: str) -> Environment | None:
        """The environment of the commit if it is READY, held from now on; None where `request` has more to do than that.

        A few quick statements, to be part of a transaction that the caller has open anyway.
        """
        rows = Environment.objects.filter(
            repository=source.repository.url, commit=source.commit, node=self.node, state=EnvironmentState.READY
        )
        ready = rows.order_by("-last_used_at").only("repository", "commit", "node", "state", "folder", "branch").first()
        if ready is None or not self._interpreter(ready).exists():
            return None
        ready.branch = source.branch or ready.branch
        return ready if self._hold_at_once(source, holder, ready) else None

    def hold_at_once(self, source: Source, *, holder: str) -> bool:
        """`hold`, as `take_ready` does it; False where `hold` has more to do than that."""
        return self._hold_at_once(source, holder, None)

    def release(self, holder: str) -> None:
        """`holder` needs nothing any more. A build that nobody else waits for is given up."""
        uses.release(holder)

    def get(self, environment_id: int) -> Environment:
        """The environment; raises NoSuchEnvironment."""
        found = Environment.objects.filter(pk=environment_id).first()
        if found is None:
            raise NoSuchEnvironment(environment_id)
        return found

    def python_of(self, environment: Environment) -> Path:
        """The interpreter that runs scripts in the environment; raises NotReady, also where its files have been lost."""
        if environment.state != EnvironmentState.READY:
            raise NotReady(environment.pk, environment.state)
        python = self._interpreter(environment)
        if not python.exists():
            raise NotReady(environment.pk, "without its files")
        return python

    # --- for engineers

    def build_ahead(
        self, url: str, *, branch: str = "", commit: str = "", who: str, watch: Watch | None = None
    ) -> Environment:
        """Build an environment before anybody needs it."""
        source = self.source(url, branch=branch, commit=commit, watch=watch)
        return self.request(source, holder=f"ahead:{source.commit}:{who}"[:200], who=who, is_until_built=True)

    def rebuild(self, environment_id: int, who: str = "") -> Environment:
        """Build it anew; raises EnvironmentInUse."""
        with transaction.atomic():
            environment = self._unused(environment_id)
            if environment.state in UNDER_WAY:
                return environment
            now = datetime.now(UTC)
            Use.objects.update_or_create(
                holder=f"ahead:{environment_id}",
                defaults={
                    "environment": environment,
                    "repository": environment.repository,
                    "commit": environment.commit,
                    "node": environment.node,
                    "since": now,
                    "is_until_built": True,
                },
            )
            return self._ask_again(environment, who)

    def evict(self, environment_id: int, reason: str) -> Environment:
        """Remove its files; raises EnvironmentInUse. The next request builds it again."""
        with transaction.atomic():
            environment = self._unused(environment_id)
            if environment.state == EnvironmentState.EVICTED:
                return environment
            gone: dict[str, Any] = {"builder": "", "lease_until": None, "folder": "", "size_bytes": 0, "packages": []}
            return move(environment_id, EnvironmentState.EVICTED, reason=reason, **gone)

    def pin(self, environment_id: int, *, is_pinned: bool) -> None:
        """Never evict it, or treat it as all others again."""
        with transaction.atomic():
            locked(environment_id)
            Environment.objects.filter(pk=environment_id).update(is_pinned=is_pinned)

    # --- for whoever keeps things going

    def nudge(self, *, at_once: bool = False) -> int:
        """Send again what the builders should have begun; how many there were. Cheap: call it every few seconds."""
        found = neglected(
            self.node, at_once=at_once, has_died=partial(vital_signs.have_ceased, self.places.vital_signs)
        )
        for environment in found:
            self._send(environment.pk)
        return len(found)

    def builder(self) -> Builder:
        """What the task uses to build."""
        return Builder(self.places, self.git, self.installing, self.build_timeout_s)

    # ---

    def _hold_at_once(self, source: Source, holder: str, environment: Environment | None) -> bool:
        return uses.hold_at_once(
            holder,
            repository=source.repository.url,
            commit=source.commit,
            node=self.node,
            environment=environment,
        )

    def _python_for(self, source: Source) -> Python:
        """The interpreter of an environment of the commit that is READY, or else the one that fits the project best."""
        ready = Environment.objects.filter(
            repository=source.repository.url, commit=source.commit, node=self.node, state=EnvironmentState.READY
        )
        if there := ready.order_by("-last_used_at").values_list("python", "python_version").first():
            return Python(*there)
        preferred = asked(str(self.default_python))
        return choose_python(
            installed(self.pythons, self.default_python),
            read_project(source.folder).requires_python,
            preferred=preferred.path if preferred else "",
        )

    def _must_be_built(self, environment: Environment) -> bool:
        if environment.state in {EnvironmentState.FAILED, EnvironmentState.EVICTED}:
            return True
        return environment.state == EnvironmentState.READY and not self._interpreter(environment).exists()

    def _ask_again(self, environment: Environment, who: str) -> Environment:
        """Have it built anew; in the caller's transaction."""
        lost = (
            "Its files were gone."
            if environment.state == EnvironmentState.READY and not self._interpreter(environment).exists()
            else ""
        )
        moved = move(
            environment.pk,
            EnvironmentState.REQUESTED,
            reason=lost,
            requested_at=datetime.now(UTC),
            requested_by=who,
            attempts=0,
            builder="",
            lease_until=None,
            folder="",
        )
        self._send_at_commit(environment.pk)
        return moved

    def _send_at_commit(self, environment_id: int) -> None:
        transaction.on_commit(lambda: self._send(environment_id))

    def _send(self, environment_id: int) -> None:
        Environment.objects.filter(pk=environment_id).update(sent_at=datetime.now(UTC))
        self.send(environment_id, self.node)

    def _unused(self, environment_id: int) -> Environment:
        """The environment, locked; raises EnvironmentInUse where anybody but an engineer's own wish holds it."""
        environment = locked(environment_id)
        holders = list(environment.uses.filter(is_until_built=False).values_list("holder", flat=True))
        if holders:
            raise EnvironmentInUse(environment_id, holders)
        environment.uses.all().delete()
        return environment

    def _interpreter(self, environment: Environment) -> Path:
        return self.places.environment(environment.folder) / "bin" / "python"
