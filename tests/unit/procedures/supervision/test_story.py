"""What a journal tells, wherever it is cut."""

import json
from pathlib import Path
from typing import Any

import pytest

from oet.journal import Record
from procedures.supervision.story import Story, learn_quietly, story_until

LIFE: list[tuple[str, dict[str, Any]]] = [
    ("state", {"state": "IDLE"}),
    ("state", {"state": "LOADING"}),
    ("loaded", {"functions": [{"name": "init"}, {"name": "main"}, {"name": "more"}]}),
    ("state", {"state": "IDLE"}),
    ("state", {"state": "INITIALISING"}),
    ("returned", {"function": "init", "result": 1, "result_repr": "1"}),
    ("state", {"state": "READY"}),
    ("command", {"command": 5, "op": "RUN", "function": "more"}),
    ("returned", {"function": "more", "result": 2, "result_repr": "2"}),
    ("state", {"state": "READY"}),
    ("command", {"command": 6, "op": "RUN", "function": "main"}),
    ("returned", {"function": "main", "result": 3, "result_repr": "3"}),
    ("state", {"state": "READY"}),
    ("ended", {"how": "complete"}),
]


def told(count: int) -> Story:
    story = Story()
    for number, (topic, payload) in enumerate(LIFE[:count], 1):
        story.learn(Record(number, 0.0, topic, payload))
    return story


def test_a_story_knows_what_is_offered_what_ran_and_how_it_ended() -> None:
    story = told(len(LIFE))
    assert story.names == ["init", "main", "more"]
    assert (story.offered("more") or {})["name"] == "more"
    assert story.offered("less") is None
    assert story.runs_taken == {5, 6}
    assert story.function == "main"
    assert story.has_completed


@pytest.mark.parametrize(("count", "function"), [(4, ""), (5, "init"), (7, "init"), (8, "more"), (11, "main")])
def test_a_story_knows_what_runs(count: int, function: str) -> None:
    assert told(count).function == function


def test_only_after_main_has_returned_is_the_process_about_to_end() -> None:
    assert [count for count in range(len(LIFE) + 1) if told(count).has_main_returned] == [12, 13, 14]


def test_a_result_belongs_to_the_state_that_follows_it() -> None:
    assert told(9).returned == {"function": "more", "result": 2, "result_repr": "2"}
    assert told(10).returned is None


def test_a_stop_that_was_taken_is_known() -> None:
    story = told(8)
    story.learn(Record(9, 0.0, "command", {"command": 7, "op": "STOP", "function": None}))
    assert story.is_stop_taken
    assert story.function == "more"


@pytest.mark.parametrize("operation", ["PAUSE", "RESUME", "ANSWER"])
def test_a_script_that_was_told_something_else_has_not_been_asked_to_stop(operation: str) -> None:
    story = told(8)
    story.learn(Record(9, 0.0, "command", {"command": 7, "op": operation, "function": None, "by": "ann"}))
    assert not story.is_stop_taken
    assert story == told(8)


def test_a_record_that_is_not_as_documented_changes_nothing() -> None:
    story = told(8)
    assert not learn_quietly(story, Record(9, 0.0, "command", {"surprise": 1}))
    assert not learn_quietly(story, Record(10, 0.0, "state", "READY"))
    assert story == told(8)


def test_the_story_until_an_offset_is_that_of_the_records_before_it_wherever_the_file_goes_on(tmp_path: Path) -> None:
    lines = [
        json.dumps({"seq": n, "time": 0.0, "topic": topic, "payload": payload}).encode() + b"\n"
        for n, (topic, payload) in enumerate(LIFE, 1)
    ]
    journal = tmp_path / "journal"
    journal.write_bytes(b"".join(lines))
    offset = 0
    for count in range(len(LIFE) + 1):
        assert story_until(str(journal), offset) == told(count)
        offset += len(lines[count]) if count < len(LIFE) else 0


def test_the_story_of_a_missing_journal_is_empty(tmp_path: Path) -> None:
    assert story_until(str(tmp_path / "journal"), 1000) == Story()
