"""What was filled in, as a ProcedureInput; what is wrong is noted beside the field, in words."""

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from procedures.domain.arguments import ProcedureInput, inputs_from_json
from procedures.domain.errors import InvalidInput
from procedures.pages.fields import ArgumentField, FieldKind, FunctionForm

_OMITTED = object()
"""The field was left empty, so the parameter keeps its default."""

_STARRED = {"var_positional": (list, "array, such as [1, 2]"), "var_keyword": (dict, 'object, such as {"a": 1}')}
"""What `*args` and `**kwargs` take."""


def read_form(form: FunctionForm, posted: Mapping[str, str], *, is_partial: bool = False) -> ProcedureInput:
    """The call that was filled in; what is wrong is noted in the form. A partial one may lack required arguments."""
    for item in form.fields:
        item.value = posted.get(item.html_name, "")
    form.raw = posted.get(form.raw_name, "").strip()
    if form.raw:
        return _read_raw(form)
    values = {item.name: _read_field(item, is_partial=is_partial) for item in form.fields}
    return _call(form, values) if form.is_valid else ProcedureInput()


def _read_raw(form: FunctionForm) -> ProcedureInput:
    try:
        data = json.loads(form.raw)
        return inputs_from_json({form.name: data})[form.name]
    except json.JSONDecodeError as error:
        form.raw_error = f"is no JSON: {error.msg} in line {error.lineno}, column {error.colno}."
    except RecursionError:
        form.raw_error = "is nested too deeply."
    except InvalidInput as refused:
        prefix = f"script_args.{form.name}"
        form.raw_error = " ".join(
            f"{where.removeprefix(prefix).lstrip('.')} {' '.join(words)}".strip()
            for where, words in refused.errors.items()
        )
    return ProcedureInput()


def _read_field(item: ArgumentField, *, is_partial: bool) -> Any:
    text = item.value if item.kind is FieldKind.TEXT else item.value.strip()
    if text == "":
        if item.is_required and not is_partial:
            item.error = "is needed."
        return _OMITTED
    try:
        return _parse(item, text)
    except ValueError as error:
        item.error = str(error)
        return _OMITTED


def _parse(item: ArgumentField, text: str) -> Any:
    if item.kind is FieldKind.CHOICE:
        return _choice(text, item.choices)
    value = _list(text, item.item_kind) if item.kind is FieldKind.LIST else _PARSERS[item.kind](text)
    wanted = _STARRED.get(item.parameter_kind)
    if wanted and not isinstance(value, wanted[0]):
        raise ValueError(f"must be an {wanted[1]}.")
    return value


def _call(form: FunctionForm, values: Mapping[str, Any]) -> ProcedureInput:
    """The call: by name where that is possible, by position where the parameter, or a `*args`, demands it."""
    by_kind = {item.name: item.parameter_kind for item in form.fields}
    given = {name: value for name, value in values.items() if value is not _OMITTED}
    extra: list[Any] = next((value for name, value in given.items() if by_kind[name] == "var_positional"), [])
    ordered = {"positional_only", "positional_or_keyword"} if extra else {"positional_only"}
    args: list[Any] = []
    gap = ""
    for item in form.fields:
        if item.parameter_kind not in ordered:
            continue
        if item.name not in given:
            gap = gap or item.name
        elif gap:
            item.error = f"goes by position, so {gap} before it must be filled in."
        else:
            args.append(given.pop(item.name))
    if extra and gap:
        next(f for f in form.fields if f.name == gap).error = "must be filled in: further arguments follow it."
    kwargs: dict[str, Any] = {}
    for name, value in given.items():
        if by_kind[name] == "var_keyword":
            kwargs.update(value)
        elif by_kind[name] != "var_positional":
            kwargs[name] = value
    return _checked(form, [*args, *extra], kwargs) if form.is_valid else ProcedureInput()


def _checked(form: FunctionForm, args: list[Any], kwargs: dict[str, Any]) -> ProcedureInput:
    """What JSON can hold but OET cannot keep (NUL characters, half surrogates, 50 levels) is found by the domain."""
    try:
        return inputs_from_json({form.name: {"args": args, "kwargs": kwargs}})[form.name]
    except InvalidInput as refused:
        form.raw_error = " ".join(" ".join(words) for words in refused.errors.values())
        return ProcedureInput()


def _list(text: str, kind: FieldKind) -> list[Any]:
    if text.startswith("["):
        value = _json(text)
        if not isinstance(value, list):
            raise ValueError('must be values parted by commas, or a JSON array such as ["a", "b"].')
        return value
    values = []
    for number, part in enumerate((part.strip() for part in text.rstrip(", ").replace("\n", ",").split(",")), 1):
        try:
            values.append(_PARSERS[kind](part))
        except ValueError as error:
            raise ValueError(f"value {number}, {part[:40]!r}, {error}") from error
    return values


def _any(text: str) -> Any:
    try:
        return _json(text)
    except ValueError:
        return text


def _json(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise ValueError(f'must be JSON, such as [1, 2] or {{"a": 1}}: {error.msg}.') from error
    except RecursionError as error:
        raise ValueError("is nested too deeply.") from error


def _no_constant(name: str) -> None:
    raise ValueError(f"contains {name}, which JSON does not have.")


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise ValueError("must be a whole number, such as 3.") from error


def _number(text: str) -> int | float:
    try:
        value = float(text)
    except ValueError as error:
        raise ValueError("must be a number, such as 1.5.") from error
    if not math.isfinite(value):
        raise ValueError("must be a finite number.")
    try:
        return int(text)
    except ValueError:
        return value


def _boolean(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError("must be true or false.")
    return text == "true"


def _choice(text: str, choices: list[str]) -> Any:
    if text not in choices:
        raise ValueError(f"must be one of {', '.join(choices)}.")
    return json.loads(text)


_PARSERS: Mapping[FieldKind, Callable[[str], Any]] = {
    FieldKind.TEXT: str,
    FieldKind.ANY: _any,
    FieldKind.INTEGER: _integer,
    FieldKind.NUMBER: _number,
    FieldKind.BOOLEAN: _boolean,
    FieldKind.JSON: _json,
}
