"""The manager's seam to the database: one thread owns the connection, and writes what has gathered in one transaction.

While a transaction is written the next changes gather, so under load many become one (group commit), and without load each is
written at once. A database that is locked, full or gone is tried again until it works: nothing that was handed in is lost.
"""

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import InterfaceError, OperationalError, connection

from procedures.domain.states import FINAL
from procedures.models import Command
from procedures.recorder import ConcurrentChange, Recording, recording

if TYPE_CHECKING:
    from procedures.models import Procedure

log = logging.getLogger(__name__)

T = TypeVar("T")

MAX_GROUP = 64
"""Changes written in one transaction at most, so that nobody waits long for the write lock."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 5.0
_TRIES_AGAINST_OTHERS = 5
_UNAVAILABLE = (OperationalError, InterfaceError)


class DatabaseClosed(Exception):
    """The manager is ending; the change was not written and will be made again by its successor."""


@dataclass(frozen=True)
class Recorded:
    """What the manager's other parts must know of a transaction that was committed."""

    deadlines: Mapping[int, datetime | None]
    """Of procedures, by id."""
    orders: Sequence[Command]
    """Commands that came about in it."""
    topics: Set[str]
    """Of the events in it."""


@dataclass(frozen=True)
class _Job:
    """Something to do with the database, and who waits for it."""

    work: Callable[[Any], Any]
    loads: Sequence[int]
    is_write: bool
    is_fresh: bool
    done: asyncio.Future[Any]


