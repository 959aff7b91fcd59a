from typing import Any

import pytest

from procedures.domain.errors import InvalidInput
from procedures.domain.messages import topic_fault
from procedures.domain.overrides import Declaration, Kind, NoSuchOverride, Overrides

DECLARED = Overrides(
    [
        Declaration("wait_for_qa_ready", Kind.BOOL, default=False),
        Declaration("scans", Kind.INT, default=5),
        Declaration("limit", Kind.FLOAT, default=0.5),
        Declaration("note", Kind.STR, default=""),
        Declaration("band", Kind.CHOICE, default="low", choices=("low", "mid")),
    ]
)


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("wait_for_qa_ready", True, True),
        ("scans", 3.0, 3),
        ("limit", 2, 2.0),
        ("note", "mind the wind", "mind the wind"),
        ("band", "mid", "mid"),
    ],
)
def test_value_that_fits_is_kept(name: str, value: Any, kept: Any) -> None:
    found = DECLARED.get(name).value_of(value)
    assert (found, type(found)) == (kept, type(kept))


MISFITS: dict[str, list[Any]] = {
    "wait_for_qa_ready": [1, "true", None],
    "scans": [True, 1.5, "3", float("inf"), 2**60, -(10**400)],
    "limit": [True, float("nan"), float("-inf"), "1", [], 10**400],
    "note": [3, "x" * 1001, "a\0b", "\ud800"],
    "band": ["high", None, 0],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in MISFITS.items() for value in values])
def test_value_that_does_not_fit_is_refused_with_what_is_wanted(name: str, value: Any) -> None:
    with pytest.raises(InvalidInput, match=f"of {name} must be"):
        DECLARED.get(name).value_of(value)


def test_what_is_not_declared_is_refused_with_what_is() -> None:
    with pytest.raises(NoSuchOverride, match="wait_for_qa_ready, scans"):
        DECLARED.get("wait")


def test_stored_value_that_no_longer_fits_gives_way_to_the_default() -> None:
    values = DECLARED.in_force({"scans": "many", "band": "mid", "gone": 1})
    assert values == {"wait_for_qa_ready": False, "scans": 5, "limit": 0.5, "note": "", "band": "mid"}


def test_events_set_overrides_and_overrides_are_told_by_events() -> None:
    for declaration in DECLARED:
        topic = declaration.topic_of(declaration.default)
        assert DECLARED.from_event(topic, {"value": declaration.default}) == (declaration.name, declaration.default)
    assert DECLARED.from_event("operator.wait_for_qa_ready.enable", {}) == ("wait_for_qa_ready", True)
    assert DECLARED.from_event("operator.other.enable", {}) is None
    assert DECLARED.from_event("operator.scans.enable", {}) is None
    assert DECLARED.from_event("weather.wind", {}) is None


@pytest.mark.parametrize(
    "topic", ["", "a b", "a..b", ".a", "ä", "a" * 201, None, 3, "procedure.lifecycle.failed", "script.x"]
)
def test_topic_that_cannot_be_sent_under_is_explained(topic: Any) -> None:
    assert topic_fault(topic)


def test_topics_of_overrides_may_be_sent_under() -> None:
    assert topic_fault("operator.wait_for_qa_ready.enable", is_override=True) == ""
    assert topic_fault("weather.wind-speed.mast_2") == ""
