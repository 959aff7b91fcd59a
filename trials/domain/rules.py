"""What does not go together in a script or a range of ports, seen after inheritance."""

import json
from collections.abc import Mapping
from typing import Any

from procedures.domain.arguments import MAX_ARGUMENT_BYTES, inputs_from_json
from procedures.domain.errors import InvalidInput
from procedures.domain.scripts import script_from_json
from trials.domain.assembly import Script
from trials.domain.document import Path
from trials.domain.errors import Code
from trials.domain.report import Report
from trials.domain.specification import MAX_BODY_BYTES, without_nulls
from trials.domain.vocabulary import SCRIPT

_OF_PYTHON = ("function", "args", "kwargs", "init")
"""Keys that mean something only beside `script`."""


def check_ports(ports: Any, at: Path, report: Report) -> None:
    """Each range has room."""
    for name, port in ports.items() if isinstance(ports, Mapping) else ():
        least, most = (port.get("min"), port.get("max")) if isinstance(port, Mapping) else (None, None)
        if isinstance(least, int) and isinstance(most, int) and least >= most:
            report.add((*at, name), Code.INVALID_VALUE, f"min must be below max; they are {least} and {most}")


def check_script(script: Script, report: Report) -> None:
    """It runs in one way only, has what that way needs, and its arguments can be handed on."""
    data = script.data
    SCRIPT.require(data, script.at, report)
    given = [key for key in ("script", *_OF_PYTHON) if data.get(key) is not None]
    if data.get("body") is not None and given:
        message = f"'body' and '{given[0]}' exclude each other: a script is a text or a Python procedure"
        report.add(
            (*script.at, given[0]), Code.INVALID_VALUE, message, f"delete what is inherited with {given[0]}: null"
        )
    elif given and "script" not in given:
        report.add(
            (*script.at, "script"), Code.REQUIRED, f"'script' is required: '{given[0]}' is of a Python procedure"
        )
    if isinstance(data.get("script"), Mapping) and report.is_sound(script.places, "script"):
        _check_python(data["script"], script.at, report)
    _check_calls(script, report)


def _check_python(data: Mapping[str, Any], at: Path, report: Report) -> None:
    """The same rules as for the `script` of a procedure."""
    if data.get("script_type") is None:
        return
    try:
        script_from_json(without_nulls(data), max_body_bytes=MAX_BODY_BYTES)
    except InvalidInput as invalid:
        _add(invalid, "script", (*at, "script"), report)


def _check_calls(script: Script, report: Report) -> None:
    data, places = script.data, script.places
    function = data.get("function")
    if isinstance(function, str) and not function.isidentifier():
        report.add((*script.at, "function"), Code.INVALID_VALUE, f"{function[:60]!r} is not the name of a function")
    if report.is_sound(places, "args") and report.is_sound(places, "kwargs"):
        _check_call({"args": data.get("args"), "kwargs": data.get("kwargs")}, script.at, report)
    if isinstance(data.get("init"), Mapping) and report.is_sound(places, "init"):
        _check_call(data["init"], (*script.at, "init"), report)


def _check_call(call: Mapping[str, Any], at: Path, report: Report) -> None:
    given = without_nulls(call)
    try:
        inputs_from_json({"call": given}, path="")
    except InvalidInput as invalid:
        _add(invalid, ".call", at, report)
        return
    size = len(json.dumps(given))
    if size > MAX_ARGUMENT_BYTES:
        hint = "hand over the name of a file"
        report.add(
            (*at, "args"),
            Code.TOO_LARGE,
            f"has {size} bytes of arguments; at most {MAX_ARGUMENT_BYTES} are allowed",
            hint,
        )


def _add(invalid: InvalidInput, prefix: str, at: Path, report: Report) -> None:
    """Translate refusals that name fields by dots."""
    for name, words in invalid.errors.items():
        keys = name.removeprefix(prefix).strip(".")
        for message in words:
            report.add((*at, *filter(None, keys.split("."))), _code(message), message.rstrip("."))


def _code(message: str) -> Code:
    if message.startswith("is required"):
        return Code.REQUIRED
    if "at most" in message or "nested" in message:
        return Code.TOO_LARGE
    return Code.UNKNOWN_PROPERTY if message.startswith("is not a field") else Code.INVALID_VALUE
