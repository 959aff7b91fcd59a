"""Events in an order of their own: what the table of acceptance has no row for."""

import pytest

from trials.domain.outcome import Ending
from trials.domain.parsing import parse
from trials.domain.simulation import ForbiddenMove, SimulatedNode
from trials.domain.states import ScriptState

PASSED = Ending(exit_status=0)
ONE = parse("scripts: {a: {exclusive_executor_resource: R}}")


def state(node: SimulatedNode, trial: int, key: str = "a") -> str:
    return node.trials[trial].states[key].state.value


def test_an_abort_of_the_first_in_the_queue_lets_the_next_go_on_once_it_is_free() -> None:
    node = SimulatedNode()
    for trial in (1, 2, 3):
        node.begin(trial, ONE)
    node.abort(2)
    assert [state(node, trial) for trial in (1, 2, 3)] == ["executing", "skipped", "waiting"]
    node.end(1, "a", PASSED)
    assert state(node, 3) == "executing"


def test_the_resource_is_held_until_the_process_tree_is_gone() -> None:
    node = SimulatedNode()
    node.begin(1, ONE)
    node.begin(2, ONE)
    node.time_out(1, "a")
    assert [state(node, 1), state(node, 2)] == ["executing", "waiting"]
    node.end(1, "a", Ending(could_not_run="could not be confirmed dead"), is_gone=False)
    assert [state(node, 1), state(node, 2)] == ["defective", "waiting"]
    node.confirm_gone(1, "a")
    assert state(node, 2) == "executing"


def test_the_first_reason_to_end_wins() -> None:
    node = SimulatedNode()
    node.begin(1, parse("scripts: {a: {}}"))
    node.abort(1)
    node.time_out(1, "a")
    node.end(1, "a", PASSED)
    assert [kill for _, kill in node.kills] == ["abort"]
    assert (state(node, 1), node.moves[-1].reason) == ("aborted", "abort")


def test_a_timeout_stays_a_timeout_when_the_trial_is_aborted_later() -> None:
    node = SimulatedNode()
    node.begin(1, parse("scripts: {a: {}}"))
    node.time_out(1, "a")
    node.abort(1)
    node.end(1, "a", Ending(signal=9))
    assert state(node, 1) == "defective"


def test_a_cleanup_that_ignores_the_abort_starts_after_it() -> None:
    node = SimulatedNode()
    node.begin(
        1,
        parse("""
        scripts:
          work: {}
          next: {start_when: {d: {script_key: work}}}
          cleanup:
            ignore_abort: true
            start_when: {d: {script_key: work, states: [aborted, defective, failed, passed, skipped]}}
    """),
    )
    node.abort(1)
    assert [state(node, 1, key) for key in ("work", "next", "cleanup")] == ["executing", "skipped", "pending"]
    node.end(1, "work", Ending(signal=15))
    assert state(node, 1, "cleanup") == "executing"
    node.end(1, "cleanup", PASSED)
    assert node.trials[1].state == "aborted"


def test_a_finished_trial_cannot_be_aborted_any_more() -> None:
    node = SimulatedNode()
    node.begin(1, parse("scripts: {a: {}}"))
    node.end(1, "a", PASSED)
    node.abort(1)
    assert (node.trials[1].state, node.trials[1].is_aborting) == ("passed", False)


def test_an_operators_stop_is_obeyed_also_where_aborts_are_ignored() -> None:
    node = SimulatedNode()
    node.begin(1, parse("scripts: {a: {ignore_abort: true}}"))
    node.end(1, "a", Ending(stopped_by_operator=True))
    assert (state(node, 1), node.moves[-1].reason) == ("aborted", "operator")


def test_a_state_that_lasts_no_time_is_seen() -> None:
    node = SimulatedNode()
    node.begin(1, ONE)
    node.begin(
        2,
        parse("""
        scripts:
          a: {exclusive_executor_resource: R}
          saw: {start_when: {d: {script_key: a, states: [waiting]}}}
          never: {start_when: {d: {script_key: saw, states: [failed]}}}
    """),
    )
    assert state(node, 2, "saw") == "executing"


def test_a_script_that_is_terminal_cannot_end_again() -> None:
    node = SimulatedNode()
    node.begin(1, ONE)
    node.end(1, "a", PASSED)
    with pytest.raises(ForbiddenMove, match="script a of trial 1 is passed; passed cannot follow"):
        node.end(1, "a", PASSED)
    assert node.trials[1].keys(ScriptState.PASSED) == ["a"]
