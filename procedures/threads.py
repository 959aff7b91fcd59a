"""Threads that run requests, or ask the database. They are kept, and with them their connections, which cost more to open than to use."""

import queue
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from django.db import connections

T = TypeVar("T")
Job = tuple[Future[Any], Callable[[], Any]]

IDLE_S = 60.0


class RequestThreads:
    """At most `limit` threads, made when they are needed; the one that was used last is used first.

    They are daemons: a process that ends does not wait for a request that waits for an answer.
    """

    def __init__(self, limit: int, idle_s: float = IDLE_S) -> None:
        self._limit = limit
        self._idle_s = idle_s
        self._lock = threading.Lock()
        self._count = 0
        self._idle: list[queue.SimpleQueue[Job | None]] = []
        self._waiting: deque[Job] = deque()
        self._is_closed = False

    def submit(self, function: Callable[[], T]) -> Future[T]:
        """Run `function` in a thread, when one is free."""
        future: Future[T] = Future()
        job: Job = (future, function)
        with self._lock:
            if self._idle:
                self._idle.pop().put(job)
            elif self._count < self._limit:
                name = f"request {self._count + 1}"
                threading.Thread(target=self._work, args=(job,), name=name, daemon=True).start()
                self._count += 1  # only now: the machine may have no thread left
            else:
                self._waiting.append(job)
        return future

    @property
    def idle(self) -> int:
        """How many threads have nothing to do."""
        return len(self._idle)

    def close(self) -> None:
        """End the threads that have nothing to do, and the others when they have done what they are at."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, []
            self._count -= len(idle)
        for inbox in idle:
            inbox.put(None)

    def _work(self, first: Job) -> None:
        inbox: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        job: Job | None = first
        while job is not None:
            _run(*job)
            del job  # it holds the answer
            job = self._next(inbox)
        connections.close_all()

    def _next(self, inbox: queue.SimpleQueue[Job | None]) -> Job | None:
        """What this thread is to do; None if it was not needed for a while."""
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            if self._is_closed:
                self._count -= 1
                return None
            self._idle.append(inbox)
        try:
            return inbox.get(timeout=self._idle_s)
        except queue.Empty:
            with self._lock:
                if inbox in self._idle:
                    self._idle.remove(inbox)
                    self._count -= 1
                    return None
            return inbox.get()  # somebody has just chosen this thread


def _run(future: Future[T], function: Callable[[], T]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(function())
    except BaseException as error:  # noqa: BLE001 - handed on to whoever waits for the result
        future.set_exception(error)
