"""What is taken from a journal has the form that everything after it relies on."""

from typing import Any

import pytest

from procedures.domain.reported import exited_of, functions_of, raised_of

PARAMETER = {
    "name": "n",
    "kind": "positional_or_keyword",
    "annotation": "int",
    "required": False,
    "default": {"json": 1},
}
FUNCTION = {"name": "main", "doc": "Go.", "signature": "(n: int = 1)", "line": 3, "parameters": [PARAMETER]}
FRAME = {"file": "/a.py", "line": 3, "function": "main", "kind": "script", "code": [[3, "raise"]]}
LINK = {"type": "ValueError", "message": "no", "frames": [FRAME]}
RAISED = {
    "function": "main",
    "type": "ValueError",
    "message": "no",
    "stacktrace": "T",
    "exit_code": None,
    "chain": [LINK],
}


def test_what_a_worker_reports_comes_out_as_it_is() -> None:
    assert functions_of({"functions": [FUNCTION]}) == [FUNCTION]
    assert raised_of(RAISED) == RAISED
    assert exited_of({"function": "main", "status": 3, "signal": None}) == {"status": 3, "signal": None}


def test_what_an_older_worker_leaves_out_is_filled_in() -> None:
    [function] = functions_of({"functions": [{"name": "main"}]})
    assert (function["doc"], function["parameters"]) == ("", [])
    assert raised_of({"type": "E"})["chain"] == []


@pytest.mark.parametrize(
    "functions",
    [
        *(5, None, {}, [1], [{}], [{"name": None}], [{"name": "f", "parameters": 1}], [{"name": "f", "line": True}]),
        [FUNCTION | {"parameters": [PARAMETER | {"kind": "odd"}]}],
        [FUNCTION | {"parameters": [PARAMETER | {"default": 5}]}],
        [FUNCTION | {"parameters": [PARAMETER | {"default": {"repr": 5}}]}],
    ],
)
def test_functions_that_are_not_as_documented_are_refused(functions: Any) -> None:
    with pytest.raises((TypeError, KeyError)):
        functions_of({"functions": functions})


@pytest.mark.parametrize(
    "odd",
    [
        *({"type": 5}, {"exit_code": "3"}, {"function": []}, {"stacktrace": None}, {"chain": 5}, {"chain": [{}]}),
        {"chain": [LINK | {"frames": [FRAME | {"line": "3"}]}]},
        {"chain": [LINK | {"frames": [FRAME | {"code": [[1]]}]}]},
    ],
)
def test_an_exception_that_is_not_as_documented_is_refused(odd: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError, KeyError)):
        raised_of(RAISED | odd)
