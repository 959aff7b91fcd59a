from itertools import product

import pytest

from environments.domain.states import TRANSITIONS, EnvironmentState, may_follow, sources

S = EnvironmentState
MOVES = {
    (S.REQUESTED, S.BUILDING), (S.REQUESTED, S.FAILED), (S.REQUESTED, S.EVICTED),
    (S.BUILDING, S.BUILDING), (S.BUILDING, S.READY), (S.BUILDING, S.FAILED), (S.BUILDING, S.REQUESTED), (S.BUILDING, S.EVICTED),
    (S.READY, S.REQUESTED), (S.READY, S.EVICTED),
    (S.FAILED, S.REQUESTED), (S.FAILED, S.EVICTED),
    (S.EVICTED, S.REQUESTED),
}  # fmt: skip


@pytest.mark.parametrize(("current", "wanted"), list(product(S, S)))
def test_the_whole_square_of_states(current: EnvironmentState, wanted: EnvironmentState) -> None:
    assert may_follow(current, wanted) == ((current, wanted) in MOVES)
    assert (current in sources(wanted)) == ((current, wanted) in MOVES)


def test_no_state_is_forgotten_and_none_is_a_dead_end() -> None:
    assert set(TRANSITIONS) == set(S)
    assert all(TRANSITIONS.values())
