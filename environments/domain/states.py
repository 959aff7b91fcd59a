"""The life of an Environment: its states and the moves between them, as data."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class EnvironmentState(StrEnum):
    """Where an Environment stands."""

    REQUESTED = "REQUESTED"
    """Wanted; a builder will take it."""
    BUILDING = "BUILDING"
    """A builder holds the lease and works on it."""
    READY = "READY"
    """Built; scripts may run in it."""
    FAILED = "FAILED"
    """The last build did not work; its log says why. The next request tries again."""
    EVICTED = "EVICTED"
    """Its files are gone, or were never made because nobody waited any more. The next request builds it again."""


_S = EnvironmentState

TRANSITIONS: Final[Mapping[EnvironmentState, frozenset[EnvironmentState]]] = {
    _S.REQUESTED: frozenset({_S.BUILDING, _S.FAILED, _S.EVICTED}),
    # BUILDING to BUILDING: another builder takes over from one that died.
    _S.BUILDING: frozenset({_S.BUILDING, _S.READY, _S.FAILED, _S.REQUESTED, _S.EVICTED}),
    _S.READY: frozenset({_S.REQUESTED, _S.EVICTED}),
    _S.FAILED: frozenset({_S.REQUESTED, _S.EVICTED}),
    _S.EVICTED: frozenset({_S.REQUESTED}),
}
"""From each state, the states that may follow."""

UNDER_WAY: Final = frozenset({_S.REQUESTED, _S.BUILDING})
"""Somebody waits for these."""


def may_follow(current: EnvironmentState, wanted: EnvironmentState) -> bool:
    """Whether an environment in `current` may go to `wanted`."""
    return wanted in TRANSITIONS[current]


def sources(wanted: EnvironmentState) -> frozenset[EnvironmentState]:
    """The states from which `wanted` may be reached."""
    return frozenset(state for state, followers in TRANSITIONS.items() if wanted in followers)
