"""The form of a function's arguments: one field for each parameter of its description. `filled_in` reads it back.

Descriptions come from the worker (`docs/run-directory.md`) or, before a script is loaded, from `procedures.domain.source`. Beside
the fields there is always the raw form: the whole call as JSON, which wins where it is filled in.
"""

import ast
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from procedures.domain.arguments import ProcedureInput
from procedures.domain.docstrings import describe
from procedures.pages.timeouts import HTML_NAME, TimeoutField


class FieldKind(StrEnum):
    """How a value is asked for."""

    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    TEXT = "text"
    LIST = "list"
    """Values parted by commas, each of the same kind; or JSON."""
    JSON = "json"
    ANY = "any"
    """JSON where it is JSON, else text: the parameter has no annotation."""


@dataclass
class ArgumentField:
    """One parameter, as the page asks for it."""

    name: str
    html_name: str
    kind: FieldKind
    parameter_kind: str
    is_required: bool
    hint: str
    """Its annotation and default, as in the script: `int = 14`."""
    placeholder: str = ""
    help: str = ""
    """What the docstring says of it."""
    choices: list[str] = field(default_factory=list)
    item_kind: FieldKind = FieldKind.ANY
    """Of the values of a list."""
    value: str = ""
    error: str = ""

    @property
    def labelled_choices(self) -> list[tuple[str, str]]:
        """Each choice, and how it is called: text without its quotation marks."""
        return [(text, value if isinstance(value := json.loads(text), str) else text) for text in self.choices]


@dataclass
class FunctionForm:
    """The arguments of one function, as they are asked for and as they were filled in."""

    name: str
    doc: str
    signature: str
    fields: list[ArgumentField]
    raw: str = ""
    raw_error: str = ""
    timeout: TimeoutField = field(default_factory=TimeoutField)
    """How long a start of it may take; it is not asked for where the script is prepared."""

    @property
    def raw_name(self) -> str:
        """The name of the field that takes the whole call as JSON."""
        return f"{self.name}.json"

    @property
    def is_valid(self) -> bool:
        """Whether nothing that was filled in is wrong."""
        return not self.errors

    @property
    def errors(self) -> dict[str, str]:
        """What is wrong, by the name of the field."""
        found = {f.html_name: f.error for f in self.fields if f.error}
        whole = {self.raw_name: self.raw_error, HTML_NAME: self.timeout.error}
        return found | {name: error for name, error in whole.items() if error}


def form_of(function: Mapping[str, Any], call: ProcedureInput | None = None) -> FunctionForm:
    """The form of a described function, filled in with `call`."""
    name = function["name"]
    doc = describe(function["doc"] or "")
    fields = [_field(name, parameter) for parameter in function["parameters"]]
    for item in fields:
        item.help = doc.arguments.get(item.name, "")
    form = FunctionForm(name, doc.summary, function["signature"], fields)
    if call is not None:
        _fill(form, call)
    return form


def kind_of(parameter: Mapping[str, Any]) -> tuple[FieldKind, list[str]]:
    """How to ask for a parameter, by its annotation, else by its default; and the choices there are, as JSON text."""
    if parameter["kind"] in {"var_positional", "var_keyword"}:
        return FieldKind.JSON, []
    annotation = _without_none(parameter["annotation"] or "")
    if choices := [json.dumps(value, ensure_ascii=False) for value in parameter.get("choices") or ()] or _choices(
        annotation
    ):
        return FieldKind.CHOICE, choices
    if _LIST.fullmatch(annotation):
        return FieldKind.LIST, []
    default = (parameter["default"] or {}).get("json")
    by_default = FieldKind.ANY if default is None else _kind_of_value(default)
    kind = _BY_ANNOTATION.get(annotation, FieldKind.JSON) if annotation else by_default
    return kind, (["true", "false"] if kind is FieldKind.BOOLEAN else [])


