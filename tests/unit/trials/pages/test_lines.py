"""trials.pages.lines: the browser's words are held to the same cases by tests/js/lines.test.js."""

import json
from pathlib import Path
from typing import Any

import pytest

from trials.pages.lines import Line, counts_in_brief, lasted

TABLE = json.loads((Path(__file__).parents[3] / "js/lines.json").read_text())


@pytest.mark.parametrize("case", TABLE["cases"], ids=lambda case: case["name"])
def test_a_line_is_shown_in_the_words_of_the_table(case: dict[str, Any]) -> None:
    line = Line(**(TABLE["line"] | case["line"]))
    assert (counts_in_brief(line), lasted(line, TABLE["now"])) == (case["counts"], case["lasted"])


def test_the_record_for_the_browser_has_what_the_table_has() -> None:
    assert Line().as_record().keys() == TABLE["line"].keys()
