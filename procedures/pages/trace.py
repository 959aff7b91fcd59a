"""The stack trace of a failure: the script's own frames first, with source and variables; what is of libraries and of OET is folded."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from oet import rundir
from oet.frames import SCRIPT
from procedures.models import ProcedureHistory

_PASTED = re.compile(rf"/procedures/\d+/{re.escape(rundir.SCRIPT)}$")
"""The file that a pasted text becomes in its run directory."""


@dataclass(frozen=True)
class ShownFrame:
    """One frame; `code` are lines as (number, text, whether it is the one)."""

    function: str
    file: str
    """The end of its path: what tells files apart."""
    path: str
    line: int
    is_own: bool
    code: Sequence[tuple[int, str, bool]]
    variables: Sequence[tuple[str, str]]
    """Name and value of what was in it, of a failure."""


@dataclass(frozen=True)
class ShownStack:
    """Frames, innermost first: the script's own, and the others."""

    own: Sequence[ShownFrame]
    others: Sequence[ShownFrame]


@dataclass(frozen=True)
class ShownException:
    """One exception of a chain."""

    type: str
    message: str
    stack: ShownStack


@dataclass(frozen=True)
class ShownTrace:
    """What was raised, then what it came from; and all of it as Python printed it."""

    exceptions: Sequence[ShownException]
    text: str


def shown_trace(history: Sequence[ProcedureHistory], name: str) -> ShownTrace | None:
    """The trace of the latest failure of the script `name`; None if nothing failed. Old ones have no frames, only the text."""
    traced = next((step for step in reversed(history) if step.stacktrace), None)
    if traced is None:
        return None
    chain = (traced.details or {}).get("chain") or []
    return ShownTrace([_exception(link, name) for link in chain], traced.stacktrace)


def shown_stack(frames: Sequence[Mapping[str, Any]], name: str) -> ShownStack:
    """Frames as `oet.frames` describes them; a pasted text goes by its name."""
    shown = [_frame(frame, name) for frame in reversed(frames)]
    return ShownStack([frame for frame in shown if frame.is_own], [frame for frame in shown if not frame.is_own])


def _exception(link: Mapping[str, Any], name: str) -> ShownException:
    return ShownException(link["type"], link["message"], shown_stack(link["frames"], name))


def _frame(frame: Mapping[str, Any], name: str) -> ShownFrame:
    return ShownFrame(
        function=frame["function"],
        file=name if _PASTED.search(frame["file"]) else "/".join(frame["file"].split("/")[-2:]),
        path=frame["file"],
        line=frame["line"],
        is_own=frame["kind"] == SCRIPT,
        code=[(number, text, number == frame["line"]) for number, text in frame["code"]],
        variables=[(variable, value) for variable, value in frame.get("variables", ())],
    )
