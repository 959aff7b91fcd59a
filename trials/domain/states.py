"""The states of scripts and trials, the moves between them, and the small values the scheduler works with."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Literal, NamedTuple


class ScriptState(StrEnum):
    """Where a script of a trial stands."""

    PENDING = "pending"
    """Its start conditions do not all match yet."""
    WAITING = "waiting"
    """It may start, but its resource is taken."""
    EXECUTING = "executing"
    """It has been started, and its process tree is not confirmed gone."""
    PASSED = "passed"
    """It ended with exit status 0, or its function returned."""
    FAILED = "failed"
    """It ended otherwise, and nobody here had asked for it."""
    ABORTED = "aborted"
    """It ended after `terminate_when`, an abort, or an operator's stop."""
    DEFECTIVE = "defective"
    """It timed out, could not be run, was lost, or could not be confirmed dead."""
    SKIPPED = "skipped"
    """It never started and never will."""


class TrialState(StrEnum):
    """Where a trial or, aggregated over its trials, a task stands."""

    PENDING = "pending"
    """Queued for a node."""
    DISPATCHING = "dispatching"
    """Its working directory, ports and environments are being set up."""
    EXECUTING = "executing"
    ABORTING = "aborting"
    """An abort has been asked for; not every script is terminal yet."""
    PASSED = "passed"
    FAILED = "failed"
    ABORTED = "aborted"
    DEFECTIVE = "defective"


_S = ScriptState
_T = TrialState

TERMINAL: Final = frozenset({_S.PASSED, _S.FAILED, _S.ABORTED, _S.DEFECTIVE, _S.SKIPPED})
"""A script in one of these never changes again."""

UNFINISHED: Final = frozenset({_T.PENDING, _T.DISPATCHING, _T.EXECUTING, _T.ABORTING})
"""A trial in one of these will change again."""

TRANSITIONS: Final[Mapping[ScriptState, frozenset[ScriptState]]] = {
    # Straight to defective only when the set-up finds that this script's own environment does not settle.
    _S.PENDING: frozenset({_S.WAITING, _S.EXECUTING, _S.SKIPPED, _S.DEFECTIVE}),
    # Defective only when the node is lost.
    _S.WAITING: frozenset({_S.EXECUTING, _S.SKIPPED, _S.DEFECTIVE}),
    _S.EXECUTING: frozenset({_S.PASSED, _S.FAILED, _S.ABORTED, _S.DEFECTIVE}),
    **{state: frozenset() for state in TERMINAL},
}
"""From each state of a script, the states that may follow."""

Kill = Literal[None, "terminate_when", "abort", "timeout"]
"""Why an executing script is being ended; the first reason wins and decides its state."""


class ScriptStatus(NamedTuple):
    """What the scheduler must know of a script at this moment."""

    state: ScriptState
    kill: Kill = None


class ScriptRef(NamedTuple):
    """A script, among all the trials of a node."""

    trial: int
    key: str


class Resources(NamedTuple):
    """Who holds and who waits for the exclusive resources of one node, over all its trials."""

    held: Mapping[str, ScriptRef]
    queue: Mapping[str, tuple[ScriptRef, ...]]


class Decision(NamedTuple):
    """What is to be done with a script now; `reason` is what its row stores."""

    key: str
    act: Literal["skip", "kill", "wait", "start"]
    reason: str
