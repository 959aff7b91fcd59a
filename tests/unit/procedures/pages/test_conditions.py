"""procedures.pages.conditions: the browser's words are held to the same cases by tests/js/conditions.test.js."""

import json
from pathlib import Path
from typing import Any

import pytest

from procedures.pages.conditions import FailedAbort, conditions
from procedures.pages.rows import Row

TABLE = json.loads((Path(__file__).parents[3] / "js/conditions.json").read_text())


@pytest.mark.parametrize("case", TABLE["cases"], ids=lambda case: case["name"])
def test_what_is_wrong_is_said_in_the_words_of_the_table(case: dict[str, Any]) -> None:
    nodes = [
        node
        | {
            "is_alive": node["heartbeat_age_s"] <= TABLE["timeout"],
            "heartbeat_at": TABLE["now"] - node["heartbeat_age_s"],
        }
        for node in case["nodes"]
    ]
    live = [Row(state="UNKNOWN", **unknown) for unknown in case["unknown"]] + [Row(id=9, state="RUNNING")]
    live += [Row(state="RUNNING", **asking) for asking in case["live"]]
    found = conditions(nodes, live, [FailedAbort(**abort) for abort in case["aborts"]])
    assert [condition.words for condition in found] == case["words"]
    assert [c.is_failed_abort for c in found] == [i < len(case["aborts"]) for i in range(len(found))]
