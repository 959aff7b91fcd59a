import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procedures.domain.arguments import ProcedureInput, arguments_in_brief, call_fault, inputs_from_json, subarray_ids
from procedures.domain.errors import InvalidInput


def parameter(name: str, kind: str = "positional_or_keyword", *, required: bool = True) -> dict[str, Any]:
    return {"name": name, "kind": kind, "required": required, "annotation": None, "default": None}


def function(*parameters: dict[str, Any]) -> dict[str, Any]:
    return {"name": "main", "signature": "(…)", "parameters": list(parameters)}


def test_arguments_arrive_as_they_were_sent() -> None:
    sent = {"init": {"args": [1, "a"], "kwargs": {"subarray_id": 1}}, "main": {}}
    assert inputs_from_json(sent) == {
        "init": ProcedureInput((1, "a"), {"subarray_id": 1}),
        "main": ProcedureInput(),
    }


@pytest.mark.parametrize(
    ("data", "field", "words"),
    [
        ([], "script_args", "must be an object"),
        ({"init": []}, "script_args.init", "must be an object"),
        ({"no name": {}}, "script_args.no name", "not the name of a function"),
        ({"init": {"args": {}}}, "script_args.init.args", "must be an array, not an object"),
        ({"init": {"args": "abc"}}, "script_args.init.args", "must be an array, not a string"),
        ({"init": {"kwargs": [1]}}, "script_args.init.kwargs", "must be an object, not an array"),
        ({"init": {"kwargs": {"a b": 1}}}, "script_args.init.kwargs", "no name of an argument"),
        ({"init": {"args": [float("nan")]}}, "script_args.init.args", "NaN"),
        ({"init": {"kwargs": {"a": {"b": "\0"}}}}, "script_args.init.kwargs", "NUL"),
        ({"init": {"kwargs": {"a": "\udc00"}}}, "script_args.init.kwargs", "surrogate"),
        ({"init": {"arg": []}}, "script_args.init.arg", "neither args nor kwargs"),
    ],
)
def test_a_fault_names_its_field(data: Any, field: str, words: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        inputs_from_json(data)
    assert words in " ".join(caught.value.errors[field])


def test_deep_nesting_is_refused_in_words() -> None:
    deep: Any = []
    for _ in range(200):
        deep = [deep]
    with pytest.raises(InvalidInput, match="levels deep"):
        inputs_from_json({"init": {"args": deep}})


@pytest.mark.parametrize(
    ("described", "call", "fault"),
    [
        (function(parameter("a")), ProcedureInput((1,)), ""),
        (function(parameter("a")), ProcedureInput(), "needs a"),
        (function(parameter("a")), ProcedureInput((1, 2)), "takes 1 positional arguments; 2 were given"),
        (function(parameter("a")), ProcedureInput((1,), {"a": 2}), "both by position and by name"),
        (function(parameter("a")), ProcedureInput((1,), {"b": 2}), "has no argument “b”"),
        (function(parameter("a", "positional_only")), ProcedureInput(kwargs={"a": 2}), "has no argument “a”"),
        (function(parameter("a", required=False)), ProcedureInput(), ""),
        (function(parameter("a", "keyword_only")), ProcedureInput((1,)), "takes 0 positional"),
        (function(parameter("r", "var_positional", required=False)), ProcedureInput((1, 2, 3)), ""),
        (function(parameter("k", "var_keyword", required=False)), ProcedureInput(kwargs={"x": 1}), ""),
    ],
)
def test_a_call_is_held_against_the_signature(described: dict[str, Any], call: ProcedureInput, fault: str) -> None:
    found = call_fault(described, call)
    assert fault in found
    assert bool(found) == bool(fault)


names = st.sampled_from(["a", "b", "c"])


@given(st.lists(st.integers(), max_size=4), st.dictionaries(names, st.integers()))
def test_the_verdict_is_the_one_that_python_would_give(args: list[int], kwargs: dict[str, int]) -> None:
    def main(a: int, b: int = 0, *, c: int) -> None:
        pass

    described = function(parameter("a"), parameter("b", required=False), parameter("c", "keyword_only"))
    try:
        main(*args, **kwargs)
    except TypeError:
        assert call_fault(described, ProcedureInput(tuple(args), kwargs))
    else:
        assert not call_fault(described, ProcedureInput(tuple(args), kwargs))


def test_subarray_ids_are_found_by_name_and_by_position() -> None:
    described = [function(parameter("target"), parameter("subarray_id"))]
    assert subarray_ids([("init", ProcedureInput(kwargs={"subarray_id": 1}))], None) == {1}
    assert subarray_ids([("main", ProcedureInput(("Cen A", 2)))], described) == {2}
    assert subarray_ids([("main", ProcedureInput(("Cen A", True)))], described) == frozenset()
    assert subarray_ids(
        [("init", ProcedureInput(kwargs={"subarray_id": 1})), ("main", ProcedureInput(("x", 2)))], described
    ) == {1, 2}


@given(st.dictionaries(names, st.text() | st.integers() | st.lists(st.text()), max_size=3))
def test_the_brief_form_stays_within_its_bound(kwargs: dict[str, Any]) -> None:
    line = arguments_in_brief({"main": ProcedureInput(kwargs=kwargs)}, characters=80)
    assert len(line) <= 80
    for name, value in kwargs.items():
        if len(json.dumps(kwargs)) < 40:
            assert f"{name}=" in line, value
