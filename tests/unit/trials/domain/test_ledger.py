import pytest

from trials.domain.ledger import ResourceAlreadyHeld, ResourceLedger
from trials.domain.states import ScriptRef

A, B, C = ScriptRef(1, "a"), ScriptRef(2, "b"), ScriptRef(3, "c")


def test_the_first_in_the_queue_is_woken_when_the_resource_is_free() -> None:
    ledger = ResourceLedger()
    ledger.take(A, ["R"])
    ledger.queue(B, ["R"])
    ledger.queue(C, ["R"])
    assert ledger.woken == []
    ledger.release(A, ["R"])
    assert ledger.woken == [2]
    ledger.take(B, ["R"])
    assert (dict(ledger.resources.held), dict(ledger.resources.queue)) == ({"R": B}, {"R": (C,)})


def test_who_leaves_the_queue_lets_the_next_go_on() -> None:
    ledger = ResourceLedger()
    ledger.queue(B, ["R"])
    ledger.queue(C, ["R"])
    ledger.leave(B, ["R"])
    assert ledger.woken == [3]
    ledger.leave(C, ["R"])
    assert not ledger.resources.queue


def test_what_is_held_cannot_be_taken_and_nothing_of_it_is_taken() -> None:
    ledger = ResourceLedger()
    ledger.take(A, ["S"])
    with pytest.raises(ResourceAlreadyHeld, match="'S' is held by a of trial 1"):
        ledger.take(B, ["R", "S"])
    assert dict(ledger.resources.held) == {"S": A}


def test_only_its_holder_can_release() -> None:
    ledger = ResourceLedger()
    ledger.take(A, ["R"])
    ledger.release(B, ["R"])
    assert dict(ledger.resources.held) == {"R": A}
