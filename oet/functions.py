"""Describing the functions a script offers, the arguments they take and the values they return, as JSON."""

from __future__ import annotations

import enum
import functools
import inspect
import json
import reprlib
import typing
from typing import TYPE_CHECKING, Any, Callable

if TYPE_CHECKING:
    from types import ModuleType

RESULT_LIMIT_CHARACTERS = 16 << 10
_REPR_CHARACTERS = 200
_TEXT_CHARACTERS = 2000
_DEFAULT_CHARACTERS = 1000
_MOST_FUNCTIONS = 200
_DOC_CHARACTERS = 10_000
_MOST_CHARACTERS = 500_000
"""Of all descriptions together, as JSON: half of what a record of a journal may have."""
_FEW = 20
_MOST_NESTED = 50
"""Lists and objects in a default; nobody stores them nested without bound."""

_KINDS = {
    inspect.Parameter.POSITIONAL_ONLY: "positional_only",
    inspect.Parameter.POSITIONAL_OR_KEYWORD: "positional_or_keyword",
    inspect.Parameter.VAR_POSITIONAL: "var_positional",
    inspect.Parameter.KEYWORD_ONLY: "keyword_only",
    inspect.Parameter.VAR_KEYWORD: "var_keyword",
}


CONTEXT = "context"
"""A parameter of this name, without a type or with that of the context, is filled in by OET."""


def public_functions(module: ModuleType) -> list[Callable[..., Any]]:
    """The functions defined in the module itself whose names have no leading underscore, in the order of their lines.

    Partials of functions count: scripts for SKA's OET make their `main` so, in `init`.
    """
    found: list[Callable[..., Any]] = [
        value
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (inspect.isfunction(value) or isinstance(value, functools.partial))
        and getattr(_function_behind(value), "__module__", None) == module.__name__
    ]
    return sorted(found, key=_line)[:_MOST_FUNCTIONS]


def find_function(module: ModuleType, name: str) -> Callable[..., Any] | None:
    """What `name` may be called as: anything callable under a public name but classes.

    Looked up anew for every call, since a script's `init` may well define its `main` (by functools.partial, say).
    """
    value = None if name.startswith("_") else getattr(module, name, None)
    return value if callable(value) and not inspect.isclass(value) else None


def describe_functions(module: ModuleType) -> list[dict[str, Any]]:
    """`functions` of the journal's `loaded` record; one and the same function is described once."""
    names = {id(value): name for name, value in reversed(list(vars(module).items()))}
    unique = {id(function): function for function in public_functions(module)}
    return [describe_function(names[key], function) for key, function in unique.items()]


def describe_module(module: ModuleType, offered: list[dict[str, Any]]) -> dict[str, Any]:
    """A `loaded` record: what the script offers, and itself. Of very much the documentation is left out, then defaults, then functions."""
    offered = _within_limit(offered)
    names = {"module": module.__name__, "file": getattr(module, "__file__", None)}
    doc = _cut(inspect.getdoc(module) or "", _DOC_CHARACTERS) or None
    return {"functions": offered, **{key: value and str(value) for key, value in names.items()}, "doc": doc}


