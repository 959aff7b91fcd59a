import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procedures.feed import encoded, ring
from procedures.feed.encoded import Encoded, Wanted, batch, encode
from procedures.feed.ring import Ring
from procedures.models import Event

ALL = Wanted()


def event(number: int, topic: str = "a.b", procedure_id: int | None = None) -> Encoded:
    return Encoded(number, topic, procedure_id, json.dumps({"id": number}))


def ids(found: encoded.Batch | None) -> list[int]:
    assert found is not None
    return [one.id for one in found.events]


def test_a_client_reads_on_from_its_cursor() -> None:
    events = Ring(10)
    events.add([event(11), event(14)])
    assert ids(events.after(10, ALL)) == [11, 14]
    assert ids(events.after(11, ALL)) == [14]
    assert ids(events.after(14, ALL)) == []


def test_a_client_below_the_floor_is_sent_to_the_database() -> None:
    assert Ring(10).after(9, ALL) is None


def test_clients_at_the_same_place_share_one_batch_until_there_is_more() -> None:
    events = Ring(0)
    events.add([event(1)])
    first = events.after(0, ALL)
    assert events.after(0, ALL) is first
    events.add([event(2)])
    assert ids(events.after(0, ALL)) == [1, 2]


def test_the_cursor_moves_on_over_what_a_client_does_not_want() -> None:
    events = Ring(0)
    events.add([event(1, "x"), event(2, "procedure.lifecycle.started", 7), event(3, "y", 8)])
    found = events.after(0, Wanted(("procedure.*",)))
    assert (ids(found), found and found.cursor) == ([2], 3)
    assert ids(events.after(0, Wanted(procedure_id=8))) == [3]
    assert ids(events.after(0, Wanted(("*.started", "x")))) == [1, 2]


def test_the_oldest_are_forgotten_and_the_floor_rises(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ring, "KEPT_EVENTS", 10)
    events = Ring(0)
    for number in range(1, 100):
        events.add([event(number)])
    assert 10 <= 99 - events.floor <= 20
    assert events.after(events.floor - 1, ALL) is None
    assert ids(events.after(events.floor, ALL)) == list(range(events.floor + 1, 100))


def test_large_events_are_forgotten_sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ring, "KEPT_CHARACTERS", 1000)
    events = Ring(0)
    for number in range(1, 100):
        events.add([Encoded(number, "a", None, "x" * 400)])
    assert 99 - events.floor <= 5
    assert events.last == 99


def test_a_batch_is_cut_before_it_is_too_long_and_says_where_to_go_on() -> None:
    many = [event(number) for number in range(1, 2 * encoded.MAX_EVENTS)]
    assert batch(many, ALL, 0).cursor == encoded.MAX_EVENTS
    large = [Encoded(number, "a", None, "x" * (encoded.MAX_CHARACTERS // 2 + 1)) for number in (1, 2, 3)]
    assert (ids(batch(large, ALL, 0)), batch(large, ALL, 0).cursor) == ([1], 1)


def test_an_event_that_no_message_should_hold_comes_without_its_payload() -> None:
    huge = Event(
        id=5, at=datetime.now(UTC), topic="t", procedure_id=3, payload={"text": "x" * encoded.MAX_EVENT_CHARACTERS}
    )
    shown = json.loads(encode(huge).text)
    assert shown["id"] == 5
    assert shown["payload"].keys() == {"left_out_characters"}
    assert shown["payload"]["left_out_characters"] > encoded.MAX_EVENT_CHARACTERS


def test_the_frame_of_a_batch_is_one_json_message() -> None:
    frame = json.loads(batch([event(1), event(2)], ALL, 0).frame)
    assert frame == {"type": "events", "cursor": 2, "events": [{"id": 1}, {"id": 2}]}


@given(st.lists(st.integers(1, 5), max_size=60), st.integers(0, 20), st.integers(1, 30))
def test_whoever_follows_the_cursor_sees_every_event_once_and_in_order(steps: list[int], start: int, kept: int) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(ring, "KEPT_EVENTS", kept)
        monkeypatch.setattr(encoded, "MAX_EVENTS", 3)
        events, cursor, number = Ring(start), start, start
        seen: list[int] = []
        expected: list[int] = []
        for step in steps:
            number += step
            events.add([event(number)])
            expected.append(number)
            if step % 2 and (found := events.after(cursor, ALL)):
                seen += ids(found)
                cursor = found.cursor
            elif cursor < events.floor:  # it fell behind; the database would have told it this
                seen += [one for one in expected if cursor < one <= events.floor]
                cursor = events.floor
        while (found := events.after(cursor, ALL)) and found.events:
            seen += ids(found)
            cursor = found.cursor
        if cursor >= events.floor:
            assert seen == expected