class Database:
    """The thread and its queue. `report(words)` hears what is wrong, and "" when it is well again."""

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._is_closing = threading.Event()
        self._is_ill = False
        self._failure: asyncio.Future[None] = self._loop.create_future()
        self._known: dict[int, Procedure] = {}
        """Live procedures as they were last recorded, so that they need not be read each time: only the manager moves them."""
        self.on_recorded: Callable[[Recorded], None] | None = None
        """Hears what was committed, in the loop."""
        self._thread = threading.Thread(target=self._work, name="database", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    async def watch(self) -> None:
        """Raise what ended the thread, if anything ever does."""
        await self._failure

    async def close(self) -> None:
        """Finish what was handed in, as far as the database lets us, and end the thread."""
        self._is_closing.set()
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    async def read(self, query: Callable[[], T]) -> T:
        """What `query` returns."""
        return await self._hand_in(lambda _: query(), (), is_write=False, is_fresh=False)

    async def write(self, change: Callable[[Recording], T], loads: Iterable[int] = (), *, is_fresh: bool = False) -> T:
        """What `change` returns, once it is committed. It may be called several times, so it must change only the recording.

        `loads` are the ids of procedures it will need, as they were last recorded, or read anew for a decision (`is_fresh`).
        """
        return await self._hand_in(change, tuple(loads), is_write=True, is_fresh=is_fresh)

    async def _hand_in(self, work: Callable[[Any], T], loads: Sequence[int], *, is_write: bool, is_fresh: bool) -> T:
        done: asyncio.Future[T] = self._loop.create_future()
        self._jobs.put(_Job(work, loads, is_write, is_fresh, done))
        return await done

    # In the thread.

    def _work(self) -> None:
        try:
            while (job := self._jobs.get()) is not None:
                group, is_last = self._group(job)
                self._carry_out(group)
                if is_last:
                    break
        except BaseException as error:
            # The border of the thread: without it nothing is recorded, so the process must end and be started anew.
            log.exception("the database thread failed")
            self._loop.call_soon_threadsafe(self._failure.set_exception, error)
            raise
        finally:
            with suppress(*_UNAVAILABLE):
                connection.close()

    def _group(self, first: _Job) -> tuple[list[_Job], bool]:
        """The jobs that wait, and whether the end was among them."""
        group = [first]
        with suppress(queue.Empty):
            while len(group) < MAX_GROUP:
                job = self._jobs.get_nowait()
                if job is None:
                    return group, True
                group.append(job)
        return group, False

    def _carry_out(self, jobs: list[_Job]) -> None:
        """Do the jobs in their order, neighbouring writes together."""
        writes: list[_Job] = []
        for job in jobs:
            if job.is_write:
                writes.append(job)
                continue
            self._write(writes)
            writes = []
            self._persist(lambda job=job: self._finish([job], [job.work(None)]), [job], is_blamed=True)  # type: ignore[misc]
        self._write(writes)

    def _write(self, group: list[_Job]) -> None:
        if not group:
            return
        try:
            self._persist(lambda: self._finish(group, self._recorded(group)), group, is_blamed=len(group) == 1)
        except Exception:
            # One of them is bad; which one is not known, for a database only tells at the end. Each gets a transaction of its own.
            log.exception("a group of %s changes was refused; writing them one by one", len(group))
            for job in group:
                self._persist(lambda job=job: self._finish([job], self._recorded([job])), [job], is_blamed=True)  # type: ignore[misc]

    def _recorded(self, group: list[_Job]) -> list[Any]:
        """Write a group in one transaction; their results."""
        ids = {procedure_id for job in group for procedure_id in job.loads}
        fresh = {procedure_id for job in group if job.is_fresh for procedure_id in job.loads}
        known, self._known = self._known, {}  # until it is committed nothing is known for sure
        used = [known.pop(procedure_id) for procedure_id in ids & known.keys()]
        try:
            with recording() as record:
                record.know(procedure for procedure in used if procedure.pk not in fresh)
                record.load(ids)
                results = [job.work(record) for job in group]
        except _UNAVAILABLE:
            raise
        except Exception as error:
            if used:  # what was known may have been wrong: another try reads it
                raise ConcurrentChange(str(error)) from error
            raise
        self._known = known
        for procedure in record.procedures:
            if procedure.state not in FINAL:
                self._known[procedure.pk] = procedure
        if self.on_recorded is not None:
            deadlines = {procedure.pk: procedure.deadline_at for procedure in record.procedures}
            self._loop.call_soon_threadsafe(self.on_recorded, Recorded(deadlines, record.orders, record.topics))
        return results

    def _persist(self, attempt: Callable[[], None], jobs: list[_Job], *, is_blamed: bool) -> None:
        """Try until the database lets us. Any other error goes to those who wait for the `jobs` if they are to blame, else up."""
        pause_s, conflicts = _FIRST_PAUSE_S, 0
        while True:
            try:
                attempt()
            except _UNAVAILABLE as error:
                self._fell_ill(error)
                if self._is_closing.wait(pause_s):
                    self._fail(jobs, DatabaseClosed(str(error)))
                    return
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
            except Exception as error:
                conflicts += 1
                if isinstance(error, ConcurrentChange) and conflicts < _TRIES_AGAINST_OTHERS:
                    continue
                if not is_blamed:
                    raise
                self._fail(jobs, error)
                return
            else:
                self._recovered()
                return

    def _fell_ill(self, error: Exception) -> None:
        words = f"the database cannot be used: {error}"
        log.error("%s; trying again", words)
        self._is_ill = True
        self._loop.call_soon_threadsafe(self._report, words)
        with suppress(*_UNAVAILABLE):
            connection.close()

    def _recovered(self) -> None:
        if self._is_ill:
            self._is_ill = False
            log.info("the database can be used again")
            self._loop.call_soon_threadsafe(self._report, "")

    def _finish(self, jobs: list[_Job], results: list[Any]) -> None:
        def tell() -> None:
            for job, result in zip(jobs, results, strict=True):
                if not job.done.done():
                    job.done.set_result(result)

        self._loop.call_soon_threadsafe(tell)

    def _fail(self, jobs: list[_Job], error: Exception) -> None:
        def tell() -> None:
            for job in jobs:
                if not job.done.done():
                    job.done.set_exception(error)

        self._loop.call_soon_threadsafe(tell)
