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
from environments.manager import EnvironmentManager, Source
from environments.models import Environment
from environments.running import Watch

T = TypeVar("T")

_FETCHES = 32
"""Most of them wait for each other, or for a network."""
_REQUESTS = 4
_NUDGE_S = 3.0
_LONGEST_WAIT_S = 1.0
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
        self._asking = ThreadPoolExecutor(_REQUESTS, thread_name_prefix="environments")
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
            return await asyncio.get_running_loop().run_in_executor(self._fetching, _with_connection, work)
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

        return await asyncio.get_running_loop().run_in_executor(self._fetching, _with_connection, work)

    async def ask(self, question: Callable[[EnvironmentManager], T]) -> T:
        """What `question` answers, in a thread. It is not cancelled half-way."""
        return await asyncio.get_running_loop().run_in_executor(
            self._asking, _with_connection, lambda: question(EnvironmentManager.from_settings())
        )

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
        for executor in (self._fetching, self._asking):
            executor.shutdown(wait=False, cancel_futures=True)


def _with_connection(work: Callable[[], T]) -> T:
    try:
        return work()
    finally:
        connection.close()
