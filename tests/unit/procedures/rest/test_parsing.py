import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import NotAcceptable, UnsupportedMediaType
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from procedures.rest.parsing import (
    MAX_DEPTH,
    JSONRenderer,
    MalformedBody,
    Negotiation,
    StrictJSONParser,
    json_from_bytes,
)

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children, max_size=5) | st.dictionaries(st.text(), children, max_size=5),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"a": 1,\n  b}', r"line 2, column 3: "),
        (b"", r"line 1, column 1: Expecting value"),
        (b'{"a": NaN}', "NaN is no number"),
        (b"[-Infinity]", "-Infinity is no number"),
        (b'{"state": 1, "x": {"key": 1, "key": 2}}', "the key “key” twice"),
        (b'"\xff"', "not UTF-8: byte 1 cannot be read"),
        (b"[" * 100_000, f"nested more than {MAX_DEPTH} levels"),
        (b"[" * 101 + b"]" * 101, f"nested more than {MAX_DEPTH} levels"),
        (b'{"a":' * 101 + b"1" + b"}" * 101, f"nested more than {MAX_DEPTH} levels"),
        (b"1" * 5000, "has a number that cannot be read"),
        (b"{} {}", "Extra data"),
    ],
)
def test_what_is_no_json_with_one_meaning_is_refused_with_its_place(body: bytes, words: str) -> None:
    with pytest.raises(MalformedBody, match=words):
        json_from_bytes(body)


def test_nesting_up_to_the_limit_is_read() -> None:
    text = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert json_from_bytes(text.encode()) == json.loads(text)


def test_wide_bodies_are_not_taken_for_deep_ones() -> None:
    wide = [{"a": [1]}] * 1000
    assert json_from_bytes(json.dumps(wide).encode()) == wide


@given(JSON_VALUES)
def test_every_json_value_is_read_as_it_is(value: Any) -> None:
    assert json_from_bytes(json.dumps(value).encode()) == value


@given(st.binary() | st.text(alphabet='{}[]",:0123456789eE.+-\\ud8NaNtrue').map(str.encode))
def test_no_bytes_lead_to_anything_but_a_value_or_a_refusal(body: bytes) -> None:
    try:
        json_from_bytes(body)
    except MalformedBody:
        return


@given(JSON_VALUES)
def test_whatever_was_read_can_be_sent(value: Any) -> None:
    assert json_from_bytes(JSONRenderer().render(value)) == value if value is not None else True


def test_half_a_surrogate_pair_is_sent_as_its_escape() -> None:
    assert JSONRenderer().render({"\ud800": "é"}) == b'{"\\ud800":"\xc3\xa9"}'


def test_numbers_that_json_does_not_have_are_never_sent() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        JSONRenderer().render(math.nan)


def _request(content_type: str = "application/json", **headers: str) -> Request:
    return Request(APIRequestFactory().generic("POST", "/", "{}", content_type, headers=headers))


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=latin-1", ""])
def test_json_is_taken_under_its_names_and_without_one(content_type: str) -> None:
    parsers = [StrictJSONParser()]
    assert Negotiation().select_parser(_request(content_type=content_type), parsers) is parsers[0]


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "nonsense", ";;;", "application/json2"]
)
def test_other_bodies_are_refused_with_the_remedy(content_type: str) -> None:
    with pytest.raises(UnsupportedMediaType, match="send JSON, with Content-Type: application/json"):
        Negotiation().select_parser(_request(content_type=content_type), [StrictJSONParser()])


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html, application/*;q=0.8", "APPLICATION/JSON"])
def test_clients_that_take_json_get_it(accept: str) -> None:
    renderers = [JSONRenderer()]
    assert Negotiation().select_renderer(_request(Accept=accept), renderers) == (renderers[0], "application/json")


def test_clients_that_do_not_take_json_are_told() -> None:
    with pytest.raises(NotAcceptable, match="answers with application/json, not with “text/html”"):
        Negotiation().select_renderer(_request(Accept="text/html"), [JSONRenderer()])
