"""One run of a script: the phases in their order, what exceptions mean for them, and what is told about it."""

from __future__ import annotations

import os
import time
from collections import Counter
from typing import TYPE_CHECKING, NoReturn

from oet.harness import events, outcome
from oet.harness.action import describe_callable
from oet.harness.context import Callee, Context, calling
from oet.harness.errors import ScriptHarnessFatal, StopRequested
from oet.harness.functions import call
from oet.harness.interruptions import Watch, exposed
from oet.harness.phases import ACTION_PHASES, POST_ACTION, POST_FATAL, POST_RUN, PRE_ACTION, PRE_RUN, RUN_ACTION
from oet.harness.status import SKIPPED, Status
from oet.harness.stream import EventStream

if TYPE_CHECKING:
    from oet.harness.action import Action
    from oet.harness.listeners import Listener
    from oet.harness.script import Script


class Run:
    """Made by `Script.run`, in a shielded block, and used once."""

    def __init__(self, script: Script, error_exit_code: int) -> None:
        self.statuses: dict[str, Status | None] = {}
        """How each action that had its turn ended; None for one that was skipped."""
        self._script = script
        self._error_exit_code = error_exit_code
        self._stream = EventStream(script.name, len(script.actions), script.sinks)
        self._watch = Watch()
        self._pid = os.getpid()
        self._clock = time.monotonic()
        self._phase: str | None = None
        self._place: tuple[str, int] | None = None
        self._action: Action | None = None

    def carry_out(self) -> None:
        """Go through all phases; whatever ends the run comes out, after the POST_FATAL listeners where they are due."""
        error: BaseException | None = None
        self._tell_start()
        try:
            self._script.announce()
            self._walk()
        except BaseException as caught:
            if os.getpid() != self._pid:  # a process that the script forked: it parks no telescope
                raise
            error = caught
            self._count(outcome.status_of(caught))
            if self._is_fatal(caught):
                self._watch.keep(caught)
                self._call_post_fatal()
            raise
        finally:
            if os.getpid() == self._pid:
                self._tell_end(error)

    def tell_change(self, path: str, message: str) -> None:
        """A change of the configuration."""
        self._stream.emit(events.CONFIG_CHANGED, self._phase, self._place, path=path, message=message)

    # The way through the phases.

    def _walk(self) -> None:
        self._call_listeners(PRE_RUN)
        for index, action in enumerate(self._script.actions, 1):
            self._check()
            self._place, self._action = (action.name, index), action
            self._take_turn(action)
            self._place = self._action = None
        self._check()
        self._call_listeners(POST_RUN)
        self._check()
        self._script.logger.info("Done.")
        self._phase = None

    def _take_turn(self, action: Action) -> None:
        if not action.enabled:
            self._script.logger.info("### Skipping action %s", action.name)
            self.statuses[action.name] = None
            self._stream.emit(events.ACTION_SKIPPED, None, self._place)
            return
        self._call_listeners(PRE_ACTION)
        self._check()
        self._script.logger.info("### Running action %s", action.name)
        self._run_action(action)
        self._call_listeners(POST_ACTION)
        self._phase = None

    def _run_action(self, action: Action) -> None:
        callee = self._enter(RUN_ACTION)
        try:
            with calling(callee):
                status = Status(action.run(callee.context))
        except BaseException as error:
            status = outcome.status_of(error)
            raise
        finally:
            self.statuses[action.name] = status
            self._count(status)
        self._check()

    def _call_listeners(self, phase: str) -> None:
        callee = self._enter(phase)
        for listener in self._script.listeners.walk(phase, self._name):
            try:
                self._call(listener, callee)
            except BaseException as error:
                self._tell_failure(listener, error)
                raise
            self._check()

    def _call_post_fatal(self) -> None:
        """Every matching listener has its turn, whatever the others do; the exception that led here is the one that leaves."""
        self._script.note(fatal_action=self._action if self._phase in ACTION_PHASES else None)
        fatal_name = self._name
        callee = self._enter(POST_FATAL)
        for listener in self._script.listeners.walk(POST_FATAL, fatal_name):
            began = time.monotonic()
            try:
                self._watch.forgo()
                self._call(listener, callee)
                self._tell_done(listener, began)
            except BaseException as error:  # the border to a listener: the dome must be closed even if parking failed
                if os.getpid() != self._pid:
                    raise
                self._watch.keep(error)
                self._count(outcome.status_of(error))
                self._tell_failure(listener, error)
                name = describe_callable(listener.callback)
                self._script.logger.exception("### Listener %s of %s failed", name, POST_FATAL)

    # One step.

    def _enter(self, phase: str) -> Callee:
        """Begin a phase: its event, and the Context that everybody called in it shares."""
        self._phase = phase
        script = self._script
        action = self._action if phase in ACTION_PHASES else None
        context = Context(script, script.config, script.logger, action, phase)
        self._stream.emit(events.PHASE, phase, self._place)
        return Callee(context, self._stream, self._place[1] if self._place else None)

    def _call(self, listener: Listener, callee: Callee) -> None:
        with calling(callee):
            exposed(lambda: call(listener.callback, callee.context))
        if os.getpid() != self._pid:
            self._leave()

    def _check(self) -> None:
        """Between all calls: a stop that arrived meanwhile, or that the author's code swallowed, takes effect now."""
        if os.getpid() != self._pid:
            self._leave()
        self._watch.check()

    def _leave(self) -> NoReturn:
        """A process that the script forked came back: it must not go on as if it were the script."""
        raise SystemExit(0)

    def _is_fatal(self, error: BaseException) -> bool:
        if isinstance(error, (ScriptHarnessFatal, StopRequested)):
            return True
        return self._script.is_crash_fatal and isinstance(error, Exception)

    @property
    def _name(self) -> str | None:
        return self._place[0] if self._place else None

    # What is remembered and told.

    def _count(self, status: Status) -> None:
        self._script.note(worst_status=max(self._script.worst_status, status))

    def _tell_start(self) -> None:
        actions = [
            {"name": action.name, "enabled": bool(action.enabled), "groups": list(action.action_groups)}
            for action in self._script.actions
        ]
        self._stream.emit(events.RUN_STARTED, actions=actions)

    def _tell_failure(self, listener: Listener, error: BaseException) -> None:
        words = {"listener": describe_callable(listener.callback), "error": outcome.words_of(error)}
        self._stream.emit(events.LISTENER_FAILED, self._phase, self._place, **words)

    def _tell_done(self, listener: Listener, began: float) -> None:
        """Of the listeners of POST_FATAL people want to know that each has had its turn."""
        words = {"listener": describe_callable(listener.callback), "duration": time.monotonic() - began}
        self._stream.emit(events.LISTENER_DONE, self._phase, self._place, **words)

    def _tell_end(self, error: BaseException | None) -> None:
        worst = self._script.worst_status
        exit_code = self._error_exit_code if worst is Status.ERROR else 0
        self._stream.emit(
            events.RUN_FINISHED,
            exit_code=exit_code if error is None else outcome.exit_code_of(error),
            worst_status=int(worst),
            status_name=worst.name,
            counts=Counter(SKIPPED if status is None else status.name for status in self.statuses.values()),
            duration=time.monotonic() - self._clock,
        )
        self._stream.close()
