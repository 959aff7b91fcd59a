"""What a script can ask of the OET that runs it. "Inside" is a ScriptWorker; the child processes of a script are not inside."""

from __future__ import annotations

import os
import sys
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Callable

if TYPE_CHECKING:
    from types import ModuleType

    from oet.stopping import StopGuard

_WAITING_MESSAGES = 1000


class Inside:
    """The worker as the script sees it."""

    def __init__(self, procedure: int, publish: Callable[[str, Any], bool], guard: StopGuard | None = None) -> None:
        self.procedure = procedure
        self.guard = guard
        self.module_name = ""
        self.publish = publish
        self._pid = os.getpid()
        self._subscribers: dict[str, list[SimpleQueue[Any]]] = {}

    @property
    def is_here(self) -> bool:
        """False in a process that the script forked."""
        return os.getpid() == self._pid

    def subscribe(self, topic: str) -> SimpleQueue[Any]:
        """A queue for the messages of a topic."""
        queue: SimpleQueue[Any] = SimpleQueue()
        self._subscribers.setdefault(topic, []).append(queue)
        return queue

    def deliver(self, topic: str, payload: Any) -> None:
        """Hand a message to the subscribers; one that has a thousand waiting misses it."""
        for queue in self._subscribers.get(topic, []):
            if queue.qsize() < _WAITING_MESSAGES:
                queue.put(payload)


_current: Inside | None = None


def enter(inside: Inside) -> None:
    """Declare this process a ScriptWorker."""
    global _current
    _current = inside


def current() -> Inside | None:
    """The worker this code runs in; None outside of OET and in child processes of a script."""
    return _current if _current is not None and _current.is_here else None


def procedure_id() -> int | None:
    """The id of the Procedure this script is; None outside."""
    here = current()
    return here.procedure if here else None


def script_module() -> ModuleType | None:
    """The module of the script, also while it is being imported; None outside."""
    here = current()
    return sys.modules.get(here.module_name) if here else None


def publish(topic: str, payload: Any = None) -> bool:
    """Publish a message on OET's event log; False outside, or where it was dropped (too many, too large, disk full).

    TypeError or ValueError where the payload is not JSON.
    """
    here = current()
    return here.publish(topic, payload) if here else False


def subscribe(topic: str) -> SimpleQueue[Any]:
    """A queue that gets the payload of every message sent to this script under `topic`; outside, nothing ever comes."""
    here = current()
    return here.subscribe(topic) if here else SimpleQueue()
