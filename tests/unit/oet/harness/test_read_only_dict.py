import copy
import json
import pickle
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from oet.harness import ReadOnlyDict, ScriptHarnessException


class Point(NamedTuple):
    x: list[int]


def made() -> ReadOnlyDict:
    return ReadOnlyDict({"a": 1, "l": [1, [2, {"deep": [3]}]], "d": {"e": {"f": 1}}, "t": ({"g": 1},), "p": Point([1])})


MUTATORS: list[Callable[[Any], Any]] = [
    lambda d: d.__setitem__("a", 2),
    lambda d: d.__delitem__("a"),
    lambda d: d.clear(),
    lambda d: d.pop("a"),
    lambda d: d.pop("z", None),
    lambda d: d.popitem(),
    lambda d: d.setdefault("z", 1),
    lambda d: d.setdefault("a", 1),
    lambda d: d.update(z=1),
    lambda d: d.update(),
    lambda d: d.__ior__({"z": 1}),
    lambda d: d.__init__(z=1),
    lambda d: setattr(d, "_is_locked", False),
    lambda d: delattr(d, "_is_locked"),
    lambda d: setattr(d, "anything", 1),
]


@pytest.mark.parametrize("mutate", MUTATORS)
def test_nothing_changes_once_it_is_locked(mutate: Callable[[Any], Any]) -> None:
    locked = made()
    locked.lock()
    for target in (locked, locked["d"], locked["d"]["e"], locked["l"][1][1], locked["t"][0]):
        with pytest.raises(ScriptHarnessException, match="read-only"):
            mutate(target)
    assert locked["a"] == 1


@pytest.mark.parametrize("mutate", MUTATORS[:-3])
def test_everything_changes_before(mutate: Callable[[Any], Any]) -> None:
    mutate(made())


def test_lock_makes_lists_tuples() -> None:
    locked = made()
    locked.lock()
    locked.lock()
    assert locked["l"] == (1, (2, {"deep": (3,)}))
    assert isinstance(locked["l"], tuple)
    assert locked["p"] == Point((1,))  # type: ignore[arg-type]
    assert json.loads(json.dumps(locked))["l"] == [1, [2, {"deep": [3]}]]


def test_lock_leaves_the_callers_objects_alone() -> None:
    mine = {"e": [1]}
    locked = ReadOnlyDict({"d": mine})
    locked.lock()
    mine["e"].append(2)
    assert locked["d"]["e"] == (1,)
    assert mine == {"e": [1, 2]}


def test_deepcopy_is_unlocked_with_lists_again() -> None:
    locked = made()
    locked.lock()
    for copied in (copy.deepcopy(locked), pickle.loads(pickle.dumps(locked))):
        assert copied == made()
        assert type(copied) is ReadOnlyDict
        copied["l"][1][1]["deep"].append(4)
        copied["d"]["e"]["f"] = 2
        assert type(copied["t"]) is tuple
    assert locked["l"] == (1, (2, {"deep": (3,)}))


def test_shallow_copies_and_unions_are_plain() -> None:
    locked = made()
    locked.lock()
    for copied in (locked.copy(), copy.copy(locked), locked | {"z": 1}, dict(locked)):
        copied["a"] = 2
    assert locked["a"] == 1


def test_cycle_is_refused() -> None:
    endless: dict[str, Any] = {}
    endless["me"] = [endless]
    with pytest.raises(ScriptHarnessException, match="contains itself"):
        ReadOnlyDict(x=endless).lock()


def test_deep_nesting_locks_in_no_time() -> None:
    deep: dict[str, Any] = {}
    for _ in range(100):
        deep = {"d": deep, "l": [deep]} if len(str(deep)) < 1000 else {"d": deep}
    ReadOnlyDict(deep).lock()
