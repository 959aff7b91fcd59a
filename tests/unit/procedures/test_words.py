"""procedures.words: the browser's words are held to the same table by tests/js/format.test.js."""

import json
from pathlib import Path
from typing import Any

import pytest

from procedures import words

TABLE = json.loads((Path(__file__).parents[2] / "js/formats.json").read_text())
CASES = [(name, given, wanted) for name, cases in TABLE.items() for given, wanted in cases]


@pytest.mark.parametrize(("name", "given", "wanted"), CASES)
def test_numbers_read_as_in_the_table(name: str, given: Any, wanted: str) -> None:
    arguments = given if isinstance(given, list) else [given]
    assert getattr(words, name)(*arguments) == wanted
