from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procedures.domain.arguments import ProcedureInput
from procedures.domain.errors import InvalidInput
from procedures.domain.scripts import FileSystemScript
from procedures.rest.requests import change_command, prepare_command
from procedures.service import StartProcessCommand, StopProcessCommand

FILE = {"script_type": "filesystem", "script_uri": "file:///srv/observe.py"}


def faults(body: Any, *, change: bool = False) -> dict[str, list[str]]:
    with pytest.raises(InvalidInput) as refused:
        change_command(1, body) if change else prepare_command(body)
    return refused.value.errors


def test_a_script_with_arguments_resources_and_timeout_becomes_a_command() -> None:
    body = {
        "script": FILE,
        "script_args": {"init": {"kwargs": {"subarray_id": 1}}},
        "resources": ["a"],
        "timeout": "3 minutes",
    }
    command = prepare_command(body)
    assert command.script == FileSystemScript("file:///srv/observe.py")
    assert command.inputs == {"init": ProcedureInput(kwargs={"subarray_id": 1})}
    assert command.resources == ["a"]
    assert command.timeout_s == 180


def test_what_is_not_said_is_left_to_the_service() -> None:
    command = prepare_command({"script": FILE})
    assert (command.inputs, command.resources, command.timeout_s) == ({}, None, None)


def test_all_faults_are_named_at_once() -> None:
    body = {"script": {"script_type": "x"}, "script_args": [], "resources": 3, "timeout": -1, "scriptargs": 1}
    assert faults(body).keys() == {"script.script_type", "script_args", "resources", "timeout", "scriptargs"}


def test_a_misspelt_field_is_answered_with_the_one_that_was_meant() -> None:
    assert "Did you mean “script_args”?" in faults({"script": FILE, "script_arg": {}})["script_arg"][0]
    assert "There are: script, script_args" in faults({"script": FILE, "zzz": {}})["zzz"][0]
    assert "Did you mean “abort”?" in faults({"state": "STOPPED", "abrot": True}, change=True)["abrot"][0]


@pytest.mark.parametrize("body", [None, [], "x", 1, True])
def test_a_body_that_is_no_object_is_refused(body: Any) -> None:
    assert faults(body) == {"body": ["must be a JSON object: {…}."]}
    assert faults(body, change=True) == {"body": ["must be a JSON object: {…}."]}


@pytest.mark.parametrize("state", ["READY", "COMPLETE", "running", "", None, 1, [], {}])
def test_only_running_and_stopped_can_be_asked_for(state: Any) -> None:
    assert "must be RUNNING (to start it) or STOPPED (to stop it)" in faults({"state": state}, change=True)["state"][0]


def test_a_missing_state_is_named() -> None:
    assert faults({}, change=True)["state"] == [
        "is required; it must be RUNNING (to start it) or STOPPED (to stop it)."
    ]


@pytest.mark.parametrize(
    ("script_args", "function"),
    [
        (None, "main"),
        ({}, "main"),
        ({"main": {}}, "main"),
        ({"tidy_up": {}}, "tidy_up"),
        ({"init": {"args": [1]}}, "main"),
        ({"init": {"args": [1]}, "tidy_up": {}}, "tidy_up"),
    ],
)
def test_the_function_in_the_arguments_is_started_and_else_main(script_args: Any, function: str) -> None:
    command = change_command(7, {"state": "RUNNING", "script_args": script_args})
    assert command == StartProcessCommand(7, function)


def test_arguments_and_timeout_go_with_the_start() -> None:
    command = change_command(
        7, {"state": "RUNNING", "script_args": {"main": {"args": [1], "kwargs": {"a": 2}}}, "timeout": 5}
    )
    assert command == StartProcessCommand(7, "main", ProcedureInput((1,), {"a": 2}), 5.0)


def test_two_functions_cannot_be_started_at_once() -> None:
    assert (
        "names several functions (main, tidy)"
        in faults({"state": "RUNNING", "script_args": {"main": {}, "tidy": {}}}, change=True)["script_args"][0]
    )


@pytest.mark.parametrize(("grace", "seconds"), [(None, None), (0, 0.0), (2.5, 2.5), (3600, 3600.0)])
def test_grace_is_a_number_of_seconds(grace: float | None, seconds: float | None) -> None:
    assert change_command(7, {"state": "STOPPED", "grace": grace}) == StopProcessCommand(7, seconds)


@pytest.mark.parametrize("grace", [-1, 3601, True, "5", [], {}, 1e400, 10**400])
def test_other_grace_is_refused(grace: Any) -> None:
    assert (
        "must be a number of seconds from 0 (kill at once) to 3600"
        in faults({"state": "STOPPED", "grace": grace}, change=True)["grace"][0]
    )


@pytest.mark.parametrize("abort", ["true", 1, None, []])
def test_abort_is_true_or_false(abort: Any) -> None:
    assert "must be true or false" in faults({"state": "STOPPED", "abort": abort}, change=True)["abort"][0]
    assert change_command(7, {"state": "STOPPED", "abort": True}) == StopProcessCommand(7, None, abort=True)


def test_fields_of_the_other_request_are_refused() -> None:
    assert faults({"state": "RUNNING", "abort": True, "grace": 5}, change=True).keys() == {"abort", "grace"}
    assert faults({"state": "STOPPED", "script_args": {"main": {}}, "timeout": 3}, change=True).keys() == {
        "script_args",
        "timeout",
    }


_FIELDS = st.sampled_from(
    ["script", "script_args", "resources", "timeout", "state", "abort", "grace", "init", "main", "args", "kwargs"]
)
_ODD = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["RUNNING", "STOPPED", "filesystem"])
)
_BODIES = st.dictionaries(
    _FIELDS | st.text(max_size=8), st.recursive(_ODD, lambda c: st.lists(c) | st.dictionaries(_FIELDS, c), max_leaves=8)
)


@given(_BODIES)
def test_no_body_leads_to_anything_but_a_command_or_a_refusal(body: dict[str, Any]) -> None:
    for read in (prepare_command, lambda body: change_command(1, body)):
        with suppress(InvalidInput):
            read(body)
