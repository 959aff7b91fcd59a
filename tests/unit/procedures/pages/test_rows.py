"""procedures.pages.rows and row_words: the browser's words are held to the same cases by tests/js/records.test.js."""

import json
from pathlib import Path
from typing import Any

import pytest

from procedures.pages.row_words import shown
from procedures.pages.rows import Row, folder_of, section_of

TABLE = json.loads((Path(__file__).parents[3] / "js/shown.json").read_text())


@pytest.mark.parametrize("case", TABLE["cases"], ids=lambda case: case["name"])
def test_a_row_is_shown_in_the_words_of_the_table(case: dict[str, Any]) -> None:
    row = Row(**(TABLE["record"] | case["record"]))
    assert shown(row, TABLE["now"]) == TABLE["words"] | case["words"]


def test_the_record_for_the_browser_has_what_the_table_has() -> None:
    assert Row().as_record().keys() == TABLE["record"].keys()


@pytest.mark.parametrize(
    ("state", "section"),
    [
        ("CREATING", "prepared"),
        ("READY", "prepared"),
        ("RUNNING", "running"),
        ("FAILED", "recent"),
        ("UNKNOWN", "recent"),
    ],
)
def test_every_state_has_its_list(state: str, section: str) -> None:
    assert section_of(state) == section


def test_equal_names_are_told_apart_by_their_folder() -> None:
    assert folder_of("file:///srv/im%20aging/observe.py") == "im aging/"
    assert folder_of("git://survey/observe.py") == "survey/"
    assert folder_of("embedded:pasted.py") == ""
    assert folder_of("file:///a.py") == ""
