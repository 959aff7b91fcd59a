"""oet_client.words: events and errors as a terminal shows them."""

from typing import Any

import pytest

from oet_client.words import clock, in_words, problem, span

AT = 1773798452.25


SCRIPT = "trial.script.statechange"


def event(topic: str, **said: Any) -> dict[str, Any]:
    return {"id": 1, "topic": topic, "payload": {"task": 3, "trial": 7, "at": AT, **said}}


@pytest.mark.parametrize(
    ("told", "line"),
    [
        (event("trial.statechange", to="dispatching", node="control-1"), "trial 1  dispatching on control-1"),
        (event("trial.statechange", to="aborting", by="ann"), "trial 1  aborting, by ann"),
        (event("trial.statechange", to="passed", started_at=AT - 9.5, finished_at=AT), "trial 1  passed after 9.50 s"),
        (event("trial.statechange", to="defective", error="no port is free"), "trial 1  defective: no port is free"),
        (event(SCRIPT, key="a", to="executing", reason=""), "a        executing"),
        (event(SCRIPT, key="a", to="passed", reason="", exit_status=0), "a        passed"),
        (event(SCRIPT, key="a", to="failed", reason="exit status 3", exit_status=3), "a        failed: exit status 3"),
        (event(SCRIPT, key="a", to="failed", reason="ValueError: no\nmore", exit_status=None), "a        failed: ValueError: no"),
        (event("trial.script.kill", key="a", kill="abort"), "a        is being ended: the trial is aborted"),
        (event("trial.issue", key=None, level="error", title="lost", description="for 3 minutes"), "trial 1  error: lost; for 3 minutes"),
        (event("trial.issue", key="a", level="warning", title="X?", description="X?"), "a        warning: X?"),
    ],
)  # fmt: skip
def test_an_event_is_a_line(told: dict[str, Any], line: str) -> None:
    assert in_words(told, {7: "trial 1"}, 7) == f"01:47:32.250  {line}"


def test_what_becomes_of_the_task_is_said_at_the_end() -> None:
    assert in_words(event("task.statechange", to="passed"), {}, 7) is None


def test_an_error_is_a_line_that_editors_can_jump_to() -> None:
    fault = {
        "path": "scripts.a.ignote_state",
        "line": 7,
        "message": "unknown property",
        "hint": "did you mean 'ignore_state'?",
    }
    words = "night.yml:7: error: scripts.a.ignote_state: unknown property; did you mean 'ignore_state'?"
    assert problem("night.yml", fault) == words
    assert problem("-", {"path": "", "line": None, "message": "is no YAML", "hint": ""}) == "-: error: is no YAML"


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.421, "0.42 s"), (12.34, "12.3 s"), (65, "1 min 05 s"), (3700, "1 h 01 min")]
)
def test_a_span_has_the_figures_that_matter(seconds: float, words: str) -> None:
    assert span(seconds) == words


def test_times_are_utc() -> None:
    assert clock(AT) == "01:47:32.250"
