import itertools
import re
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from procedures.domain.states import FINAL, LIVE, TRANSITIONS, ProcedureState, may_follow, sources

S = ProcedureState
DOCUMENT = Path(__file__).parents[4] / "docs" / "states.md"

ALLOWED = {
    (S.CREATING, S.PREP_ENV),
    (S.CREATING, S.IDLE),
    (S.PREP_ENV, S.IDLE),
    (S.IDLE, S.LOADING),
    (S.LOADING, S.IDLE),
    (S.IDLE, S.INITIALISING),
    (S.IDLE, S.READY),
    (S.INITIALISING, S.READY),
    (S.READY, S.RUNNING),
    (S.RUNNING, S.READY),
    (S.READY, S.COMPLETE),
    (S.UNKNOWN, S.STOPPED),
    (S.UNKNOWN, S.FAILED),
} | {(state, ending) for state in LIVE - {S.UNKNOWN} for ending in (S.STOPPED, S.FAILED, S.UNKNOWN)}


@pytest.mark.parametrize(("current", "wanted"), list(itertools.product(S, S)))
def test_exactly_the_moves_of_the_blueprint_are_allowed(current: S, wanted: S) -> None:
    assert may_follow(current, wanted) == ((current, wanted) in ALLOWED)
    assert (current in sources(wanted)) == may_follow(current, wanted)


def test_nothing_follows_a_final_state_and_every_other_state_can_end() -> None:
    assert frozenset({S.COMPLETE, S.STOPPED, S.FAILED}) == FINAL
    assert all(not TRANSITIONS[state] for state in FINAL)
    assert all({S.STOPPED, S.FAILED} <= TRANSITIONS[state] for state in LIVE)


def test_the_document_lists_exactly_the_transitions() -> None:
    rows = re.findall(r"^\| `(\w+)` \|[^|]*\| ([^|]*) \|$", DOCUMENT.read_text(), flags=re.MULTILINE)
    documented = {S(state): {S(name) for name in re.findall(r"`(\w+)`", followers)} for state, followers in rows}
    assert documented == {state: set(followers) for state, followers in TRANSITIONS.items()}


class LifeOfAProcedure(RuleBasedStateMachine):
    """Any walk through the table keeps what operators rely on."""

    def __init__(self) -> None:
        super().__init__()
        self.walk = [S.CREATING]

    @precondition(lambda self: self.walk[-1] not in FINAL)
    @rule(data=st.data())
    def moves(self, data: st.DataObject) -> None:
        self.walk.append(data.draw(st.sampled_from(sorted(TRANSITIONS[self.walk[-1]]))))

    @precondition(lambda self: self.walk[-1] in FINAL)
    @rule(wanted=st.sampled_from(sorted(S)))
    def stays_when_it_has_ended(self, wanted: S) -> None:
        assert not may_follow(self.walk[-1], wanted)

    @invariant()
    def runs_only_what_was_prepared(self) -> None:
        for before, after in itertools.pairwise(self.walk):
            assert after is not S.RUNNING or before is S.READY
            assert after is not S.COMPLETE or before is S.READY

    @invariant()
    def what_is_unknown_is_only_ever_cleared_up(self) -> None:
        if S.UNKNOWN in self.walk:
            assert set(self.walk[self.walk.index(S.UNKNOWN) :]) <= {S.UNKNOWN, S.STOPPED, S.FAILED}

    @invariant()
    def a_final_state_is_the_last(self) -> None:
        assert not FINAL & set(self.walk[:-1])


TestLifeOfAProcedure = LifeOfAProcedure.TestCase
