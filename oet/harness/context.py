"""What every function and every listener is given: a Context, and the place in the run it belongs to."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple

from oet.harness.errors import ScriptHarnessException
from oet.harness.phases import ALL_PHASES

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator

    from oet.harness.action import Action
    from oet.harness.script import Script
    from oet.harness.stream import EventStream


class _Fields(NamedTuple):
    script: Script
    config: dict[str, Any]
    logger: logging.Logger
    action: Action | None
    phase: str


class Context(_Fields):
    """The script, its configuration, its logger, the action (None in pre_run, post_run and post_fatal) and the phase."""

    __slots__ = ()

    def __new__(
        cls, script: Script, config: dict[str, Any], logger: logging.Logger, action: Action | None, phase: str
    ) -> Context:
        """Make a Context; ScriptHarnessException for an unknown phase."""
        if phase not in ALL_PHASES:
            raise ScriptHarnessException(f"there is no phase {phase!r}; the phases are {', '.join(ALL_PHASES)}.")
        return super().__new__(cls, script, config, logger, action, phase)


class Callee:
    """A function or listener that is running, with the stream its events go to."""

    __slots__ = ("context", "index", "is_reporting", "stream")

    def __init__(self, context: Context, stream: EventStream | None = None, index: int | None = None) -> None:
        self.context = context
        self.stream = stream
        self.index = index
        self.is_reporting = False
        """True from action_started to action_finished: only then progress means anything."""


_callee: ContextVar[Callee | None] = ContextVar("oet_harness_callee", default=None)


def current() -> Context | None:
    """The Context of the function or listener that is running here; None if none is.

    A thread has one only if it was started through `contextvars.copy_context().run`.
    """
    callee = _callee.get()
    return callee.context if callee else None


def current_callee() -> Callee | None:
    """The same, with what the harness knows about it."""
    return _callee.get()


@contextmanager
def calling(callee: Callee) -> Iterator[Callee]:
    """A block in which this callee is the current one."""
    token = _callee.set(callee)
    try:
        yield callee
    finally:
        _callee.reset(token)
