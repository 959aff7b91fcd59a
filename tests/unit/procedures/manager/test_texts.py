"""What scripts say is made storable."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procedures.manager.texts import MAX_DEPTH, clean_json, clean_text, last_line, topic_of_script

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda children: st.lists(children) | st.dictionaries(st.text(st.characters(codec=None)), children),
    max_leaves=20,
)


@given(JSON)
def test_whatever_comes_out_is_json_without_nul_and_broken_unicode(value: Any) -> None:
    text = json.dumps(clean_json(value), allow_nan=False, ensure_ascii=False)
    assert "\\u0000" not in text.replace("\\\\", "")
    text.encode()


@given(
    st.recursive(
        st.integers() | st.text(st.characters(codec="utf-8", exclude_characters="\0")), st.lists, max_leaves=20
    )
)
def test_what_is_storable_stays_as_it_is(value: Any) -> None:
    assert clean_json(value) == value


def test_a_backslash_before_u0000_is_no_nul() -> None:
    assert clean_json({"a": "\\u0000 é"}) == {"a": "\\u0000 é"}
    assert clean_json({"a": "\\\0 \0"}) == {"a": "\\\ufffd \ufffd"}


def test_what_cannot_be_stored_is_named() -> None:
    deep: Any = []
    for _ in range(MAX_DEPTH):
        deep = [deep]
    assert clean_json(deep) == {"unusable": "nested more than 100 levels deep"}
    assert "unusable" in clean_json({"a": float("nan")})
    assert clean_json([[]] * 200) == [[]] * 200


def test_text_is_cleaned() -> None:
    assert clean_text("a\0b\ud800c é") == "a\ufffdb?c é"


@pytest.mark.parametrize(
    ("said", "logged"),
    [
        ("scan.started", "scan.started"),
        ("procedure.lifecycle.complete", "script.procedure.lifecycle.complete"),
        ("node.condition", "script.node.condition"),
        ("x" * 300, "x" * 200),
    ],
)
def test_scripts_cannot_speak_under_topics_of_ours(said: str, logged: str) -> None:
    assert topic_of_script(said) == logged


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (b"one\ntwo\n", "two"),
        (b"one\n\n  \n", "one"),
        (b"10%\r20%\r", "20%"),
        (b"\x1b[1;31mred\x1b[0m alert\n", "red alert"),
        (b"\x1b]0;title\x07text\n", "text"),
        (b"tab\there\x00\n", "tab here"),
        (b"half \xc3", "half \ufffd"),
        (b"", ""),
        (b"x" * 20, "x" * 9 + "…"),
    ],
)
def test_the_last_line_is_what_a_person_reads(text: bytes, line: str) -> None:
    assert last_line(text, characters=10) == line
