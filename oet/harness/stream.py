"""The events of one run on their way to the sinks, and inside OET to the journal: numbered, in order, one after the other."""

from __future__ import annotations

import os
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any, Callable

from oet.harness import events, seam
from oet.harness.events import Event, bounded
from oet.harness.interruptions import shielded
from oet.harness.phases import RUN_ACTION
from oet.harness.plain import cut
from oet.harness.sinks import Sinks
from oet.thinning import Thinner

if TYPE_CHECKING:
    from oet.harness.context import Callee


class EventStream:
    """Threads may share it. A process that the script forked is not the run, and says nothing."""

    def __init__(self, script: str, total: int, sinks: Sinks) -> None:
        self.run_id = uuid.uuid4().hex
        self._script = script
        self._total = total
        self._sinks = sinks
        self._seq = 0
        self._pid = os.getpid()
        self._lock = threading.RLock()
        publish = seam.publisher()
        self._journal = None if publish is None else Sinks([_Journal(publish)])
        self._thinner = None if publish is None else Thinner(self._write_held, shielded)

    def emit(self, kind: str, phase: str | None = None, place: tuple[str, int] | None = None, **data: Any) -> None:
        """Tell about something; `place` is the name and index of the action it belongs to."""
        if self._is_elsewhere():
            return
        with shielded(), self._lock:
            self._emit(kind, phase, place, data)

    def start_action(self, callee: Callee, start_time: float) -> None:
        """action_started; from now on progress counts."""
        if self._is_elsewhere():
            return
        with shielded(), self._lock:
            callee.is_reporting = True
            self._emit(events.ACTION_STARTED, RUN_ACTION, _place(callee), {"start_time": start_time})

    def finish_action(self, callee: Callee, data: dict[str, Any]) -> None:
        """action_finished, after the last progress; from now on progress, from left-over threads, is dropped."""
        if self._is_elsewhere():
            return
        with shielded(), self._lock:
            if self._thinner is not None:
                self._thinner.flush()
            callee.is_reporting = False
            self._emit(events.ACTION_FINISHED, RUN_ACTION, _place(callee), data)

    def progress(self, callee: Callee, fraction: float | None, message: str, extra: dict[str, Any]) -> None:
        """action_progress. Cheap where only the journal listens, which gets a few of very many."""
        if self._is_elsewhere():
            return
        if self._sinks:
            with shielded(), self._lock:
                if not callee.is_reporting:
                    return
                event = self._progress(callee, fraction, message, extra, time.time())
                self._sinks.deliver(event)
                if self._thinner is not None:
                    self._thinner.offer((callee, event))
        elif self._thinner is not None:
            self._thinner.offer((callee, fraction, message, extra, time.time()))

    def close(self) -> None:
        """Nothing follows."""
        if self._thinner is not None:
            self._thinner.close()

    def _emit(self, kind: str, phase: str | None, place: tuple[str, int] | None, data: dict[str, Any]) -> None:
        event = self._event(kind, phase, place, bounded(data), time.time())
        self._sinks.deliver(event)
        if self._journal is not None:
            self._journal.deliver(event)

    def _progress(
        self, callee: Callee, fraction: float | None, message: str, extra: dict[str, Any], at: float
    ) -> Event:
        data = {"fraction": fraction, "message": cut(message, events.MESSAGE_CHARACTERS), **extra}
        return self._event(events.ACTION_PROGRESS, RUN_ACTION, _place(callee), data, at)

    def _event(
        self, kind: str, phase: str | None, place: tuple[str, int] | None, data: dict[str, Any], at: float
    ) -> Event:
        self._seq += 1
        name, index, total = (*place, self._total) if place is not None else (None, None, None)
        return Event(kind, self._seq, at, self._script, self.run_id, phase, name, index, total, data)

    def _is_elsewhere(self) -> bool:
        """True in a process that the script forked, where the lock may be held by a thread that is not there."""
        return os.getpid() != self._pid

    def _write_held(self, take: Callable[[], Any]) -> None:
        """Journal the newest progress; called by the Thinner."""
        with shielded(), self._lock:
            held = take()
            if held is None or not held[0].is_reporting or self._journal is None:
                return
            event = held[1] if isinstance(held[1], Event) else self._progress(*held)
            self._journal.deliver(event)


class _Journal:
    """The sink that journals every event under its topic."""

    def __init__(self, publish: Callable[[str, Any], bool]) -> None:
        self._publish = publish

    def __call__(self, event: Event) -> None:
        payload = event.fields()
        self._publish(events.TOPICS[payload.pop("type")], payload)


def _place(callee: Callee) -> tuple[str, int] | None:
    action = callee.context.action
    return None if action is None or callee.index is None else (action.name, callee.index)
