"""The documentation says what is: its example is the file that the tests run, its tables those of the code."""

import re
from pathlib import Path

from oet import harness
from oet.harness.events import TOPICS

PROJECT = Path(__file__).parents[4]
TEXT = (PROJECT / "docs" / "harness.md").read_text()


def test_example_in_the_documentation_is_the_file() -> None:
    assert (PROJECT / "examples" / "harness" / "night.py").read_text() in TEXT


def test_events_and_topics_are_documented() -> None:
    assert dict(re.findall(r"^\| `(\w+)` \| `(script\.[\w.]+)` \|", TEXT, re.MULTILINE)) == TOPICS


def test_statuses_are_documented() -> None:
    line = next(line for line in TEXT.splitlines() if line.startswith("`Status`: "))
    assert {name: int(value) for name, value in re.findall(r"([A-Z]+) (\d+)", line)} == {
        s.name: int(s) for s in harness.Status
    }


def test_every_public_name_is_mentioned() -> None:
    rare = {
        "ACTION",
        "RUN_ACTION",
        "ALL_PHASES",
        "LISTENER_PHASES",
        "POST_RUN",
        "PRE_RUN",
        "ConfigTemplate",
        "CommandResult",
    }
    assert [name for name in harness.__all__ if name not in rare and name not in TEXT] == []