_BY_ANNOTATION = {
    "int": FieldKind.INTEGER,
    "float": FieldKind.NUMBER,
    "int | float": FieldKind.NUMBER,
    "float | int": FieldKind.NUMBER,
    "bool": FieldKind.BOOLEAN,
    "str": FieldKind.TEXT,
    "Any": FieldKind.ANY,
    "typing.Any": FieldKind.ANY,
    "object": FieldKind.ANY,
}


_LIST = re.compile(r"(?:typing\.|collections\.abc\.)?(?:[Ll]ist|Sequence|Iterable)\[(int|float|str|bool)\]")


def _field(function: str, parameter: Mapping[str, Any]) -> ArgumentField:
    kind, choices = kind_of(parameter)
    default = parameter["default"] or {}
    shown = json.dumps(default["json"], ensure_ascii=False) if "json" in default else default.get("repr", "")
    stars = {"var_positional": "array of further arguments", "var_keyword": "object of further arguments"}
    hint = stars.get(parameter["kind"]) or parameter["annotation"] or ""
    if shown:
        hint = f"{hint} = {shown}".strip()
    return ArgumentField(
        name=parameter["name"],
        html_name=f"{function}.{parameter['name']}",
        kind=kind,
        parameter_kind=parameter["kind"],
        is_required=parameter["required"],
        hint=hint,
        placeholder="" if parameter["required"] else shown.strip('"'),
        choices=choices,
        item_kind=_BY_ANNOTATION[item[1]]
        if (item := _LIST.fullmatch(_without_none(parameter["annotation"] or "")))
        else FieldKind.ANY,
    )


def _without_none(annotation: str) -> str:
    """`Optional[int]` and `int | None` ask for an int; leaving the field empty keeps the default."""
    text = annotation.strip("'\" ").removeprefix("typing.")
    if text.startswith("Optional[") and text.endswith("]"):
        text = text.removeprefix("Optional[")[:-1]
    if "[" in text:  # a bar may stand inside of the brackets
        return text.removesuffix(" | None").removeprefix("None | ")
    return " | ".join(part for part in map(str.strip, text.split(" | ")) if part != "None")


def _choices(annotation: str) -> list[str]:
    """The values of a `Literal[…]`, as JSON text each."""
    text = annotation.removeprefix("typing.")
    if not (text.startswith("Literal[") and text.endswith("]")):
        return []
    try:
        values = ast.literal_eval(f"({text.removeprefix('Literal[')[:-1]},)")
        return [json.dumps(value, ensure_ascii=False) for value in values]
    except (ValueError, SyntaxError, TypeError):
        return []


def _kind_of_value(value: Any) -> FieldKind:
    if isinstance(value, bool):
        return FieldKind.BOOLEAN
    if isinstance(value, int):
        return FieldKind.NUMBER  # a default of 10 does not say that 0.5 is wrong
    if isinstance(value, float):
        return FieldKind.NUMBER
    return FieldKind.TEXT if isinstance(value, str) else FieldKind.JSON


def _fill(form: FunctionForm, call: ProcedureInput) -> None:
    """Show `call` in the fields where each value has one, else as raw JSON."""
    positional = [f for f in form.fields if f.parameter_kind in {"positional_only", "positional_or_keyword"}]
    named = {f.name: f for f in form.fields if f.parameter_kind != "var_positional"}
    if len(call.args) > len(positional) or not call.kwargs.keys() <= named.keys():
        form.raw = json.dumps(call.as_json(), ensure_ascii=False)
        return
    given = dict(zip((f.name for f in positional), call.args, strict=False)) | dict(call.kwargs)
    for name, value in given.items():
        item = named[name]
        item.value = _as_text(item, value)


def _as_text(item: ArgumentField, value: Any) -> str:
    """What the field must hold so that it is read as `value`."""
    if isinstance(value, str) and item.kind in {FieldKind.TEXT, FieldKind.ANY}:
        return value
    if item.kind is FieldKind.LIST and isinstance(value, list) and value:
        texts = [entry if isinstance(entry, str) else json.dumps(entry) for entry in value]
        if all(text == text.strip() and text and "," not in text and not text.startswith("[") for text in texts):
            return ", ".join(texts)
    return json.dumps(value, ensure_ascii=False)
