"""The examples, and the one in the document, say what they mean: no errors, no warnings, nothing that can never happen."""

import re
from pathlib import Path

import pytest

from tests.product import PROJECT_DIR
from trials.domain.analysis import analyse
from trials.domain.parsing import parse
from trials.domain.rehearsal import rehearse

EXAMPLES = sorted((PROJECT_DIR / "examples" / "trials").glob("*.yml"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_sound_and_would_pass(path: Path) -> None:
    spec = parse(path.read_text())
    assert (spec.warnings, analyse(spec)) == ((), ())
    assert rehearse(spec).state == "passed"


def test_the_document_shows_a_task_that_is_sound() -> None:
    text = re.findall(r"```yaml\n(.*?)```", (PROJECT_DIR / "docs" / "trials.md").read_text(), re.DOTALL)
    spec = parse(text[0])
    assert (spec.warnings, analyse(spec), rehearse(spec).state) == ((), (), "passed")
