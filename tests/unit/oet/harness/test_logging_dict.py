"""Every row of the table of messages, in full and muted; paths; what is wrapped and what is left alone."""

import copy
import json
import logging
import pickle
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from oet.harness import LoggingDict, ScriptHarnessException
from tests.unit.oet.harness.conftest import Lines

Change = Callable[[Any], Any]


def setitem(key: Any, value: Any) -> Change:
    return lambda d: d.__setitem__(key, value)


def delitem(key: Any) -> Change:
    return lambda d: d.__delitem__(key)


DICT_ROWS: list[tuple[Change, list[str], list[str]]] = [
    (setitem("k", "v"), ["__setitem__ k to v"], ["__setitem__ k ..."]),
    (setitem("a", 1), ["__setitem__ a to 1"], ["__setitem__ a ..."]),
    (setitem("%s", "%d"), ["__setitem__ %s to %d"], ["__setitem__ %s ..."]),
    (delitem("a"), ["__delitem__ a"], ["__delitem__ a"]),
    (lambda d: d.clear(), ["clearing dict"], ["clearing dict"]),
    (lambda d: d.pop("a"), ["popping dict key a"], ["popping dict key a"]),
    (lambda d: d.pop("z", None), ["popping dict key z (default None)"], ["popping dict key z with default ..."]),
    (lambda d: d.pop("z", "x"), ["popping dict key z (default x)"], ["popping dict key z with default ..."]),
    (lambda d: d.popitem(), ["popitem", "the popitem removed the key b"], ["popitem", "the popitem removed the key b"]),
    (
        lambda d: d.setdefault("a", 9),
        ["setdefault a to 9", "setdefault: a unchanged"],
        ["setdefault a ...", "setdefault: a unchanged"],
    ),
    (
        lambda d: d.setdefault("z", 9),
        ["setdefault z to 9", "setdefault: z now 9"],
        ["setdefault z ...", "setdefault: z changed"],
    ),
    (
        lambda d: d.setdefault("z"),
        ["setdefault z to None", "setdefault: z now None"],
        ["setdefault z ...", "setdefault: z changed"],
    ),
    *(
        (
            update,
            ["update a to 1", "update z to [2]", "update: a unchanged", "update: z now [2]"],
            ["update a ...", "update z ...", "update: a unchanged", "update: z changed"],
        )
        for update in (
            lambda d: d.update({"a": 1, "z": [2]}),
            lambda d: d.update([("a", 1), ("z", [2])]),
            lambda d: d.update(a=1, z=[2]),
            lambda d: d.__ior__({"a": 1, "z": [2]}),
        )
    ),
]

LIST_ROWS: list[tuple[Change, str, str, str]] = [
    (lambda x: x.append("x"), "appending x", "appending ...", "[3, 1, 'x']"),
    (lambda x: x.remove(3), "removing 3", "removing ...", "[1]"),
    (lambda x: x.extend(iter([7, "y"])), "extending with [7, 'y']", "extending ...", "[3, 1, 7, 'y']"),
    (lambda x: x.__iadd__((7,)), "extending with [7]", "extending ...", "[3, 1, 7]"),
    (lambda x: x.__imul__(2), "extending with [3, 1]", "extending ...", "[3, 1, 3, 1]"),
    (lambda x: x.__imul__(0), "extending with []", "extending ...", "[]"),
    (lambda x: x.insert(1, "x"), "inserting x at position 1", "inserting at position 1", "[3, 'x', 1]"),
    (lambda x: x.pop(), "popping", "popping", "[3]"),
    (lambda x: x.pop(0), "popping position 0", "popping position 0", "[1]"),
    (lambda x: x.sort(), "sorting", "sorting", "[1, 3]"),
    (lambda x: x.sort(reverse=True), "sorting", "sorting", "[3, 1]"),
    (lambda x: x.reverse(), "reversing", "reversing", "[1, 3]"),
    (lambda x: x.clear(), "clearing list", "clearing list", "[]"),
    (setitem(1, "x"), "__setitem__ 1 to x", "__setitem__ 1 ...", "[3, 'x']"),
    (setitem(slice(1, 3), (5, 6)), "__setitem__ 1:3 to [5, 6]", "__setitem__ 1:3 ...", "[3, 5, 6]"),
    (setitem(slice(None, None, 2), [9]), "__setitem__ ::2 to [9]", "__setitem__ ::2 ...", "[9, 1]"),
    (delitem(0), "__delitem__ 0", "__delitem__ 0", "[1]"),
    (delitem(slice(None, 2)), "__delitem__ :2", "__delitem__ :2", "[]"),
]


@pytest.mark.parametrize(("change", "messages", "muted"), DICT_ROWS)
def test_changes_of_a_dict_are_logged(change: Change, messages: list[str], muted: list[str], lines: Lines) -> None:
    change(LoggingDict({"a": 1, "b": 2}))
    assert lines() == messages
    change(LoggingDict({"a": 1, "b": 2}, muted=True))
    assert lines()[len(messages) :] == muted


