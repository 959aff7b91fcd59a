"""Settings for people to read: the table of docs/configuration.md, and the values in force."""

import json
import os
import types
import typing
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from oet_site.configuration import SECRET, Configuration, variable_of

TYPES = {Path: "path", str: "text", int: "whole number", float: "number", bool: "true or false", tuple: "list"}

DEFAULTS_IN_WORDS = {
    "node": "the host name",
    "python": "the one that runs OET",
    "script_roots": "`examples` beside OET",
    "trial_load": "the number of CPUs",
}
"""Defaults that are not the same on every machine."""

HEADING = """\
# Configuration

Every setting of OET is an environment variable, and every one has a default that works. A value that cannot be used stops OET
before it starts anything, with a message that names the variable. `manage.py configuration` prints the values in force.

A *list* is written with commas: `OET_PRELOAD=numpy,astropy.time`. This page is made by `manage.py configuration --markdown`, and a test
keeps it true.

| variable | type | default | meaning |
|---|---|---|---|
"""


def markdown() -> str:
    """The whole of docs/configuration.md."""
    rows = [
        f"| `{variable_of(name)}` | {_type(field)} | {_default(name, field)} | {_cell(field.description or '')} |\n"
        for name, field in Configuration.model_fields.items()
    ]
    return HEADING + "".join(rows)


def in_force(configuration: Configuration) -> list[str]:
    """One line for each setting: `OET_PORT=8000 (default)`. Secrets are not shown."""
    lines = []
    for name in Configuration.model_fields:
        variable = variable_of(name)
        origin = "" if variable in os.environ else " (default)"
        lines.append(f"{variable}={_shown(name, getattr(configuration, name))}{origin}")
    return lines


def _shown(name: str, value: object) -> str:
    if name in SECRET:
        return "(set, not shown)" if value else ""
    if name == "overrides" and isinstance(value, tuple):
        return json.dumps([declared.model_dump(exclude_defaults=True) for declared in value]) if value else ""
    if isinstance(value, tuple):
        return ",".join(value)
    return "" if value is None else str(value)


def _type(field: FieldInfo) -> str:
    annotation: Any = field.annotation
    if isinstance(annotation, types.UnionType):
        annotation = next(part for part in typing.get_args(annotation) if part is not type(None))
    return TYPES[typing.get_origin(annotation) or annotation]


def _default(name: str, field: FieldInfo) -> str:
    if name in DEFAULTS_IN_WORDS:
        return DEFAULTS_IN_WORDS[name]
    default = field.default
    if default is None or default in ("", ()):
        return ""
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