def _within_limit(offered: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if len(offered) < _FEW and sum(len(function["parameters"]) for function in offered) < _FEW:
        return offered  # nothing of it is so long
    if len(json.dumps(offered)) > _MOST_CHARACTERS:
        offered = [{**function, "doc": ""} for function in offered]
    if len(json.dumps(offered)) > _MOST_CHARACTERS:
        offered = [{**f, "signature": "(…)", "parameters": [_in_brief(p) for p in f["parameters"]]} for f in offered]
    while len(json.dumps(offered)) > _MOST_CHARACTERS:
        offered = offered[: len(offered) // 2]
    return offered


def _in_brief(parameter: dict[str, Any]) -> dict[str, Any]:
    return {**parameter, "annotation": None, "default": parameter["default"] and {"repr": "…"}, "choices": []}


def describe_function(name: str, function: Callable[..., Any]) -> dict[str, Any]:
    """One function: name, doc, signature, line and parameters."""
    signature = asked_for(signature_of(function))
    return {
        "name": name,
        "doc": _cut(inspect.getdoc(_function_behind(function)) or "", _TEXT_CHARACTERS),
        "signature": signature_text(signature),
        "line": _line(function),
        "parameters": [_describe_parameter(parameter, function) for parameter in signature.parameters.values()]
        if signature
        else [],
    }


def signature_of(function: Callable[..., Any]) -> inspect.Signature | None:
    """The signature, or None where Python does not know it."""
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        return None


def signature_text(signature: inspect.Signature | None) -> str:
    """The signature as text; never fails, whatever the script's defaults do when shown."""
    try:
        return _cut(str(signature or "(…)"), _TEXT_CHARACTERS)
    except Exception:  # noqa: BLE001 - runs __repr__ of the script's own classes
        return "(…)"


def place_of_context(signature: inspect.Signature | None) -> int | None:
    """Where the parameter for the context stands; None if the function has none."""
    parameter = signature.parameters.get(CONTEXT) if signature is not None else None
    if parameter is None or parameter.kind not in {
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        inspect.Parameter.KEYWORD_ONLY,
    }:
        return None
    annotation = _annotation_text(parameter.annotation)
    if annotation is not None and annotation.rpartition(".")[2].strip("\"'") != "ScriptContext":
        return None
    assert signature is not None
    return list(signature.parameters).index(CONTEXT)


def asked_for(signature: inspect.Signature | None) -> inspect.Signature | None:
    """The signature as callers see it: without what OET fills in."""
    if signature is None or place_of_context(signature) is None:
        return signature
    return signature.replace(parameters=[p for p in signature.parameters.values() if p.name != CONTEXT])


def json_or_none(value: Any, limit_characters: int) -> str | None:
    """`value` as JSON text; None where it is not JSON, or is longer than the limit (found without encoding all of it)."""
    parts: list[str] = []
    length = 0
    try:
        for part in json.JSONEncoder(allow_nan=False).iterencode(value):
            parts.append(part)
            length += len(part)
            if length > limit_characters:
                return None
    except (TypeError, ValueError, RecursionError):
        return None
    return "".join(parts)


def short_repr(value: Any) -> str:
    """repr() cut at 200 characters; never fails."""
    shortener = reprlib.Repr()
    shortener.maxlevel = 4
    shortener.maxstring = shortener.maxother = shortener.maxlong = _REPR_CHARACTERS
    shortener.maxlist = shortener.maxtuple = shortener.maxdict = shortener.maxset = 50
    try:
        return _cut(shortener.repr(value), _REPR_CHARACTERS)
    except Exception:  # noqa: BLE001 - runs __repr__ of the script's own classes
        return f"<{type(value).__name__}>"


def describe_result(value: Any) -> dict[str, Any]:
    """`result` and `result_repr` of a `returned` record."""
    text = json_or_none(value, RESULT_LIMIT_CHARACTERS)
    return {"result": None if text is None else json.loads(text), "result_repr": short_repr(value)}


def _describe_parameter(parameter: inspect.Parameter, function: Callable[..., Any]) -> dict[str, Any]:
    has_default = parameter.default is not inspect.Parameter.empty
    is_variable = parameter.kind in {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}
    described = {
        "name": parameter.name,
        "kind": _KINDS[parameter.kind],
        "annotation": _annotation_text(parameter.annotation),
        "required": not has_default and not is_variable,
        "default": _describe_default(parameter.default) if has_default else None,
    }
    choices = _choices(parameter.annotation, function)
    return {**described, "choices": choices} if choices else described


def _choices(annotation: Any, function: Callable[..., Any]) -> list[Any]:
    """The values of an enumeration that the parameter is annotated with, where all of them are JSON."""
    if isinstance(annotation, str):  # from __future__ import annotations
        annotation = getattr(function, "__globals__", {}).get(_bare(annotation))
    members = typing.get_args(annotation)  # those of a union
    found = [m for m in (annotation, *members) if isinstance(m, type) and issubclass(m, enum.Enum)]
    if len(found) != 1:
        return []
    values = [member.value for member in found[0]]
    text = json_or_none(values, _DEFAULT_CHARACTERS)
    return json.loads(text) if text else []


def _bare(annotation: str) -> str:
    """`Weighting | None` and `Optional[Weighting]` are a Weighting, too."""
    text = annotation.strip("'\" ")
    for prefix in ("typing.", "Optional["):
        text = text[len(prefix) :] if text.startswith(prefix) else text
    return text.rstrip("]").replace(" | None", "").replace("None | ", "").strip()


def _describe_default(value: Any) -> dict[str, Any]:
    if isinstance(value, enum.Enum):
        value = value.value
    text = json_or_none(value, _DEFAULT_CHARACTERS) if not isinstance(value, tuple) else None
    if text is None or text.count("[") + text.count("{") > _MOST_NESTED:
        return {"repr": short_repr(value)}
    return {"json": json.loads(text)}


def _annotation_text(annotation: Any) -> str | None:
    if annotation is inspect.Parameter.empty:
        return None
    if isinstance(annotation, str):
        return _cut(annotation, _REPR_CHARACTERS)
    try:
        return _cut(inspect.formatannotation(annotation), _REPR_CHARACTERS)
    except Exception:  # noqa: BLE001 - runs __repr__ of the script's own classes
        return None


def _function_behind(function: Callable[..., Any]) -> Callable[..., Any]:
    while isinstance(function, functools.partial):
        function = function.func
    return function


def _line(function: Callable[..., Any]) -> int:
    code = getattr(inspect.unwrap(_function_behind(function)), "__code__", None)
    return code.co_firstlineno if code else 0


def _cut(text: str, characters: int) -> str:
    return text if len(text) <= characters else text[: characters - 1] + "…"
