"""What a script's functions are called with: ProcedureInput, its JSON form, and whether a call fits a function."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from procedures.domain.errors import InvalidInput
from procedures.domain.json_values import json_fault

MAX_ARGUMENT_BYTES = 256 * 1024
MAX_BRIEF_CHARACTERS = 60
MAX_FACTS = 6
MAX_FACT_CHARACTERS = 40


@dataclass(frozen=True)
class ProcedureInput:
    """Positional and keyword arguments of one function; every value is JSON."""

    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The form in which requests send it and summaries show it."""
        return {"args": list(self.args), "kwargs": dict(self.kwargs)}


def inputs_from_json(data: Any, *, path: str = "script_args") -> dict[str, ProcedureInput]:
    """The arguments of each function named in `data`; raises InvalidInput with every fault."""
    if data is None:
        return {}
    if not isinstance(data, Mapping):
        raise InvalidInput({path: 'must be an object: {"init": {"args": [], "kwargs": {}}}.'})
    errors: dict[str, str] = {}
    inputs = {}
    for function, call in data.items():
        where = f"{path}.{function}"
        if not str(function).isidentifier():
            errors[where] = "is not the name of a function."
        elif not isinstance(call, Mapping):
            errors[where] = 'must be an object: {"args": [], "kwargs": {}}.'
        else:
            inputs[function] = _input(call, where, errors)
    if errors:
        raise InvalidInput(errors)
    return inputs


def _input(call: Mapping[str, Any], where: str, errors: dict[str, str]) -> ProcedureInput:
    args, kwargs = call.get("args", []), call.get("kwargs", {})
    for key in call.keys() - {"args", "kwargs"}:
        errors[f"{where}.{key}"] = "is neither args nor kwargs."
    if not isinstance(args, list):
        errors[f"{where}.args"] = f"must be an array, not {_json_type(args)}."
    elif fault := json_fault(args):
        errors[f"{where}.args"] = fault
    if not isinstance(kwargs, Mapping):
        errors[f"{where}.kwargs"] = f"must be an object, not {_json_type(kwargs)}."
    elif unusable := [key for key in kwargs if not str(key).isidentifier()]:
        errors[f"{where}.kwargs"] = f"has a key that is no name of an argument: {unusable[0]!r}."
    elif fault := json_fault(kwargs):
        errors[f"{where}.kwargs"] = fault
    if any(key.startswith(f"{where}.") for key in errors):
        return ProcedureInput()
    return ProcedureInput(tuple(args), dict(kwargs))


def _json_type(value: object) -> str:
    names = {
        dict: "an object",
        list: "an array",
        str: "a string",
        bool: "a boolean",
        int: "a number",
        float: "a number",
    }
    return names.get(type(value), "null")


def call_fault(function: Mapping[str, Any], call: ProcedureInput) -> str:
    """Why `call` does not fit the described `function` (see `docs/run-directory.md`); empty if it does."""
    parameters = function["parameters"]
    kinds = {parameter["name"]: parameter["kind"] for parameter in parameters}
    positional = [p["name"] for p in parameters if p["kind"] in {"positional_only", "positional_or_keyword"}]
    signature = f"{function['name']}{function['signature']}"
    if len(call.args) > len(positional) and "var_positional" not in kinds.values():
        return f"{signature} takes {len(positional)} positional arguments; {len(call.args)} were given."
    filled = set(positional[: len(call.args)])
    for name in call.kwargs:
        if kinds.get(name) not in {"positional_or_keyword", "keyword_only"}:
            if "var_keyword" not in kinds.values():
                return f"{signature} has no argument “{name}”."
        elif name in filled:
            return f"{signature} got “{name}” both by position and by name."
    missing = [p["name"] for p in parameters if p["required"] and p["name"] not in filled | call.kwargs.keys()]
    return f"{signature} needs {', '.join(missing)}." if missing else ""


def subarray_ids(
    inputs: Iterable[tuple[str, ProcedureInput]], functions: Iterable[Mapping[str, Any]] | None
) -> frozenset[int | str]:
    """Every `subarray_id` in the calls, given by name, or by position where the function's description names it so."""
    described = {function["name"]: function for function in functions or ()}
    found: list[Any] = []
    for name, call in inputs:
        found.append(call.kwargs.get("subarray_id"))
        parameters = described.get(name, {"parameters": []})["parameters"]
        found += [
            value for parameter, value in zip(parameters, call.args, strict=False) if parameter["name"] == "subarray_id"
        ]
    return frozenset(value for value in found if isinstance(value, int | str) and not isinstance(value, bool))


def arguments_in_brief(inputs: Mapping[str, ProcedureInput], *, characters: int = 200) -> str:
    """One line that tells people with what a script runs: `subarray_id=1, target="Cen A"`, cut to `characters`."""
    parts: list[str] = []
    for call in inputs.values():
        parts += [_brief(value) for value in call.args]
        named = [f"{name}={_brief(value)}" for name, value in call.kwargs.items()]
        parts += [said for said in named if said not in parts]  # init and main are often told the same
    line = ", ".join(parts)
    return line if len(line) <= characters else line[: characters - 1] + "…"


def key_facts(inputs: Mapping[str, ProcedureInput], first: Sequence[str]) -> list[list[str]]:
    """Label and value of the arguments by name, those that matter most before the others: `[["Subarray", "1"], …]`.

    At most MAX_FACTS; a value is cut to MAX_FACT_CHARACTERS. Arguments without a name stand in `arguments_in_brief` alone.
    """
    named: dict[str, Any] = {name: value for call in inputs.values() for name, value in call.kwargs.items()}
    ranked = sorted(named, key=lambda name: first.index(name) if name in first else len(first))
    return [[_label(name), _fact(named[name])] for name in ranked[:MAX_FACTS]]


def _label(name: str) -> str:
    """`subarray_id` is spoken of as the subarray."""
    words = name.replace("_", " ").strip().removesuffix(" id") or name
    return words[:1].upper() + words[1:]


def _fact(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_FACT_CHARACTERS else text[: MAX_FACT_CHARACTERS - 1] + "…"


def _brief(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_BRIEF_CHARACTERS else text[: MAX_BRIEF_CHARACTERS - 1] + "…"