@pytest.mark.parametrize(("change", "message", "muted", "looks"), LIST_ROWS)
def test_changes_of_a_list_are_logged(change: Change, message: str, muted: str, looks: str, lines: Lines) -> None:
    watched = LoggingDict({"l": [3, 1]}, name="d")
    change(watched["l"])
    assert str(watched["l"]) == looks
    assert lines() == [f"d['l']: {message}", f"d['l']: now looks like {looks}"]
    change(LoggingDict({"l": [3, 1]}, muted=True)["l"])
    assert lines()[2:] == [muted]


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (delitem("nope"), KeyError, "__delitem__ nope"),
        (lambda d: d.pop("nope"), KeyError, "popping dict key nope"),
        (setitem([], 1), TypeError, "__setitem__ [] to 1"),
        (lambda d: d["l"].remove(9), ValueError, "removing 9"),
        (lambda d: d["l"].pop(9), IndexError, "popping position 9"),
        (lambda d: d["l"].__setitem__(9, 1), IndexError, "__setitem__ 9 to 1"),
        (lambda d: d["l"].__delitem__(9), IndexError, "__delitem__ 9"),
        (lambda d: LoggingDict().popitem(), KeyError, "popitem"),
    ],
)
def test_change_that_fails_has_been_logged(change: Change, error: type[Exception], message: str, lines: Lines) -> None:
    watched = LoggingDict({"l": [1]})
    with pytest.raises(error):
        change(watched)
    assert lines() == [message]
    assert watched == {"l": [1]}


def test_messages_of_the_specification(caplog: pytest.LogCaptureFixture) -> None:
    config = LoggingDict({"l": [3]}, name="root.config")
    caplog.set_level(logging.INFO)
    config["x"] = [1, {"y": 2}]
    config["x"][1]["y"] = 3
    config["l"].append(4)
    with pytest.raises(KeyError):
        del config["nope"]
    assert [(r.name, r.levelno, r.getMessage()) for r in caplog.records] == [
        ("oet.harness.data", logging.INFO, message)
        for message in (
            "root.config: __setitem__ x to [1, {'y': 2}]",
            "root.config['x'][1]: __setitem__ y to 3",
            "root.config['l']: appending 4",
            "root.config['l']: now looks like [3, 4]",
            "root.config: __delitem__ nope",
        )
    ]


def test_level_and_logger_are_chosen(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    LoggingDict({"a": {}}, level=logging.DEBUG, logger_name="mine")["a"]["b"] = 1
    assert caplog.record_tuples == [("mine", logging.DEBUG, "__setitem__ b to 1")]


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("a", "'a'"),
        ("it's", '"it\'s"'),
        ("a'b\"c", "'''a'b\"c'''"),
        ("a\"b'", '"""a"b\'"""'),
        (5, "5"),
        (True, "True"),
        ("%", "'%'"),
    ],
)
def test_keys_are_quoted_so_that_they_do_not_clash(key: Any, shown: str, lines: Lines) -> None:
    LoggingDict({key: {}}, name="n")[key]["x"] = 1
    assert lines() == [f"n[{shown}]: __setitem__ x to 1"]


def test_positions_are_those_of_the_moment(lines: Lines) -> None:
    watched = LoggingDict({"l": [{"a": 1}], "t": ({"b": 1},)}, name="n")
    inner = watched["l"][0]
    watched["l"].insert(0, "first")
    inner["a"] = 2
    watched["t"][0]["b"] = 2
    assert "n['l'][1]: __setitem__ a to 2" in lines()
    assert "n['t'][0]: __setitem__ b to 2" in lines()
    popped = watched["l"].pop()
    popped["a"] = 3
    assert lines()[-1] == "__setitem__ a to 3"


@pytest.mark.parametrize(
    "insert",
    [
        lambda d, v: d.__setitem__("n", v),
        lambda d, v: d.update(n=v),
        lambda d, v: d.setdefault("n", v),
        lambda d, v: d["l"].append(v),
        lambda d, v: d["l"].extend([v]),
        lambda d, v: d["l"].insert(0, v),
        lambda d, v: d["l"].__setitem__(slice(0, 1), [v]),
        lambda d, v: d["l"].__setitem__(0, v),
    ],
)
def test_whatever_is_put_in_is_watched_and_the_callers_object_left_alone(
    insert: Callable[[Any, Any], Any], lines: Lines
) -> None:
    watched = LoggingDict({"l": [0]}, name="n")
    mine = {"deep": [({"x": 1},)]}
    insert(watched, mine)
    kept = watched.get("n") or next(item for item in watched["l"] if item)
    before = len(lines())
    kept["deep"][0][0]["x"] = 2
    assert len(lines()) == before + 1
    assert lines()[-1].endswith("['deep'][0][0]: __setitem__ x to 2")
    assert mine == {"deep": [({"x": 1},)]}
    assert type(mine["deep"]) is list


