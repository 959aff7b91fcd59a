"""What the records of a journal mean."""

from typing import Any

import pytest

from oet.journal import DAMAGED, Record
from procedures.domain.states import ProcedureState as S
from procedures.manager.news import Note, Offer, Published, notes_of
from procedures.moves import Move
from procedures.supervision.story import Story


def notes(*records: tuple[str, Any]) -> list[Note]:
    return notes_of([Record(n, float(n), topic, payload) for n, (topic, payload) in enumerate(records, 1)], Story(), 12)


def test_states_become_transitions_with_their_times() -> None:
    found = notes(("state", {"state": "IDLE"}), ("state", {"state": "LOADING"}))
    assert [(note.state, note.at.timestamp()) for note in found if isinstance(note, Move)] == [
        (S.IDLE, 1.0),
        (S.LOADING, 2.0),
    ]


def test_a_result_goes_with_the_ready_that_follows_it() -> None:
    returned = {"function": "init", "result": [1], "result_repr": "[1]"}
    (move,) = notes(("returned", returned), ("state", {"state": "READY"}))
    assert isinstance(move, Move)
    assert move.details == returned


def test_a_ready_without_a_result_has_no_details() -> None:
    (move,) = notes(("state", {"state": "READY"}))
    assert isinstance(move, Move)
    assert move.details is None


def test_offers_and_messages_are_noted() -> None:
    offer, message, value = notes(
        ("loaded", {"functions": [{"name": "main"}], "module": "m", "file": "f", "doc": None}),
        ("event", {"topic": "scan", "payload": {"n": 1}}),
        ("event", {"topic": "scan", "payload": 5}),
    )
    assert isinstance(offer, Offer)
    assert [function["name"] for function in offer.functions] == ["main"]
    assert isinstance(message, Published)
    assert (message.topic, message.payload) == ("scan", {"n": 1})
    assert isinstance(value, Published)
    assert value.payload == {"value": 5}


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("state", {"state": "RUNNING"}),
        ("state", {"state": "COMPLETE"}),
        ("state", {"state": "NOWHERE"}),
        ("state", {}),
        ("state", None),
        ("loaded", {}),
        ("event", "text"),
        (DAMAGED, {"line": "}{"}),
    ],
)
def test_a_record_that_is_not_as_documented_is_left_out_and_logged(
    topic: str, payload: Any, caplog: pytest.LogCaptureFixture
) -> None:
    assert [type(note) for note in notes((topic, payload), ("state", {"state": "IDLE"}))] == [Move]
    assert "procedure 12: record 1 of its journal is not as documented" in caplog.text
