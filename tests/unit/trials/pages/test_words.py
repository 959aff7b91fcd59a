"""Scripts and conditions in words."""

from typing import Any

import pytest

from trials.domain import parse
from trials.domain.states import TERMINAL
from trials.graphs import task_graph
from trials.pages.task import resolved_text
from trials.pages.words import (
    abort_effects,
    conditions_of,
    counts_in_words,
    judged_edges,
    note,
    states_in_words,
)


def node(key: str, state: str, **more: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {"reason": "", "kill": None, "resource": [], "ignore_abort": False, "eligible_at": None}
    return {"key": key, "state": state, **usual, **more}


def edge(source: str, target: str, states: list[str], **more: Any) -> dict[str, Any]:
    usual = {"use": "start_when", "label": "", "exists": True, "is_satisfied": False, "is_impossible": False}
    return {"from": source, "to": target, "states": states, **usual, **more}


def test_states_are_named_shortly() -> None:
    assert states_in_words([state.value for state in TERMINAL]) == "over in any way"
    assert states_in_words(["failed", "aborted"]) == "failed or aborted"
    assert states_in_words([]) == "in no state at all"


def test_a_pending_script_says_what_it_still_waits_for() -> None:
    edges = [edge("a", "c", ["passed"], is_satisfied=True), edge("b", "c", ["executing"])]
    assert note(node("c", "pending"), [], edges) == "starts once b is executing"
    assert note(node("d", "pending"), [], edges) == ""


def test_a_waiting_script_names_what_it_needs_and_who_holds_it() -> None:
    waiting = node("b", "waiting", resource=["r"])
    holder = node("a", "executing", resource=["r"])
    assert note(waiting, [holder, waiting], []) == "waits for r, held by a"
    assert note(waiting, [waiting], []) == "waits for r, held by something outside of this trial"


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (node("a", "executing", kill="timeout"), "is being ended: it is out of time"),
        (node("a", "aborted", reason="operator"), "stopped by an operator"),
        (node("a", "failed", reason="exit status 3"), "exit status 3"),
        (node("a", "defective", reason="timeout"), "out of time"),
        (node("a", "skipped", reason="unreachable"), "nothing was left that could start it"),
        (node("a", "passed"), ""),
    ],
)
def test_every_end_says_why(script: dict[str, Any], words: str) -> None:
    assert note(script, [], []) == words


def test_a_skipped_script_names_the_condition_that_became_impossible() -> None:
    edges = [edge("a", "b", ["failed"], is_impossible=True)]
    assert note(node("b", "skipped", reason="unsatisfiable"), [], edges) == "a was not failed"


def test_a_start_condition_of_a_script_that_had_its_turn_stays_met() -> None:
    past = edge("service", "test", ["executing"], is_impossible=True)
    open_one = edge("service", "other", ["executing"], is_impossible=True)
    graph = {"nodes": [node("test", "passed", eligible_at=5.0), node("other", "skipped")], "edges": [past, open_one]}
    assert [it.judgement for key in ("test", "other") for it in conditions_of(key, judged_edges(graph))] == [
        "met",
        "never",
    ]


def test_an_abort_ends_skips_and_spares() -> None:
    nodes = [
        node("done", "passed"),
        node("runs", "executing"),
        node("later", "pending"),
        node("queued", "waiting"),
        node("tidy", "pending", ignore_abort=True),
    ]
    assert abort_effects(nodes) == {"ends": ["runs"], "never_starts": ["later", "queued"], "goes_on": ["tidy"]}


def test_counts_follow_the_life_of_a_script() -> None:
    assert counts_in_words({"passed": 2, "pending": 1}) == "3 scripts: 1 pending, 2 passed"
    assert counts_in_words({"passed": 1}) == "1 script: 1 passed"
    assert counts_in_words({}) == "0 scripts"


def test_the_resolved_form_is_yaml_that_means_the_same() -> None:
    from trials.domain.specification import task_to_json

    spec = parse('scripts: {a: {body: "one\\ntwo\\n"}}')
    text = resolved_text(task_to_json(spec))
    assert "body: |" in text
    assert parse(text).scripts == spec.scripts
    assert task_graph(spec)["nodes"][0]["key"] == "a"
