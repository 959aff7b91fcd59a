"""What `docs/guarantees.md` names as proof exists."""

import re
from pathlib import Path

from tests.escapes import TRICKS

PROJECT_DIR = Path(__file__).resolve().parents[2]
PAGE = PROJECT_DIR / "docs" / "guarantees.md"


def test_every_test_that_the_page_names_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", PAGE.read_text()))
    assert len(named) > 20
    source = "\n".join(path.read_text() for path in (PROJECT_DIR / "tests").rglob("test_*.py"))
    assert named - set(re.findall(r"def (test_\w+)\(", source)) == set()


def test_the_page_counts_the_tricks_that_are_tried() -> None:
    assert f"({len(TRICKS)} tricks," in PAGE.read_text()
