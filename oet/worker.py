"""The ScriptWorker: loads a script, calls its functions when told to, and writes down what happens.

User code runs in the main thread; a daemon thread serves the control socket. The journal's records, and what is taken on the
control socket: docs/run-directory.md.
"""

from __future__ import annotations

import errno
import inspect
import os
import sys
import threading
import time
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

from oet import (
    StopRequested,
    doorbell,
    ending,
    failures,
    functions,
    inside,
    log_tap,
    looking,
    pubsub_bridge,
    rundir,
    shell,
    stopping,
)
from oet.control import ControlSocket
from oet.conversation import Conversation
from oet.journal import JournalWriter, RecordTooLarge
from oet.messages import message_of
from oet.modules import ModuleFactory
from oet.script_context import ScriptContext

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

    from oet.control import Taken
    from oet.rundir import Spec

MANAGER = "manager"
STATUS_INTERNAL = 70
STATUS_JOURNAL_LOST = 74
EVENT_JOURNAL_LIMIT_BYTES = 256 << 20
_DISK_PATIENCE_S = 10.0
_END_PATIENCE_S = 5.0
_PASSING = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EINTR})


class Run(NamedTuple):
    """An instruction for the main thread: call this function."""

    function: str
    args: list[Any]
    kwargs: dict[str, Any]
    by: str = ""


