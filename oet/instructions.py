"""What a worker is told over its control socket: what it answers to each request, and what it hands to the main thread.

An instruction is journalled, with its command's id, before it is confirmed, and carried out after that; one that comes twice is
carried out once. The requests: docs/run-directory.md.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

from oet import calling, functions, looking, stopping
from oet.messages import message_of

if TYPE_CHECKING:
    from types import ModuleType

    from oet.control import Taken
    from oet.conversation import Conversation
    from oet.diary import Diary
    from oet.stopping import StopGuard


class Call(NamedTuple):
    """A function to be called in the main thread."""

    function: str
    args: list[Any]
    kwargs: dict[str, Any]
    by: str = ""


class Instructions:
    """Takes requests in the thread of the control socket, and keeps the main thread's next call for it."""

    def __init__(self, diary: Diary, guard: StopGuard, conversation: Conversation, events_seen: int) -> None:
        """`events_seen` is the id of the latest event that the script need not hear."""
        self._diary = diary
        self._guard = guard
        self._conversation = conversation
        self._events_seen = events_seen
        self._lock = threading.Lock()
        """Held while a request is decided on, and while the main thread becomes READY: a stop comes before that or after it."""
        self._commands_seen: set[Any] = set()
        self._calls: SimpleQueue[Call | None] = SimpleQueue()
        self._is_open = False
        self._module: ModuleType | None = None
        self._stop_pause_s = stopping.FIRST_PAUSE_S
        self._operations: dict[str, Callable[[Any, dict[str, Any]], Taken]] = {
            "RUN": self._run,
            "STOP": self._stop,
            "PAUSE": self._pause,
            "RESUME": self._resume,
            "ANSWER": self._answer,
        }

    # For the main thread.

    def become_ready(self, module: ModuleType, *, is_open: bool) -> bool:
        """Say READY, and if `is_open` take a RUN for the module from now on. False if a stop came before."""
        with self._lock:
            if self._guard.is_requested:
                return False
            self._diary.state("READY")
            self._module, self._is_open = module, is_open
        return True

    def next(self) -> Call | None:
        """Wait for what is to be called next; None for a stop."""
        return self._calls.get()

    def close(self) -> None:
        """Take no RUN any more."""
        self._is_open = False

    # For the thread of the control socket.

    def take(self, request: dict[str, Any]) -> Taken:
        """Answer a request, and say what is to be done after that: the main thread may end the process at once."""
        operation, command = request.get("op"), request.get("command")
        if operation == "EVENTS":
            return self._events(request)
        if operation == "LOOK":
            return {"ok": True, **looking.look()}, None
        take = self._operations.get(str(operation))
        if take is None:
            return _refusal(f"unknown operation {operation!r}; {', '.join(self._operations)} LOOK and EVENTS are known")
        if not isinstance(command, (int, str)):
            return _refusal("a command needs an id")
        with self._lock:
            if command in self._commands_seen:
                return {"ok": True, "seen": True}, None
            return take(command, request)

    def insist(self) -> float | None:
        """Called again and again by the control thread: a stop may have come just before a wait that it should have ended."""
        if not self._guard.is_requested:
            return None
        self._guard.insist()
        pause_s, self._stop_pause_s = self._stop_pause_s, min(self._stop_pause_s * 1.5, stopping.LONGEST_PAUSE_S)
        return pause_s

    def _events(self, request: dict[str, Any]) -> Taken:
        """Events, in the order of their ids; what was taken before is passed over. Without any it only says how far it is."""
        events = request.get("events")
        if not isinstance(events, list):
            return _refusal("events is a list")
        messages = [message_of(event) for event in events]
        fresh = [message for message in messages if message.id > self._events_seen]
        self._events_seen = max([self._events_seen, *(message.id for message in fresh)])

        def deliver() -> None:
            for message in fresh:
                self._conversation.deliver(message)

        return {"ok": True, "cursor": self._events_seen}, deliver

    def _run(self, command: Any, request: dict[str, Any]) -> Taken:
        by = str(request.get("by", ""))
        call = Call(str(request.get("function", "")), request.get("args") or [], request.get("kwargs") or {}, by)
        reason = self._why_not(call)
        if reason:
            return _refusal(reason)
        self._write_down(command, "RUN", call.function)
        self._is_open = False
        return {"ok": True}, lambda: self._calls.put(call)

    def _why_not(self, call: Call) -> str | None:
        if self._guard.is_requested:
            return "the script is being stopped"
        if not self._is_open or self._module is None:
            return "the script is busy; it takes the next RUN when it is READY"
        if not isinstance(call.args, list) or not isinstance(call.kwargs, dict):
            return "args is a list and kwargs an object"
        function = functions.find_function(self._module, call.function)
        if function is None:
            return calling.missing(self._module, call.function)
        return calling.misfit(call.function, function, call.args, call.kwargs)

    def _stop(self, command: Any, _request: dict[str, Any]) -> Taken:
        self._write_down(command, "STOP")
        self._is_open = False

        def stop() -> None:
            self._guard.request()
            self._conversation.resume()  # clean-up is not paused
            self._calls.put(None)  # wakes the main thread if it waits, or is about to

        return {"ok": True}, stop

    def _pause(self, command: Any, request: dict[str, Any]) -> Taken:
        if self._guard.is_requested:
            return _refusal("the script is being stopped")
        self._write_down(command, "PAUSE", by=str(request.get("by", "")))
        return {"ok": True}, self._conversation.pause

    def _resume(self, command: Any, request: dict[str, Any]) -> Taken:
        self._write_down(command, "RESUME", by=str(request.get("by", "")))
        return {"ok": True}, self._conversation.resume

    def _answer(self, command: Any, request: dict[str, Any]) -> Taken:
        """The answer is journalled before it is confirmed, and confirmed before the script goes on, perhaps to its end."""
        number, answer, by = request.get("question"), request.get("answer"), str(request.get("by", ""))
        reason = self._conversation.questions.why_not(number, answer)
        if reason:
            return _refusal(reason)
        tell = self._conversation.questions.answer(int(number or 0), str(answer), by)
        if tell is None:
            return _refusal(f"question {number} does not wait for an answer")
        self._commands_seen.add(command)
        with suppress(OSError):  # the answer stands in the journal already, and the script must hear it
            self._write_down(command, "ANSWER", by=by)
        return {"ok": True}, tell

    def _write_down(self, command: Any, operation: str, function: str | None = None, **more: Any) -> None:
        self._diary.append("command", {"command": command, "op": operation, "function": function, **more})
        self._commands_seen.add(command)


def _refusal(reason: str) -> Taken:
    return {"ok": False, "error": reason}, None
