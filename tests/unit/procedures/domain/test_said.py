from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procedures.domain import actions, said
from procedures.domain.said import Said, advance, at_end, at_start, whole


def after(*records: tuple[str, dict[str, Any]], begin: Said | None = None) -> Said:
    """What is said after these records, one a second."""
    now: Said = begin or {}
    for second, (topic, payload) in enumerate(records, start=1):
        now = advance(now, topic, payload, float(second))
    return whole(now)


def asked(number: int = 1, **more: Any) -> tuple[str, dict[str, Any]]:
    described = {"number": number, "state": "asked", "text": "Continue?", "choices": ["yes", "no"], "timeout_s": None}
    return "question", {**described, **more}


def closed(number: int, state: str = "answered") -> tuple[str, dict[str, Any]]:
    return "question", {"number": number, "state": state, "answer": "yes", "by": "ann"}


PAUSE = ("command", {"command": 4, "op": "PAUSE", "function": None, "by": "ann"})
RESUME = ("command", {"command": 5, "op": "RESUME", "function": None, "by": "bob"})


def checkpoint(state: str) -> tuple[str, dict[str, Any]]:
    return "checkpoint", {"name": "between scans", "state": state}


def test_who_says_nothing_has_every_key_and_nothing_under_it() -> None:
    assert whole({}) == {
        "progress": None,
        "status": None,
        "checkpoint": None,
        "pause": None,
        "questions": [],
        "actions": None,
        "attachments": 0,
    }


def test_latest_progress_and_words_stand() -> None:
    now = after(
        ("progress", {"fraction": 0.2, "message": "one"}),
        ("progress", {"fraction": 7, "message": "two"}),
        ("status", {"text": "slewing"}),
    )
    assert now["progress"] == {"fraction": 1.0, "message": "two", "at": 2.0}
    assert now["status"] == {"text": "slewing", "at": 3.0}


def test_fraction_that_nobody_knows_is_null() -> None:
    assert after(("progress", {"fraction": None, "message": "x"}))["progress"]["fraction"] is None
    assert after(("progress", {"fraction": float("nan"), "message": "x"}))["progress"]["fraction"] is None


def test_pause_is_asked_for_then_waits_at_a_checkpoint_then_is_over() -> None:
    assert after(PAUSE)["pause"] == {"state": "asked", "by": "ann", "at": 1.0, "checkpoint": None}
    paused = after(PAUSE, checkpoint("paused"))
    assert paused["pause"] == {"state": "paused", "by": "ann", "at": 2.0, "checkpoint": "between scans"}
    assert after(PAUSE, checkpoint("paused"), RESUME, checkpoint("resumed"))["pause"] is None


def test_resume_before_the_checkpoint_takes_the_pause_back() -> None:
    assert after(PAUSE, RESUME, checkpoint("passed"))["pause"] is None


def test_second_pause_leaves_the_first_as_it_was() -> None:
    assert after(PAUSE, checkpoint("paused"), PAUSE)["pause"]["state"] == "paused"


def test_questions_are_open_until_they_are_closed() -> None:
    now = after(asked(1, timeout_s=30.0), asked(2))
    assert [q["number"] for q in now["questions"]] == [1, 2]
    assert now["questions"][0]["deadline_at"] == 31.0
    for state in ("answered", "timed_out", "withdrawn"):
        assert [q["number"] for q in after(closed(1, state), begin=now)["questions"]] == [2]


def test_run_of_the_harness_counts_its_actions() -> None:
    def told(topic: str, action: str | None = None, run: str = "r", **data: Any) -> tuple[str, dict[str, Any]]:
        return f"script.{topic}", {"run_id": run, "time": 5.0, "action": action, "data": data}

    begun = told("run.started", actions=[{"name": name} for name in "abcd"])
    running = after(begun, told("action.started", "a"), told("action.progress", "a", fraction=0.5))
    assert running["actions"]["current"] == "a"
    assert (running["actions"]["total"], running["actions"]["done"], running["actions"]["fraction"]) == (4, 0, 0.125)
    finished = after(told("action.finished", "a", status_name="ERROR"), told("action.skipped", "b"), begin=running)
    assert (finished["actions"]["done"], finished["actions"]["failed"], finished["actions"]["current"]) == (2, 1, "")
    assert after(told("action.finished", "a", run="another"), begin=finished) == finished


def test_start_empties_progress_and_end_empties_what_waits() -> None:
    everything = after(
        ("progress", {"fraction": 0.2, "message": ""}),
        PAUSE,
        asked(),
        ("attachment", {"count": 3}),
        checkpoint("paused"),
    )
    started, ended = at_start(everything), at_end(everything)
    assert (started["progress"], started["checkpoint"], started["attachments"]) == (None, None, 3)
    assert started["pause"]["state"] == "paused"
    assert (ended["questions"], ended["pause"], ended["progress"]["fraction"]) == ([], None, 0.2)


@pytest.mark.parametrize("number", [0, -1, 10**7])
def test_question_with_an_impossible_number_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="question"):
        advance({}, *asked(number), 1.0)


@given(
    st.lists(st.tuples(st.sampled_from(sorted(said.TOPICS)), st.dictionaries(st.text(max_size=8), st.integers()))),
)
def test_whatever_a_journal_holds_is_folded_or_refused_in_one_of_three_ways(records: list[tuple[str, Any]]) -> None:
    now: Said = {}
    for topic, payload in records:
        try:
            now = advance(now, topic, payload, 1.0)
        except (KeyError, TypeError, ValueError):
            continue
    assert set(whole(now)) == set(whole({}))


@given(
    topic=st.sampled_from(sorted(actions.TOPICS)),
    payload=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.fixed_dictionaries(
                {},
                optional=dict.fromkeys(
                    ["run_id", "data", "actions", "action", "time", "status_name", "fraction"], inner
                ),
            )
        ),
        max_leaves=8,
    ),
    is_of_run=st.booleans(),
)
def test_nothing_that_a_script_publishes_as_its_harness_does_keeps_it_from_being_recorded(
    topic: str, payload: Any, is_of_run: bool
) -> None:
    begun = advance({}, actions.RUN_STARTED, {"run_id": "r", "data": {"actions": [{}]}}, 1.0)
    if is_of_run and isinstance(payload, dict):
        payload = payload | {"run_id": "r"}
    now = whole(advance(begun, topic, payload, 2.0))["actions"]
    assert 0 <= now["fraction"] <= 1
    assert isinstance(now["current"], str)


def test_deadline_of_a_question_is_never_before_it_was_asked() -> None:
    (question,) = after(asked(timeout_s=-1e300))["questions"]
    assert question["deadline_at"] == question["asked_at"]
