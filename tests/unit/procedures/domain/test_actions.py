from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oet.harness import events as harness_events
from procedures.domain import actions
from procedures.domain.actions import ActionState, ScriptRun, advance, fold, lost

NAMES = ("one", "two", "three", "four")


def started(run_id: str = "r1") -> tuple[str, dict[str, Any]]:
    described = [{"name": name, "enabled": name != "three", "groups": ["am"]} for name in NAMES]
    return "script.run.started", {"run_id": run_id, "script": "night", "time": 5.0, "data": {"actions": described}}


def told(
    kind: str, action: str | None = None, run_id: str = "r1", phase: str | None = None, **data: Any
) -> tuple[str, dict[str, Any]]:
    return f"script.{kind}", {"run_id": run_id, "action": action, "phase": phase, "data": data}


def finished(action: str, status: str, **data: Any) -> tuple[str, dict[str, Any]]:
    return told("action.finished", action, status_name=status, duration=1.5, **data)


def states(run: ScriptRun | None) -> list[str]:
    assert run is not None
    return [row.state.value for row in run.rows]


def test_topics_are_those_of_the_harness() -> None:
    assert set(harness_events.TOPICS.values()) - {"script.config.changed"} == actions.TOPICS


def test_without_events_there_is_no_run() -> None:
    assert fold([]) is None
    assert fold([("script.phase", {"run_id": "r1"})]) is None


def test_fresh_run_has_a_row_for_each_action() -> None:
    run = fold([started()])
    assert run is not None
    assert states(run) == ["pending", "pending", "disabled", "pending"]
    assert (run.run_id, run.script, run.started_at, run.is_finished) == ("r1", "night", 5.0, False)
    assert run.rows[0].groups == ("am",)


def test_running_action_shows_bar_and_message() -> None:
    run = fold(
        [
            started(),
            told("action.started", "one", start_time=7.0),
            told("action.progress", "one", fraction=0.5, message="frame 5"),
        ]
    )
    assert run is not None
    row = run.row("one")
    assert row is not None
    assert (row.state, row.fraction, row.message, row.started_at) == (ActionState.RUNNING, 0.5, "frame 5", 7.0)


@pytest.mark.parametrize("status", ["SUCCESS", "ERROR", "FATAL", "CRASHED", "STOPPED"])
def test_finished_action_takes_the_state_of_its_status(status: str) -> None:
    run = fold([started(), told("action.started", "two"), finished("two", status, error="E: x", return_value="5")])
    assert run is not None
    row = run.row("two")
    assert row is not None
    assert (row.state.value, row.duration_s, row.error, row.return_value) == (status.lower(), 1.5, "E: x", "5")


def test_disabled_action_is_skipped_when_its_turn_comes() -> None:
    assert states(fold([started(), told("action.skipped", "three")])) == ["pending", "pending", "skipped", "pending"]


def test_process_that_dies_loses_what_was_running_and_nothing_else() -> None:
    told_so_far = [started(), told("action.started", "one"), finished("one", "SUCCESS"), told("action.started", "two")]
    assert states(fold(told_so_far)) == ["success", "running", "disabled", "pending"]
    assert states(fold(told_so_far, is_process_gone=True)) == ["success", "lost", "disabled", "pending"]


def test_only_the_latest_run_counts() -> None:
    run = fold(
        [
            started("r1"),
            told("action.started", "one"),
            started("r2"),
            finished("one", "SUCCESS"),
            told("action.skipped", "two", "r2"),
        ]
    )
    assert run is not None
    assert run.run_id == "r2"
    assert states(run) == ["pending", "skipped", "disabled", "pending"]


def test_action_that_runs_again_starts_afresh() -> None:
    run = fold(
        [
            started(),
            told("action.progress", "one", fraction=1.0, message="old"),
            told("action.started", "one", start_time=2),
        ]
    )
    assert run is not None
    assert (run.rows[0].fraction, run.rows[0].message, run.rows[0].started_at) == (None, "", 2.0)


def test_phase_and_its_action_are_kept_until_the_run_ends() -> None:
    run = fold([started(), told("phase", "two", phase="post_fatal")])
    assert run is not None
    assert (run.phase, run.phase_action) == ("post_fatal", "two")
    run = advance(run, *told("run.finished", exit_code=143, status_name="STOPPED", duration=2))
    assert run is not None
    assert (run.phase, run.is_finished, run.exit_code, run.worst_status, run.duration_s) == (
        "",
        True,
        143,
        "STOPPED",
        2.0,
    )


def test_failed_listeners_are_listed() -> None:
    run = fold([started(), told("listener.failed", phase="post_fatal", listener="close_dome", error="OSError: jammed")])
    assert run is not None
    assert [(f.phase, f.listener, f.error) for f in run.failures] == [("post_fatal", "close_dome", "OSError: jammed")]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["data", "run_id", "action", "actions", "name", "fraction", "groups"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)


@given(st.lists(st.tuples(st.sampled_from(sorted(actions.TOPICS)), JSON), max_size=8))
def test_whatever_a_script_publishes_under_these_topics_does_no_harm(events: list[tuple[str, Any]]) -> None:
    run = fold([started(), *events], is_process_gone=True)
    assert run is not None
    assert all(row.state is not ActionState.RUNNING for row in run.rows)


def test_folding_step_by_step_is_the_same_as_at_once() -> None:
    events = [
        started(),
        told("action.started", "one"),
        finished("one", "ERROR"),
        told("phase", "one", phase="post_action"),
    ]
    run: ScriptRun | None = None
    for event in events:
        run = advance(run, *event)
    assert run == fold(events)
    assert run is not None
    assert lost(run) == run
