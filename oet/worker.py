"""The ScriptWorker: loads a script, calls its functions when told to, and writes down what happens.

User code runs in the main thread; a daemon thread serves the control socket (`instructions`). The journal's records:
docs/run-directory.md.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Callable

from oet import (
    StopRequested,
    calling,
    ending,
    failures,
    functions,
    inside,
    log_tap,
    looking,
    pubsub_bridge,
    rundir,
    shell,
)
from oet.control import ControlSocket
from oet.conversation import Conversation
from oet.diary import Diary
from oet.instructions import Call, Instructions
from oet.modules import ModuleFactory
from oet.script_context import ScriptContext
from oet.stopping import StopGuard

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

    from oet.rundir import Spec

STATUS_INTERNAL = 70
_END_PATIENCE_S = 5.0


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
        self._guard = StopGuard()
        # To load a text takes no time worth telling.
        is_text_alone = spec.run is not None and spec.script.type == "shell"
        self._diary = Diary(directory / rundir.JOURNAL, spec.bells, self._guard, is_quiet=is_text_alone)
        known = {"procedure_id": spec.procedure, **spec.context}
        self._conversation = Conversation(ScriptContext(known), self._diary.say, self._guard)
        self._inside = inside.Inside(spec.procedure, self._diary.publish, self._guard, self._conversation)
        self._instructions = Instructions(self._diary, self._guard, self._conversation, spec.events_after)
        self._control = ControlSocket(directory / rundir.CONTROL, self._instructions.take, self._instructions.insist)
        self._offered: list[dict[str, Any]] | None = None

    def run(self) -> None:
        """Live. Does not return."""
        status = STATUS_INTERNAL
        try:
            status = self._live()
        except _End as end:
            status = end.status
        except BaseException as error:  # noqa: BLE001 - the border of the process: whatever it is must be written down
            self._guard.settle()
            self._diary.record("raised", {"function": None, **failures.describe_exception(error)})
            failures.show(error)
        self._end(status)

    def _live(self) -> int:
        self._wake_up()
        self._diary.state("IDLE")
        self._diary.state("LOADING")
        module = self._load()
        self._diary.state("IDLE")
        if functions.find_function(module, "init"):
            self._diary.state("INITIALISING")
            self._call(module, Call("init", self._spec.init.args, self._spec.init.kwargs))
            self._describe(module)
        if self._spec.run is not None:
            self._do_errand(module, Call(self._spec.run.function, self._spec.run.args, self._spec.run.kwargs))
        else:
            self._obey(module)
        return 0

    def _wake_up(self) -> None:
        """Become what a script may talk to, stop and look at."""
        self._guard.install()
        looking.write_stacks_on_signal(self._directory / rundir.STACK)
        inside.enter(self._inside)
        log_tap.install(self._diary.say)
        pubsub_bridge.install(self._conversation)
        self._in_thread(self._control.serve)

    def _load(self) -> ModuleType:
        def load() -> ModuleType:
            if self._spec.script.type == "shell":
                return shell.load(self._spec, self._directory, self._guard)
            factory = ModuleFactory.from_spec(self._spec, self._directory)
            factory.prepare()
            self._inside.module_name = factory.name
            return factory.load()

        module: ModuleType = self._guarded(None, load)
        self._describe(module)
        return module

    def _describe(self, module: ModuleType) -> None:
        """Say what the script offers; again after `init`, if that has changed it."""
        offered = functions.describe_functions(module)
        if offered == self._offered:
            return
        self._offered = offered
        self._diary.record("loaded", functions.describe_module(module, offered))

    def _do_errand(self, module: ModuleType, errand: Call) -> None:
        """Call the function that the spec names, without being told to."""
        if not self._instructions.become_ready(module, is_open=False):
            self._stopped(None)
        if functions.find_function(module, errand.function) is None:
            self._raised(None, AttributeError(calling.missing(module, errand.function)))
        self._diary.is_quiet = False
        self._diary.record("began", {"function": errand.function})
        self._call(module, errand)
        self._complete()

    def _obey(self, module: ModuleType) -> None:
        """Call what is asked for, until `main` has returned."""
        while self._instructions.become_ready(module, is_open=True):
            call = self._instructions.next()
            if call is None:
                break
            self._call(module, call)
            if call.function == "main":
                self._complete()
                return
        self._stopped(None)

    def _call(self, module: ModuleType, wanted: Call) -> None:
        def call() -> dict[str, Any]:
            function = functions.find_function(module, wanted.function)
            if function is None:
                raise AttributeError(f"the script has no function {wanted.function!r} any more")
            misfit = calling.misfit(wanted.function, function, wanted.args, wanted.kwargs)
            if misfit:
                raise TypeError(misfit)
            context = self._conversation.context
            context.started_by = wanted.by
            result = calling.call(wanted.function, function, wanted.args, wanted.kwargs, context)
            return functions.describe_result(result)

        description = self._guarded(wanted.function, call)
        self._conversation.flush()
        self._diary.record("returned", {"function": wanted.function, **description})

    # The border to user code.

    def _guarded(self, name: str | None, function: Callable[[], Any]) -> Any:
        """Let user code run; if it does not simply return, write down what happened and end."""
        try:
            return self._guard.expose(function)
        except BaseException as error:  # noqa: BLE001 - the border to user code
            self._guard.settle()
            self._leave_if_forked(error)
            self._conversation.flush()  # its last words
            if isinstance(error, StopRequested):
                self._stopped(name)
            if isinstance(error, shell.BodyFailed):
                self._diary.record("exited", {"function": name, "status": error.status, "signal": error.signal})
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

    # Ends.

    def _complete(self) -> None:
        if self._guard.is_requested:
            self._stopped(None)
        self._diary.state("READY")
        self._diary.record("ended", {"how": "complete"})

    def _raised(self, name: str | None, error: BaseException) -> None:
        description = failures.describe_exception(error)
        if name is None and isinstance(error, SystemExit):
            description["message"] = f"the script called sys.exit({error.code!r}) while it was being loaded"
        self._diary.record("raised", {"function": name, **description})
        failures.show(error)
        raise _End(failures.exit_status(error))

    def _stopped(self, name: str | None) -> None:
        self._diary.record("stopped", {"function": name})
        raise _End(0)

    def _end(self, status: int) -> None:
        """End like any Python program; one that failed or was stopped is not kept waiting for by its threads."""
        self._instructions.close()
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
            # Also where the exit hooks swallowed it, as Python 3.13's do.
            if self._guard.is_requested and not was_stopped:
                self._diary.record("stopped", {"function": None})
            ending.leave(status)
