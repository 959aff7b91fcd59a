"""The life of a Procedure: its states and the moves between them, as data. `docs/states.md` draws it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class ProcedureState(StrEnum):
    """Where a Procedure stands."""

    CREATING = "CREATING"
    """Accepted; its process does not exist yet."""
    PREP_ENV = "PREP_ENV"
    """The environment of a git script is being prepared."""
    IDLE = "IDLE"
    """The process is up and waits for its next instruction."""
    LOADING = "LOADING"
    """The script is being fetched and imported."""
    INITIALISING = "INITIALISING"
    """Its `init` runs."""
    READY = "READY"
    """Prepared; any function may be started."""
    RUNNING = "RUNNING"
    """A function runs."""
    COMPLETE = "COMPLETE"
    """`main` returned and the process ended cleanly."""
    STOPPED = "STOPPED"
    """It was ended on request."""
    FAILED = "FAILED"
    """It ended by an exception, a timeout, a crash or a loss."""
    UNKNOWN = "UNKNOWN"
    """It could not be confirmed dead: it is unmanaged and must be looked at."""


_S = ProcedureState

FINAL: Final = frozenset({_S.COMPLETE, _S.STOPPED, _S.FAILED})
"""A procedure in one of these never changes again."""

LIVE: Final = frozenset(ProcedureState) - FINAL
"""A procedure in one of these may have a process."""

_ENDINGS: Final = frozenset({_S.STOPPED, _S.FAILED, _S.UNKNOWN})

TRANSITIONS: Final[Mapping[ProcedureState, frozenset[ProcedureState]]] = {
    _S.CREATING: frozenset({_S.PREP_ENV, _S.IDLE}) | _ENDINGS,
    _S.PREP_ENV: frozenset({_S.IDLE}) | _ENDINGS,
    _S.IDLE: frozenset({_S.LOADING, _S.INITIALISING, _S.READY}) | _ENDINGS,
    _S.LOADING: frozenset({_S.IDLE}) | _ENDINGS,
    _S.INITIALISING: frozenset({_S.READY}) | _ENDINGS,
    _S.READY: frozenset({_S.RUNNING, _S.COMPLETE}) | _ENDINGS,
    _S.RUNNING: frozenset({_S.READY}) | _ENDINGS,
    _S.UNKNOWN: frozenset({_S.STOPPED, _S.FAILED}),
    _S.COMPLETE: frozenset(),
    _S.STOPPED: frozenset(),
    _S.FAILED: frozenset(),
}
"""From each state, the states that may follow."""


def may_follow(current: ProcedureState, wanted: ProcedureState) -> bool:
    """Whether a procedure in `current` may go to `wanted`."""
    return wanted in TRANSITIONS[current]


def sources(wanted: ProcedureState) -> frozenset[ProcedureState]:
    """The states from which `wanted` may be reached."""
    return frozenset(state for state, followers in TRANSITIONS.items() if wanted in followers)
