"""Exclusive resources: what only one RUNNING procedure may hold at a time."""

import re
from collections.abc import Mapping
from typing import Any

from procedures.domain.arguments import ProcedureInput

DEFAULT_RESOURCE = "telescope"
MAX_NAME_CHARACTERS = 100
MAX_RESOURCES = 20

_PLACEHOLDER = re.compile(r"\{([^\W\d]\w*)\}")


def resources_of(templates: str, inputs: Mapping[str, ProcedureInput]) -> list[str]:
    """The names that `templates` (comma-separated) yield over all keyword arguments.

    A template whose placeholder no argument fills yields DEFAULT_RESOURCE: whoever does not say what it needs, needs everything
    that a telescope has.
    """
    values: dict[str, Any] = {name: value for call in inputs.values() for name, value in call.kwargs.items()}
    names = []
    for template in filter(None, (part.strip() for part in templates.split(","))):
        missing = [name for name in _PLACEHOLDER.findall(template) if name not in values]
        names.append(DEFAULT_RESOURCE if missing else _PLACEHOLDER.sub(lambda m: str(values[m[1]]), template))
    return sorted({name[:MAX_NAME_CHARACTERS] for name in names})


def templates_fault(templates: str) -> str:
    """Why no resource can be meant by one of `templates`; empty if they make sense."""
    for template in templates.split(","):
        if set("{}") & set(_PLACEHOLDER.sub("", template)):
            return f"{template.strip()!r} has braces that hold no name of an argument, as subarray_{{subarray_id}} has."
    return ""


def resources_fault(value: Any) -> str:
    """Why `value` is no list of resource names; empty if it is."""
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        return 'must be an array of names, such as ["subarray_1"]; [] claims nothing.'
    if len(value) > MAX_RESOURCES:
        return f"names {len(value)} resources; at most {MAX_RESOURCES} are allowed."
    if not all(0 < len(name) <= MAX_NAME_CHARACTERS and name.isprintable() for name in value):
        return f"must be printable names of 1 to {MAX_NAME_CHARACTERS} characters."
    return ""
