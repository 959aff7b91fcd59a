"""procedures.domain.source: what a script's text says about itself, without running it."""

from types import ModuleType

import pytest

from oet.functions import describe_functions
from procedures.domain.source import describe_source

SCRIPT = '''
"""Observes one target.

And more about it.
"""
import os

LIMIT = 3


def init(subarray_id: int, *, band: str = "2") -> None:
    """Get ready."""


def main(target, scans: int = 14, /, *rest, pause_s=0.5, options: dict = {}, **more) -> str:
    return ""


def _private(): ...


async def later(when: "float | None" = None): ...


class Thing:
    def method(self): ...
'''


def test_functions_are_described_as_the_worker_will_report_them() -> None:
    module = ModuleType("script")
    exec(compile(SCRIPT, "script.py", "exec"), module.__dict__)
    reported = {function["name"]: function for function in describe_functions(module)}
    for function in describe_source(SCRIPT).functions:
        for parameter, known in zip(function["parameters"], reported[function["name"]]["parameters"], strict=True):
            kept = ("name", "kind", "required", "default", "annotation")
            assert {key: parameter[key] for key in kept[:4]} == {key: known[key] for key in kept[:4]}
            assert (parameter["annotation"] or "").strip("'\"") == (known["annotation"] or "").strip("'\"")
    assert [function["name"] for function in describe_source(SCRIPT).functions] == list(reported)


def test_the_script_says_in_its_own_words_what_it_is_for() -> None:
    source = describe_source(SCRIPT)
    assert source.doc.startswith("Observes one target.")
    init = source.function("init")
    assert init is not None
    assert init["doc"] == "Get ready."
    assert init["signature"] == "(subarray_id: int, *, band: str='2') -> None"


def test_a_default_that_is_computed_is_shown_and_not_guessed() -> None:
    (function,) = describe_source("def main(a=LIMIT * 2, b=(1, 2), c=float('nan')): ...").functions
    assert [p["default"] for p in function["parameters"]] == [
        {"repr": "LIMIT * 2"},
        {"repr": "(1, 2)"},
        {"repr": "float('nan')"},
    ]


def test_a_later_definition_hides_an_earlier_one() -> None:
    (function,) = describe_source("def main(a): ...\ndef main(b): ...").functions
    assert function["parameters"][0]["name"] == "b"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("def main(:\n", "line 1: "),
        ("x = 1\n  y = 2\n", "line 2: unexpected indent"),
        ("a\0b", "null bytes"),
        ("(" * 5000, "line 1: too many nested parentheses"),
    ],
)
def test_text_that_is_no_python_says_where(text: str, words: str) -> None:
    source = describe_source(text)
    assert words in source.fault
    assert source.functions == []


def test_text_without_functions_has_none() -> None:
    assert describe_source("").functions == []
    assert describe_source("print(1)").function("main") is None


def test_an_enumeration_offers_its_values() -> None:
    text = (
        "from enum import Enum, auto\nimport enum\nclass Weight(Enum):\n    NATURAL = 'natural'\n    UNIFORM = 'uniform'\n"
        "class Secret(enum.IntEnum):\n    A = auto()\n"
        "def main(w: Weight, v: Weight | None = None, s: Secret = 1): ...\n"
    )
    main = describe_source(text).function("main")
    assert main is not None
    assert [parameter.get("choices") for parameter in main["parameters"]] == [["natural", "uniform"]] * 2 + [None]
