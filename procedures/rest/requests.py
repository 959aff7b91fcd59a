"""Bodies of requests into commands of the service. Every fault of a body is named at once."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from django.conf import settings

from procedures.domain.arguments import ProcedureInput, inputs_from_json
from procedures.domain.durations import MAX_TIMEOUT_S, seconds_of
from procedures.domain.errors import InvalidInput
from procedures.domain.resources import resources_fault
from procedures.domain.scripts import script_from_json
from procedures.service import PrepareProcessCommand, StartProcessCommand, StopProcessCommand

MAX_GRACE_S = 3600
INIT = "init"
MAIN = "main"


def prepare_command(body: Any) -> PrepareProcessCommand:
    """What `POST procedures/` asks for; raises InvalidInput."""
    data = json_object(body)
    errors = unknown_fields(data, ("script", "script_args", "resources", "timeout", "start"))
    resources = data.get("resources")
    if resources is not None and (fault := resources_fault(resources)):
        errors["resources"] = fault
    if "script" not in data:
        errors["script"] = (
            'is required, such as {"script_type": "filesystem", "script_uri": "file:///srv/scripts/observe.py"}.'
        )
    with _collecting(errors):
        script = (
            script_from_json(data["script"], max_body_bytes=settings.OET.script_limit) if "script" in data else None
        )
    with _collecting(errors):
        inputs = inputs_from_json(data.get("script_args"))
    timeout_s = _timeout_s(data, errors)
    is_started = data.get("start", False)
    if not isinstance(is_started, bool):
        errors["start"] = f"must be true (start main as soon as it is READY) or false, not {_short(is_started)}."
    if errors or script is None:
        raise InvalidInput(errors)
    return PrepareProcessCommand(script, inputs, resources, timeout_s, is_started=is_started)


def change_command(procedure_id: int, body: Any) -> StartProcessCommand | StopProcessCommand:
    """What `PUT procedures/{id}/` asks for; raises InvalidInput."""
    data = json_object(body)
    errors = unknown_fields(data, ("state", "script_args", "timeout", "abort", "grace"))
    state = data.get("state")
    if state not in ("RUNNING", "STOPPED"):
        shown = "is required" if "state" not in data else f"is {_short(state)}"
        errors["state"] = f"{shown}; it must be RUNNING (to start it) or STOPPED (to stop it)."
        raise InvalidInput(errors)
    return _start(procedure_id, data, errors) if state == "RUNNING" else _stop(procedure_id, data, errors)


def json_object(body: Any) -> Mapping[str, Any]:
    """`body`, if it is an object; raises InvalidInput."""
    if not isinstance(body, Mapping):
        raise InvalidInput({"body": "must be a JSON object: {…}."})
    return body


def nothing_in(body: Any) -> None:
    """Refuse a body that says anything, where there is nothing to say; raises InvalidInput."""
    if body:
        raise InvalidInput({"body": "must be empty, or {}."})


def unknown_fields(data: Mapping[str, Any], known: tuple[str, ...]) -> dict[str, str | list[str]]:
    """A fault for each field that is not `known`, with the name that was perhaps meant."""
    errors: dict[str, str | list[str]] = {}
    for name in data.keys() - set(known):
        meant = get_close_matches(name[:100], known, n=1)
        hint = f" Did you mean “{meant[0]}”?" if meant else f" There are: {', '.join(known)}."
        errors[name[:100]] = f"is not known here.{hint}"
    return errors


def _start(procedure_id: int, data: Mapping[str, Any], errors: dict[str, str | list[str]]) -> StartProcessCommand:
    for name in ("abort", "grace"):
        if data.get(name):
            errors[name] = "belongs to STOPPED, not to RUNNING."
    inputs: Mapping[str, ProcedureInput] = {}
    with _collecting(errors):
        inputs = inputs_from_json(data.get("script_args"))
    # SKA's clients send the arguments of init again when they start main.
    functions = [name for name in inputs if name != INIT]
    if len(functions) > 1:
        errors["script_args"] = f"names several functions ({', '.join(functions)[:200]}); one is started at a time."
    timeout_s = _timeout_s(data, errors)
    if errors:
        raise InvalidInput(errors)
    function = functions[0] if functions else MAIN
    return StartProcessCommand(procedure_id, function, inputs.get(function, ProcedureInput()), timeout_s)


def _stop(procedure_id: int, data: Mapping[str, Any], errors: dict[str, str | list[str]]) -> StopProcessCommand:
    grace, abort = data.get("grace"), data.get("abort", False)
    if (
        isinstance(grace, bool)
        or not isinstance(grace, int | float | None)
        or (grace is not None and not 0 <= grace <= MAX_GRACE_S)
    ):
        errors["grace"] = f"must be a number of seconds from 0 (kill at once) to {MAX_GRACE_S}, not {_short(grace)}."
    if not isinstance(abort, bool):
        errors["abort"] = f"must be true or false, not {_short(abort)}."
    for name in ("script_args", "timeout"):
        if data.get(name):
            errors[name] = "belongs to RUNNING, not to STOPPED."
    if errors:
        raise InvalidInput(errors)
    return StopProcessCommand(procedure_id, None if grace is None else float(grace), abort=abort)


def _timeout_s(data: Mapping[str, Any], errors: dict[str, str | list[str]]) -> float | None:
    value = data.get("timeout")
    try:
        return None if value is None else seconds_of(value, most_s=MAX_TIMEOUT_S)
    except ValueError as fault:
        errors["timeout"] = str(fault)
        return None


class _collecting:  # noqa: N801 - reads as a statement, like contextlib's own
    """Adds the faults of an InvalidInput to those that were found before, instead of letting it out."""

    def __init__(self, errors: dict[str, str | list[str]]) -> None:
        self._errors = errors

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        if isinstance(error, InvalidInput):
            self._errors.update(error.errors)
            return True
        return False


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
