"""Looking into git repositories for scripts to run: which repositories, which scripts, and what a script says of itself."""

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db.models import Max

from environments.domain.errors import EnvironmentProblem, InvalidSource
from environments.domain.references import is_full
from environments.manager import EnvironmentManager
from environments.models import Environment
from environments.running import Watch
from procedures.domain.errors import InvalidInput, Refusal
from procedures.domain.people import Actor, Right
from procedures.models import Procedure
from procedures.script_files import MAX_LISTED, list_scripts

LOOK_S = 30.0
"""Seconds that reading a repository may take while somebody waits; preparing may take OET_GIT_TIMEOUT."""
_MAX_REPOSITORIES = 20
_LOOKED_THROUGH = 5000


class RepositoryProblem(Refusal):
    """The repository, or the commit, cannot be read now."""

    code = "repository"


@dataclass(frozen=True)
class GitTree:
    """The scripts of one commit."""

    repository: str
    branch: str
    commit: str
    paths: list[str]
    is_cut: bool


class GitBrowser:
    """What an Actor, who may prepare, can look at. Nothing that is looked at is run."""

    def __init__(self, actor: Actor) -> None:
        actor.require(Right.PREPARE)

    def repositories(self) -> list[str]:
        """Those that scripts came from lately, or that the settings name in full."""
        named = [glob for glob in settings.OET.git_allow.split() if not set("*?[") & set(glob)]
        built = Environment.objects.values("repository").annotate(last=Max("requested_at")).order_by("-last")
        latest = Procedure.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        ran = Procedure.objects.filter(pk__gt=latest - _LOOKED_THROUGH, script_type="git").order_by("-pk")
        found = [
            *(row["repository"] for row in built[:_MAX_REPOSITORIES]),
            *(
                (options.get("git_args") or {}).get("git_repo", "")
                for options in ran.values_list("script_options", flat=True)[:100]
            ),
            *named,
        ]
        return [repository for repository in dict.fromkeys(found) if repository][:_MAX_REPOSITORIES]

    def tree(self, repository: str, branch: str, commit: str) -> GitTree:
        """The scripts of the commit that is meant now; may ask the repository. Raises InvalidInput, RepositoryProblem."""
        watch = Watch(
            min(LOOK_S, settings.OET.git_timeout), "for looking at a repository; scripts may take OET_GIT_TIMEOUT"
        )
        try:
            source = EnvironmentManager.from_settings().source(repository, branch=branch, commit=commit, watch=watch)
        except InvalidSource as fault:
            raise InvalidInput({f"script.git_args.{fault.field}": fault.words}) from fault
        except EnvironmentProblem as problem:
            raise RepositoryProblem(str(problem)) from problem
        paths = [path.relative_to(source.folder).as_posix() for path in list_scripts([source.folder])]
        return GitTree(source.repository.url, source.branch, source.commit, paths, len(paths) >= MAX_LISTED)

    def script(self, repository: str, commit: str, path: str) -> Path | None:
        """The file, if its commit is there: nobody is asked. Raises InvalidInput where the path leads elsewhere."""
        if not is_full(commit):
            return None
        manager = EnvironmentManager.from_settings()
        try:
            folder = manager.tree_of(repository, commit)
            return manager.git.file_in(manager.git.repository(repository), commit, folder, path) if folder else None
        except InvalidSource as fault:
            place = "script.script_uri" if fault.field == "script_uri" else f"script.git_args.{fault.field}"
            raise InvalidInput({place: fault.words}) from fault
        except EnvironmentProblem as problem:
            raise RepositoryProblem(str(problem)) from problem
