"""Commits and environments that a trial needs, fetched and built before its first script starts, so that no timeout counts them."""

import asyncio
from functools import partial
from pathlib import Path

from environments.domain.errors import EnvironmentProblem
from environments.domain.states import EnvironmentState
from environments.models import Environment
from procedures.domain.scripts import GitArgs, GitScript
from procedures.manager.context import Context
from trials.manager.beginning import Plan


class CannotPrepare(Exception):
    """A commit cannot be read, or an environment cannot be built; in words."""


async def check_out(context: Context, git: GitArgs, stop: asyncio.Event) -> Path:
    """The folder with the files of a commit: shared, and not to be changed. Raises CannotPrepare."""
    try:
        source = await context.desk.source(git.git_repo, git.git_branch, git.git_commit, stop)
    except EnvironmentProblem as problem:
        raise CannotPrepare(str(problem)) from problem
    return source.folder


async def prepare_environments(context: Context, plan: Plan, stop: asyncio.Event) -> None:
    """Wait until the commits, and the environments, of all scripts from git are there. Raises CannotPrepare."""
    scripts = {key: plan.spec.scripts[key].executable for key in plan.procedures}
    wanted = [
        _prepare(context, script, plan.procedures[key], plan.who, stop)
        for key, script in scripts.items()
        if isinstance(script, GitScript)
    ]
    for work in await asyncio.gather(*wanted, return_exceptions=True):
        if isinstance(work, BaseException):
            raise work


async def _prepare(context: Context, script: GitScript, procedure_id: int, who: str, stop: asyncio.Event) -> None:
    git = script.git_args
    try:
        source = await context.desk.source(git.git_repo, git.git_branch, git.git_commit, stop)
        if not script.create_env:
            await context.desk.hold(source, procedure_id)
            return
        environment = await context.desk.request(source, procedure_id, who)
    except EnvironmentProblem as problem:
        raise CannotPrepare(str(problem)) from problem
    while environment.state != EnvironmentState.READY:
        if stop.is_set():
            raise CannotPrepare("it was aborted while an environment was being built")
        if environment.state in {EnvironmentState.FAILED, EnvironmentState.EVICTED}:
            words = f"the environment of commit {environment.commit[:12]} could not be built (its log: environment"
            raise CannotPrepare(f"{words} {environment.pk}): {environment.reason}")
        await context.desk.wait(stop)
        environment = await context.database.read(partial(Environment.objects.get, pk=environment.pk))