def test_reads_log_nothing_and_everything_equals_its_plain_form(lines: Lines) -> None:
    plain = {"a": [1, {"b": (2, [3])}], "d": {"e": None}}
    watched = LoggingDict(plain)
    assert watched == plain
    assert dict(watched) == watched == copy.deepcopy(watched)
    assert json.loads(json.dumps(watched)) == json.loads(json.dumps(plain))
    assert str(watched) == str(plain)
    assert (watched.get("x"), watched["a"][1:], list(watched), "a" in watched) == (
        None,
        [{"b": (2, [3])}],
        ["a", "d"],
        True,
    )
    assert watched.copy() == plain
    assert copy.copy(watched) == plain
    assert pickle.loads(pickle.dumps(watched)) == plain
    assert lines() == []


def test_deepcopy_is_plain_and_silent_and_leaves_the_source_alone(lines: Lines) -> None:
    watched = LoggingDict({"a": [1, {"b": (2, [3])}]})
    copied = copy.deepcopy(watched)
    assert [type(x) for x in (copied, copied["a"], copied["a"][1], copied["a"][1]["b"], copied["a"][1]["b"][1])] == [
        dict,
        list,
        dict,
        tuple,
        list,
    ]
    copied["a"].append(1)
    assert lines() == []
    assert watched == {"a": [1, {"b": (2, [3])}]}


def test_redacted_keys_are_muted_at_any_depth(lines: Lines) -> None:
    watched = LoggingDict({"in": [{"pw": "s3"}], "pw": ["s3"]}, redact={"pw"}, name="n")
    watched["pw"] = "s3"
    watched["in"][0]["pw"] = "s3"
    watched.update(pw="s3", other={"pw": "s3"})
    watched["in"].append({"pw": "s3", "x": 1})
    watched["in"].extend([({"pw": "s3"},)])
    watched.setdefault("pw", "s3")
    watched.pop("pw", "s3")
    watched["pw"] = ["s3"]
    watched["pw"].append("s3")
    watched["new"] = [{"pw": {"deep": "s3"}}]
    watched["new"][0]["pw"]["deep"] = "s3"
    assert "s3" not in "\n".join(lines())
    assert lines()[:2] == ["n: __setitem__ pw ...", "n['in'][0]: __setitem__ pw ..."]
    assert "n['in']: appending {'pw': '...', 'x': 1}" in lines()
    assert lines()[-1] == "n['new'][0]['pw']: __setitem__ deep ..."
    assert watched["pw"] == ["s3", "s3"]


def test_in_place_operators_keep_the_very_object(lines: Lines) -> None:
    watched = LoggingDict({"l": [1], "ll": [[1]]}, name="n")
    inner, deep = watched["l"], watched["ll"][0]
    watched["l"] += [2]
    watched["ll"][0] += [2]
    assert watched["l"] is inner
    assert watched["ll"][0] is deep
    assert lines()[:3] == ["n['l']: extending with [2]", "n['l']: now looks like [1, 2]", "n: __setitem__ l to [1, 2]"]
    deep.append(3)
    assert lines()[-1] == "n['ll'][0]: now looks like [1, 2, 3]"


def test_cycles_are_refused() -> None:
    endless: list[Any] = []
    endless.append({"again": endless})
    with pytest.raises(ScriptHarnessException, match="contains itself"):
        LoggingDict({"l": endless})
    watched = LoggingDict({"l": [1], "d": {}})
    for insert in (
        lambda: watched.update(me=watched),
        lambda: watched["l"].append(endless),
        lambda: watched["d"].update(up=[watched]),
        lambda: watched["l"].append(watched["l"]),
    ):
        with pytest.raises(ScriptHarnessException, match="contains itself"):
            insert()
    itself: dict[str, Any] = {}
    itself["me"] = itself
    with pytest.raises(ScriptHarnessException, match="contains itself"):
        LoggingDict(itself)


def test_one_object_in_two_places_is_no_cycle() -> None:
    shared = [1]
    watched = LoggingDict({"a": shared, "b": {"c": shared}})
    watched["a"].append(2)
    assert watched == {"a": [1, 2], "b": {"c": [1]}}


def test_other_objects_are_kept_as_they_are(lines: Lines) -> None:
    class Point(NamedTuple):
        x: int

    watched = LoggingDict({"s": {1}, "p": Point(1), "o": OrderedDict(a=1)})
    watched["s"].add(2)
    assert watched["p"].x == 1
    assert lines() == []
    watched["o"]["a"] = 2
    assert lines() == ["__setitem__ a to 2"]


def test_values_that_compare_oddly_count_as_changed(lines: Lines) -> None:
    class Odd:
        def __eq__(self, other: object) -> bool:
            raise ValueError("ambiguous")

        __hash__ = object.__hash__

        def __str__(self) -> str:
            return "odd"

    watched = LoggingDict({"a": Odd()})
    watched.update(a=Odd())
    assert lines() == ["update a to odd", "update: a now odd"]
