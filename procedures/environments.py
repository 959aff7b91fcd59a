"""Environments for people and programs: who may see and manage them, and what is shown of them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.conf import settings

from environments import log, selectors
from environments.domain.errors import EnvironmentProblem, InvalidSource, NoSuchEnvironment
from environments.domain.states import EnvironmentState
from environments.log import LogPart
from environments.manager import EnvironmentManager
from environments.models import Environment
from environments.running import Watch
from procedures.domain.errors import InvalidInput, Refusal
from procedures.domain.people import Actor, Right
from procedures.models import Procedure
from procedures.selectors import procedures_in_environment

if TYPE_CHECKING:
    from django.db.models import QuerySet

LATEST_PROCEDURES = 50
"""How many of those that ran in an environment are shown."""
AHEAD_S = 60.0
"""Longest that a request to build ahead may read a repository; scripts may take OET_GIT_TIMEOUT."""


class EnvironmentRefused(Refusal):
    """The EnvironmentManager refused, in its words."""

    def __init__(self, problem: EnvironmentProblem) -> None:
        self.code = problem.code
        super().__init__(str(problem))


class EnvironmentService:
    """Look at environments, and manage them, on behalf of one Actor. Raises NotAllowed, EnvironmentRefused, InvalidInput."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor

    def all(self, states: Sequence[str] = ()) -> "QuerySet[Environment]":
        """Those in `states` (all of them by default), the most recently requested first."""
        self.actor.require(Right.VIEW)
        found = selectors.environments()
        return found.filter(state__in=states) if states else found

    def get(self, environment_id: int) -> Environment:
        """One of them."""
        found = self.all().filter(pk=environment_id).first()
        if found is None:
            raise EnvironmentRefused(NoSuchEnvironment(environment_id))
        return found

    def log(self, environment_id: int, offset: int, build: int | None) -> LogPart:
        """What its latest build, or that one, wrote from an offset on."""
        self.get(environment_id)
        return log.read(environment_id, build=build, offset=offset)

    def used_by(self, environment_id: int) -> list[Procedure]:
        """The latest procedures that run or ran in it, the newest first."""
        return procedures_in_environment(self.actor, environment_id, LATEST_PROCEDURES)

    def build_ahead(self, repository: str, branch: str, commit: str) -> Environment:
        """Have an environment built before anybody needs it."""
        self.actor.require(Right.ENVIRONMENTS)
        watch = Watch(min(AHEAD_S, settings.OET.git_timeout), "for building ahead; scripts may take OET_GIT_TIMEOUT")
        try:
            made = EnvironmentManager.from_settings().build_ahead(
                repository, branch=branch, commit=commit, who=self.actor.name, watch=watch
            )
        except InvalidSource as fault:
            raise InvalidInput({fault.field: fault.words}) from fault
        except EnvironmentProblem as problem:
            raise EnvironmentRefused(problem) from problem
        return self.get(made.pk)

    def pin(self, environment_id: int, *, is_pinned: bool) -> Environment:
        """Never evict it, or treat it as all others again."""
        return self._manage(environment_id, lambda manager: manager.pin(environment_id, is_pinned=is_pinned))

    def rebuild(self, environment_id: int) -> Environment:
        """Build it anew."""
        return self._manage(environment_id, lambda manager: manager.rebuild(environment_id, self.actor.name))

    def delete(self, environment_id: int) -> Environment:
        """Remove its files; the next request builds it again."""
        reason = f"deleted by {self.actor.name}"
        return self._manage(environment_id, lambda manager: manager.evict(environment_id, reason))

    def _manage(self, environment_id: int, deed: Any) -> Environment:
        self.actor.require(Right.ENVIRONMENTS)
        try:
            deed(EnvironmentManager.from_settings())
        except EnvironmentProblem as problem:
            raise EnvironmentRefused(problem) from problem
        return self.get(environment_id)


def holders(environment: Environment) -> list[str]:
    """Who uses it now, such as `procedure:12`."""
    return list(environment.uses.order_by("pk").values_list("holder", flat=True))


def environment_summary(environment: Environment) -> dict[str, Any]:
    """What lists show of an environment; `users` comes from the selector."""
    return {
        "id": environment.pk,
        "state": environment.state,
        "state_at": _seconds(environment.state_at),
        "reason": environment.reason,
        "is_unanswered": selectors.is_unanswered(environment),
        "git_repo": environment.repository,
        "git_branch": environment.branch,
        "git_commit": environment.commit,
        "python": environment.python,
        "python_version": environment.python_version,
        "node": environment.node,
        "is_pinned": environment.is_pinned,
        "recipe": environment.recipe,
        "size_bytes": environment.size_bytes,
        "users": getattr(environment, "users", 0),
        "requested_by": environment.requested_by,
        "requested_at": environment.requested_at.timestamp(),
        "last_used_at": _seconds(environment.last_used_at),
        "started_at": _seconds(environment.started_at),
        "finished_at": _seconds(environment.finished_at),
        "build": environment.build,
        "log_bytes": environment.log_bytes,
    }


def environment_detail(environment: Environment, procedures: Sequence[Procedure]) -> dict[str, Any]:
    """Its summary, with its packages, who uses it, and the latest procedures that did."""
    packages = [{"name": name, "version": version} for name, version in environment.packages]
    more = {"packages": packages, "holders": holders(environment), "procedures": [row.pk for row in procedures]}
    return environment_summary(environment) | more


def is_building(environment: Environment) -> bool:
    """Its log may still grow."""
    return environment.state in {EnvironmentState.REQUESTED, EnvironmentState.BUILDING}


def _seconds(time: Any) -> float | None:
    return time.timestamp() if time else None
