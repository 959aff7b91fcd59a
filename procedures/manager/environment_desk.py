"""The manager's way to commits and environments: what takes long happens in threads of its own, with database connections of their own."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from django.conf import settings
from django.db import connection

from environments import uses
from environments.domain.errors import EnvironmentProblem
from environments.domain.references import is_full
from environments.manager import EnvironmentManager, Source
from environments.models import Environment
from environments.running import Watch
from procedures.domain.scripts import GitScript
from procedures.threads import RequestThreads

T = TypeVar("T")

_FETCHES = 32
"""Most of them wait for each other, or for a network."""
_REQUESTS = 4
_NUDGE_S = 3.0
_LONGEST_WAIT_S = 1.0
_AT_HAND_S = 0.5
"""Files that are at hand are found in a fraction of a millisecond, unless a file system hangs."""
_PREFIX = "procedure:"


@dataclass(frozen=True)
class Fetched:
    """A script from git that can be read."""

    source: Source
    file: Path


def holder(procedure_id: int) -> str:
    """The name under which a procedure holds what it needs."""
    return f"{_PREFIX}{procedure_id}"


class EnvironmentDesk:
    """Hands out commits and environments to the procedures of one manager."""

    def __init__(self) -> None:
        self._fetching = ThreadPoolExecutor(_FETCHES, thread_name_prefix="git")
        self._asking = RequestThreads(_REQUESTS)
        self._news = asyncio.Event()
        self._nudged_at = 0.0

    def ring(self) -> None:
        """Something may have changed: whoever waits for an environment looks at it."""
        self._news.set()
        self._news = asyncio.Event()

    async def wait(self, stop: asyncio.Event) -> None:
        """Return when the bell has rung, when `stop` is set, or after a second; lost messages to builders are sent again meanwhile."""
        if time.monotonic() - self._nudged_at > _NUDGE_S:
            self._nudged_at = time.monotonic()
            await self.ask(lambda manager: manager.nudge())
        waits = [asyncio.create_task(event.wait(), name="environments") for event in (self._news, stop)]
        try:
            await asyncio.wait(waits, timeout=_LONGEST_WAIT_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def at_hand(self, script: GitScript) -> Fetched | None:
        """The script's file, where its commit is named in full and its files are there.

        None where `fetch` has to find it, or to say why it cannot.
        """
        args = script.git_args
        if not is_full(args.git_commit):
            return None

        def look() -> Fetched | None:
            manager = EnvironmentManager.from_settings()
            source = manager.source_at_hand(args.git_repo, branch=args.git_branch, commit=args.git_commit)
            return Fetched(source, manager.file_of(source, script.path)) if source else None

        try:
            async with asyncio.timeout(_AT_HAND_S):
                return await asyncio.get_running_loop().run_in_executor(self._fetching, look)
        except (TimeoutError, EnvironmentProblem, OSError):
            return None

    async def fetch(self, url: str, branch: str, commit: str, path: str, on_progress: Callable[[str], None]) -> Fetched:
        """The file of a commit, fetched if need be; git is ended when this is cancelled. Raises EnvironmentProblem."""
        is_cancelled = threading.Event()

        def work() -> Fetched:
            manager = EnvironmentManager.from_settings()
            watch = Watch(
                settings.OET.git_timeout, "OET_GIT_TIMEOUT", is_cancelled=is_cancelled.is_set, on_progress=on_progress
            )
            source = manager.source(url, branch=branch, commit=commit, watch=watch)
            return Fetched(source, manager.file_of(source, path))

        try:
            return await asyncio.get_running_loop().run_in_executor(self._fetching, work)
        finally:
            is_cancelled.set()

    async def source(
        self,
        url: str,
        branch: str,
        commit: str,
        stop: asyncio.Event,
        on_progress: Callable[[str], None] = lambda _: None,
    ) -> Source:
        """A commit with its files; git is ended when `stop` is set. Raises EnvironmentProblem."""

        def work() -> Source:
            watch = Watch(
                settings.OET.git_timeout, "OET_GIT_TIMEOUT", is_cancelled=stop.is_set, on_progress=on_progress
            )
            return EnvironmentManager.from_settings().source(url, branch=branch, commit=commit, watch=watch)

        return await asyncio.get_running_loop().run_in_executor(self._fetching, work)

    async def ask(self, question: Callable[[EnvironmentManager], T]) -> T:
        """What `question` answers, in a thread. It is not cancelled half-way."""
        return await asyncio.wrap_future(self._asking.submit(lambda: _answer(question)))

    async def hold(self, source: Source, procedure_id: int) -> None:
        """Keep the files of a commit until the procedure is final."""
        await self.ask(lambda manager: manager.hold(source, holder(procedure_id)))

    async def request(self, source: Source, procedure_id: int, who: str) -> Environment:
        """The environment of a commit, READY or on its way, kept until the procedure is final. Raises EnvironmentProblem."""
        return await self.ask(lambda manager: manager.request(source, holder=holder(procedure_id), who=who))

    async def release(self, procedure_id: int) -> None:
        """The procedure is final. A build that nobody else waits for is given up."""
        await self.ask(lambda manager: manager.release(holder(procedure_id)))

    async def release_others(self, live: Iterable[int]) -> None:
        """After a restart: release what procedures hold that are final; a crash came between their end and this."""
        holders = [holder(procedure_id) for procedure_id in live]
        await self.ask(lambda _: uses.release_others(_PREFIX, holders))

    def close(self) -> None:
        """Begin nothing new. Git ends by itself: whoever waited for it was cancelled."""
        self._fetching.shutdown(wait=False, cancel_futures=True)
        self._asking.close()


def _answer(question: Callable[[EnvironmentManager], T]) -> T:
    try:
        return question(EnvironmentManager.from_settings())
    finally:
        connection.close_if_unusable_or_obsolete()  # else the thread keeps it: to open one takes longer than most questions
