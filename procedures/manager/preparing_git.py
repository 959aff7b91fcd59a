"""Scripts from git: CREATING, then PREP_ENV until the commit's files and, if wanted, its environment are there; then like any other script.

Nothing of this needs to be remembered over a restart but what is in the database: the next manager goes on with PREP_ENV, on the commit
that was found.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TypeVar

from django.db import InterfaceError, OperationalError

from environments.domain.errors import EnvironmentProblem, NotReady
from environments.domain.states import EnvironmentState
from environments.manager import EnvironmentManager
from environments.models import Environment
from environments.selectors import is_unanswered
from oet.rundir import Script
from procedures.manager.context import Context
from procedures.manager.environment_desk import Fetched
from procedures.manager.following import follow
from procedures.manager.git_records import arrive, begin, launcher_of, ready_words, write_progress
from procedures.manager.live import LiveProcedure
from procedures.manager.preparation import GitSource, Preparation
from procedures.manager.spawning import bring_into_being
from procedures.manager.texts import clean_text

log = logging.getLogger(__name__)

T = TypeVar("T")

STOPPED_EARLY = "its environment was still being prepared, and no process existed"
_PROGRESS_PAUSE_S = 0.5
_RETRY_S = 1.0


class _NotWanted(Exception):
    """It is to be stopped."""


class _CannotBeBuilt(Exception):
    """The build of its environment failed; the message has the last lines of the log."""


async def prepare_git(context: Context, live: LiveProcedure, wanted: Preparation, git: GitSource) -> None:
    """Prepare a procedure whose script comes from git, from CREATING on or where a predecessor had left off."""
    live.is_from_git = True
    try:
        fetched = await _script_in_place(context, live, git)
    except (EnvironmentProblem, _CannotBeBuilt) as error:
        live.lost = clean_text(str(error))
    except _NotWanted:
        live.lost = STOPPED_EARLY
    if live.lost:
        live.process.gone.set()
        live.process.spawned.set()
        live.news.set()
        await follow(context, live)
        return
    live.is_pid_due = True
    known = {**wanted.known, "git_repo": fetched.source.repository.url, "git_commit": fetched.source.commit}
    script = Script("filesystem", path=str(fetched.file))
    await bring_into_being(context, live, replace(wanted, script=script, known=known))


async def prepare_git_again(context: Context, live: LiveProcedure) -> None:
    """Go on with PREP_ENV after a restart."""
    wanted = await context.database.read(lambda: context.preparations.read(live.id))
    assert wanted is not None, "only its manager ends a procedure, and has not yet"
    assert wanted.git is not None, "only scripts from git are in PREP_ENV"
    await prepare_git(context, live, wanted, wanted.git)


async def _script_in_place(context: Context, live: LiveProcedure, git: GitSource) -> Fetched:
    """The script's file; what it needs is there and held. Where all of it was there before, this takes one transaction."""
    fetched = await context.desk.at_hand(git.script) or await _fetch(context, live, git)
    taken = await context.database.write(partial(arrive, live=live, git=git, fetched=fetched), [live.id])
    if taken is None:
        live.prepare_command = None
        if git.script.create_env:
            await _environment(context, live, git, fetched)
        else:
            await _persistently(context, live, lambda: context.desk.hold(fetched.source, live.id))
    elif taken.environment is not None:
        _run_in(context, live, taken.environment)
    if live.is_stop_wanted.is_set():
        raise _NotWanted
    return fetched


async def _fetch(context: Context, live: LiveProcedure, git: GitSource) -> Fetched:
    """The script's file. How far git is, is said meanwhile; whoever stops the procedure need not wait for git."""
    await context.database.write(partial(begin, live=live, git=git), [live.id])
    live.prepare_command = None
    said: list[str] = []
    args = git.script.git_args
    work = context.desk.fetch(args.git_repo, args.git_branch, args.git_commit, git.script.path, said.append)
    fetching = asyncio.create_task(work, name=f"fetch {live.id}")
    stopping = asyncio.create_task(live.is_stop_wanted.wait(), name=f"stop of {live.id}")
    try:
        while True:
            await asyncio.wait({fetching, stopping}, timeout=_PROGRESS_PAUSE_S, return_when=asyncio.FIRST_COMPLETED)
            if stopping.done():
                raise _NotWanted
            if fetching.done():
                return fetching.result()
            if said:
                await _say(context, live, f"reading {args.git_repo}: {said[-1]}")
                said.clear()
    finally:
        fetching.cancel()
        stopping.cancel()
        await asyncio.gather(fetching, stopping, return_exceptions=True)


async def _environment(context: Context, live: LiveProcedure, git: GitSource, fetched: Fetched) -> None:
    """Wait until the environment of the commit is READY, and choose the launcher that runs in it."""
    request = partial(context.desk.request, fetched.source, live.id, git.who)
    environment = await _persistently(context, live, request)
    has_failed_before = False
    while True:
        if live.is_stop_wanted.is_set():
            raise _NotWanted
        match environment.state:
            case EnvironmentState.READY:
                try:
                    _run_in(context, live, environment)
                except NotReady:
                    if has_failed_before:
                        raise
                    has_failed_before = True  # its files were lost: the next request builds it again
                    environment = await _persistently(context, live, request)
                    continue
                await _say(context, live, ready_words(environment), environment)
                return
            case EnvironmentState.FAILED:
                raise _CannotBeBuilt(
                    f"the environment of commit {environment.commit[:12]} could not be built (its log: environment "
                    f"{environment.pk}): {environment.reason}"
                )
            case EnvironmentState.EVICTED:
                environment = await _persistently(context, live, request)
                continue
        await _say(context, live, _words(environment), environment)
        await context.desk.wait(live.is_stop_wanted)
        environment = await context.database.read(partial(Environment.objects.get, pk=environment.pk))


def _run_in(context: Context, live: LiveProcedure, environment: Environment) -> None:
    """Choose the launcher that runs in the environment; raises NotReady where its files have been lost."""
    python = EnvironmentManager.from_settings().python_of(environment)
    live.process.launcher = launcher_of(environment)
    context.launchers.provide(live.process.launcher, python)


def _words(environment: Environment) -> str:
    name = f"environment {environment.commit[:7]}"
    if environment.state == EnvironmentState.BUILDING:
        return f"{name} builds"
    if is_unanswered(environment):
        return f"{name} waits: no Celery worker answers. Start one (`make up`), or wait until one is free"
    return f"{name} waits for a builder"


async def _persistently(context: Context, live: LiveProcedure, ask: Callable[[], Awaitable[T]]) -> T:
    """What `ask` answers; a database that cannot be used is asked again until it can, or nobody wants the answer."""
    while True:
        try:
            return await ask()
        except (OperationalError, InterfaceError) as error:
            log.error("procedure %s: the database cannot be used: %s; trying again", live.id, error)  # noqa: TRY400 - an outcome
        with suppress(TimeoutError):
            async with asyncio.timeout(_RETRY_S):
                await live.is_stop_wanted.wait()
                raise _NotWanted


async def _say(context: Context, live: LiveProcedure, words: str, environment: Environment | None = None) -> None:
    """Tell whoever looks at the procedure how far it is, if that is new."""
    written = partial(write_progress, live=live, words=clean_text(words), environment=environment)
    await context.database.write(written, [live.id])