class _End(Exception):
    """The worker's life is over, with this status; what is to be said about it has been journalled."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(status)


class ScriptWorker:
    """One script in one process, from its birth to `os._exit`."""

    def __init__(self, directory: Path, spec: Spec, in_thread: Callable[[Callable[[], None]], None]) -> None:
        """`in_thread` runs a function in a daemon thread of this process."""
        self._directory = directory
        self._in_thread = in_thread
        self._spec = spec
        self._pid = os.getpid()
        self._guard = stopping.StopGuard()
        self._journal = JournalWriter(directory / rundir.JOURNAL)
        self._instructions: SimpleQueue[Run | None] = SimpleQueue()
        self._taking = threading.Lock()
        self._commands_seen: set[Any] = set()
        self._is_free = False
        self._is_quiet = (
            spec.run is not None and spec.script.type == "shell"
        )  # loading a text takes no time worth telling
        self._stop_pause = stopping.FIRST_PAUSE_S
        self._module: ModuleType | None = None
        self._offered: list[dict[str, Any]] | None = None
        self._appending = threading.local()
        known = {"procedure_id": spec.procedure, **spec.context}
        self._conversation = Conversation(ScriptContext(known), self._say, self._guard.shielded)
        self._events_seen = spec.events_after
        self._inside = inside.Inside(spec.procedure, self._publish, self._guard, self._conversation)
        self._operations: dict[str, Callable[[Any, dict[str, Any]], Taken]] = {
            "RUN": self._take_run,
            "STOP": self._take_stop,
            "PAUSE": self._take_pause,
            "RESUME": self._take_resume,
            "ANSWER": self._take_answer,
        }
        self._control = ControlSocket(directory / rundir.CONTROL, self._take, self._insist)

    def run(self) -> None:
        """Live. Does not return."""
        status = STATUS_INTERNAL
        try:
            status = self._live()
        except _End as end:
            status = end.status
        except BaseException as error:  # noqa: BLE001 - the border of the process: whatever it is must be written down
            self._guard.settle()
            self._record("raised", {"function": None, **failures.describe_exception(error)})
            failures.show(error)
        self._end(status)

    # The life, in the main thread.

    def _live(self) -> int:
        self._guard.install()
        looking.write_stacks_on_signal(self._directory / rundir.STACK)
        inside.enter(self._inside)
        log_tap.install(self._say)
        pubsub_bridge.install(self._conversation)
        self._in_thread(self._control.serve)
        self._state("IDLE")
        self._state("LOADING")
        module = self._load()
        self._state("IDLE")
        if functions.find_function(module, "init"):
            self._state("INITIALISING")
            self._call(Run("init", self._spec.init.args, self._spec.init.kwargs))
            self._describe(module)
        if self._spec.run is not None:
            self._do_errand(Run(self._spec.run.function, self._spec.run.args, self._spec.run.kwargs))
            return 0
        while True:
            self._become_ready()
            if self._obey(self._instructions.get()):
                return 0

    def _load(self) -> ModuleType:
        def load() -> ModuleType:
            if self._spec.script.type == "shell":
                return shell.load(self._spec, self._directory, self._guard)
            factory = ModuleFactory.from_spec(self._spec, self._directory)
            factory.prepare()
            self._inside.module_name = factory.name
            return factory.load()

        module: ModuleType = self._guarded(None, load)
        self._module = module
        self._describe(module)
        return module

    def _describe(self, module: ModuleType) -> None:
        """Say what the script offers; again after `init`, if that has changed it."""
        offered = functions.describe_functions(module)
        if offered == self._offered:
            return
        self._offered = offered
        self._record("loaded", functions.describe_module(module, offered))

    def _become_ready(self) -> None:
        with self._taking:
            if not self._guard.is_requested:
                self._state("READY")
                self._is_free = True
                return
        self._stopped(None)

    def _do_errand(self, run: Run) -> None:
        """Call the function that the spec names, without being told to."""
        with self._taking:
            if not self._guard.is_requested:
                self._state("READY")
        if self._guard.is_requested:
            self._stopped(None)
        assert self._module is not None
        if functions.find_function(self._module, run.function) is None:
            names = ", ".join(item["name"] for item in functions.describe_functions(self._module))
            self._raised(
                None, AttributeError(f"the script has no function {run.function!r}; it has: {names or 'none'}")
            )
        self._is_quiet = False
        self._record("began", {"function": run.function})
        self._call(run)
        if self._guard.is_requested:
            self._stopped(None)
        self._state("READY")
        self._record("ended", {"how": "complete"})

    def _obey(self, instruction: Run | None) -> bool:
        """Carry out an instruction; True if it was the last."""
        if instruction is None:
            self._stopped(None)
            return True
        self._call(instruction)
        if instruction.function != "main":
            return False
        if self._guard.is_requested:
            self._stopped(None)
        self._state("READY")
        self._record("ended", {"how": "complete"})
        return True

    def _call(self, run: Run) -> None:
        def call() -> dict[str, Any]:
            assert self._module is not None
            function = functions.find_function(self._module, run.function)
            if function is None:
                raise AttributeError(f"the script has no function {run.function!r} any more")
            misfit = functions.misfit(run.function, function, run.args, run.kwargs)
            if misfit:
                raise TypeError(misfit)
            args, kwargs = self._arguments(function, run)
            return functions.describe_result(_awaited(function(*args, **kwargs)))

        description = self._guarded(run.function, call)
        self._conversation.flush()
        self._record("returned", {"function": run.function, **description})

    def _arguments(self, function: Callable[..., Any], run: Run) -> tuple[list[Any], dict[str, Any]]:
        """What the function is called with; the context learns of it."""
        context = self._conversation.context
        context.function, context.started_by = run.function, run.by
        subarray_id = functions.argument(function, run.args, run.kwargs, "subarray_id")
        context.subarray_id = context.subarray_id if subarray_id is None else subarray_id
        return functions.with_context(function, run.args, run.kwargs, context)

    def _guarded(self, name: str | None, function: Callable[[], Any]) -> Any:
        """Let user code run; if it does not simply return, write down what happened and end."""
        try:
            return self._guard.expose(function)
        except BaseException as error:  # noqa: BLE001 - the border to user code
            self._guard.settle()
            self._leave_if_forked(error)
            if isinstance(error, StopRequested):
                self._stopped(name)
            if isinstance(error, shell.BodyFailed):
                self._record("exited", {"function": name, "status": error.status, "signal": error.signal})
                raise _End(error.status if error.status is not None else 128 + (error.signal or 0)) from None
            if isinstance(error, SystemExit) and failures.exit_status(error) == 0 and name is not None:
                return functions.describe_result(None)
            return self._raised(name, error)
        finally:
            self._leave_if_forked(None)

    def _leave_if_forked(self, error: BaseException | None) -> None:
        """A process that the script forked came back out of the script: it is not the worker and must not speak for it."""
        if os.getpid() == self._pid:
            return
        if error is not None:
            failures.show(error)
        ending.leave(failures.exit_status(error) if error is not None else 0)

    def _raised(self, name: str | None, error: BaseException) -> None:
        description = failures.describe_exception(error)
        if name is None and isinstance(error, SystemExit):
            description["message"] = f"the script called sys.exit({error.code!r}) while it was being loaded"
        self._record("raised", {"function": name, **description})
        failures.show(error)
        raise _End(failures.exit_status(error))

    def _stopped(self, name: str | None) -> None:
        self._record("stopped", {"function": name})
        raise _End(0)

    def _end(self, status: int) -> None:
        """End like any Python program; one that failed or was stopped is not kept waiting for by its threads."""
        self._is_free = False
        was_stopped = self._guard.is_requested
        try:
            if was_stopped:
                self._guard.retire()
            if status or was_stopped:
                ending.leave_after(_END_PATIENCE_S, status)
            self._guard.expose(ending.run_exit_hooks)
        except BaseException as error:  # noqa: BLE001 - the border to user code
            self._guard.settle()
            if not isinstance(error, StopRequested):
                failures.show(error)
        finally:
            if (
                self._guard.is_requested and not was_stopped
            ):  # also where the exit hooks swallowed it, as Python 3.13's do
                self._record("stopped", {"function": None})
            ending.leave(status)

    # Instructions, in the thread of the control socket.

    def _take(self, request: dict[str, Any]) -> Taken:
        """Answer a request, and say what is to be done after that: the main thread may end the process at once."""
        operation, command = request.get("op"), request.get("command")
        if operation == "EVENTS":
            return self._take_events(request)
        if operation == "LOOK":
            return {"ok": True, **looking.look()}, None
        take = self._operations.get(str(operation))
        if take is None:
            return _refusal(f"unknown operation {operation!r}; {', '.join(self._operations)} LOOK and EVENTS are known")
        if not isinstance(command, (int, str)):
            return _refusal("a command needs an id")
        with self._taking:
            if command in self._commands_seen:
                return {"ok": True, "seen": True}, None
            return take(command, request)

    def _take_events(self, request: dict[str, Any]) -> Taken:
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

    def _take_pause(self, command: Any, request: dict[str, Any]) -> Taken:
        self._write_down(command, "PAUSE", None, by=str(request.get("by", "")))
        return {"ok": True}, self._conversation.pause

    def _take_resume(self, command: Any, request: dict[str, Any]) -> Taken:
        self._write_down(command, "RESUME", None, by=str(request.get("by", "")))
        return {"ok": True}, self._conversation.resume

    def _take_answer(self, command: Any, request: dict[str, Any]) -> Taken:
        """The answer is journalled before it is confirmed, and confirmed before the script goes on, perhaps to its end."""
        number, answer, by = request.get("question"), request.get("answer"), str(request.get("by", ""))
        reason = self._conversation.questions.why_not(number, answer)
        if reason:
            return _refusal(reason)
        tell = self._conversation.questions.answer(int(number or 0), str(answer), by)
        if tell is None:
            return _refusal(f"question {number} does not wait for an answer")
        self._write_down(command, "ANSWER", None, by=by)
        return {"ok": True}, tell

    def _take_stop(self, command: Any, _request: dict[str, Any]) -> Taken:
        self._write_down(command, "STOP", None)
        self._is_free = False

        def stop() -> None:
            self._guard.request()
            self._instructions.put(None)  # wakes the main thread if it waits, or is about to

        return {"ok": True}, stop

    def _take_run(self, command: Any, request: dict[str, Any]) -> Taken:
        by = str(request.get("by", ""))
        run = Run(str(request.get("function", "")), request.get("args") or [], request.get("kwargs") or {}, by)
        reason = self._why_not(run)
        if reason:
            return _refusal(reason)
        self._write_down(command, "RUN", run.function)
        self._is_free = False
        return {"ok": True}, lambda: self._instructions.put(run)

    def _why_not(self, run: Run) -> str | None:
        if self._guard.is_requested:
            return "the script is being stopped"
        if not self._is_free or self._module is None:
            return "the script is busy; it takes the next RUN when it is READY"
        if not isinstance(run.args, list) or not isinstance(run.kwargs, dict):
            return "args is a list and kwargs an object"
        function = functions.find_function(self._module, run.function)
        if function is None:
            names = ", ".join(item["name"] for item in functions.describe_functions(self._module))
            return f"the script has no function {run.function!r}; it has: {names or 'none'}"
        return functions.misfit(run.function, function, run.args, run.kwargs)

    def _write_down(self, command: Any, operation: str, function: str | None, **more: Any) -> None:
        self._append("command", {"command": command, "op": operation, "function": function, **more})
        self._commands_seen.add(command)

    def _insist(self) -> float | None:
        """Called again and again by the control thread: a stop may have come just before a wait that it should have ended."""
        if not self._guard.is_requested:
            return None
        self._guard.insist()
        pause, self._stop_pause = self._stop_pause, min(self._stop_pause * 1.5, stopping.LONGEST_PAUSE_S)
        return pause

    # Writing down.

    def _state(self, state: str) -> None:
        self._record("state", {"state": state})

    def _record(self, topic: str, payload: dict[str, Any]) -> None:
        """Append a record that must not get lost: a full disk is waited for a while, then the process ends."""
        deadline = time.monotonic() + _DISK_PATIENCE_S
        while True:
            try:
                self._append(topic, payload)
            except OSError as error:
                if error.errno not in _PASSING or time.monotonic() > deadline:
                    print(f"OET: the journal cannot be written: {error}", file=sys.__stderr__)
                    ending.leave(STATUS_JOURNAL_LOST)
                time.sleep(0.1)
            else:
                return

    def _append(self, topic: str, payload: dict[str, Any]) -> None:
        self._appending.is_under_way = True
        try:
            self._journal.append(topic, payload)
        finally:
            self._appending.is_under_way = False
        if self._spec.bells and not self._is_quiet:
            doorbell.ring(self._spec.bells, MANAGER)

    def _publish(self, topic: str, payload: Any) -> bool:
        """Journal an event, from whichever thread."""
        return self._say("event", {"topic": topic, "payload": payload})

    def _say(self, topic: str, payload: dict[str, Any]) -> bool:
        """Journal what the script says, from whichever thread; False where it cannot be. A script cannot fill the disk with it.

        A destructor that speaks while its own thread writes a record would wait for itself for ever: it is not heard.
        """
        if self._journal.size_bytes > EVENT_JOURNAL_LIMIT_BYTES or os.getpid() != self._pid:
            return False
        if getattr(self._appending, "is_under_way", False):
            return False
        with self._guard.shielded():
            try:
                self._append(topic, payload)
            except (OSError, RecordTooLarge):
                return False
        return True


def _awaited(result: Any) -> Any:
    """The result of an `async def`; without this it would look as if it had run."""
    if not inspect.iscoroutine(result):
        return result
    import asyncio

    return asyncio.run(result)


def _refusal(reason: str) -> Taken:
    return {"ok": False, "error": reason}, None
