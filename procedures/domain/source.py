"""What a script's text says about itself, read without running it: its functions, as the worker will report them once it is loaded.

A form can so ask for the arguments of `init` before anything runs. The text is parsed, never executed; what only running it
would tell (a default that is computed, a function made by a decorator) is left open.
"""

import ast
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

_ENUMS = frozenset({"Enum", "StrEnum", "IntEnum"})


@dataclass(frozen=True)
class Source:
    """A script as its text describes it."""

    doc: str = ""
    functions: list[dict[str, Any]] = field(default_factory=list)
    """Public functions in the order of their lines, described as in `docs/run-directory.md`."""
    fault: str = ""
    """Why the text is no Python, with its line; empty if it is."""

    def function(self, name: str) -> dict[str, Any] | None:
        """The description of one function; None if the script has no such function."""
        return next((function for function in self.functions if function["name"] == name), None)


def describe_source(text: str) -> Source:
    """The public functions of a script's text, or the line on which it is no Python."""
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        return Source(fault=f"line {error.lineno or '?'}: {error.msg}")
    except (ValueError, RecursionError, MemoryError) as error:
        return Source(fault=f"it cannot be parsed: {error}")
    found = [
        _function(node)
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_")
    ]
    choices = _enumerations(tree)
    for parameter in (parameter for function in found for parameter in function["parameters"]):
        if members := choices.get(_bare(parameter["annotation"] or "")):
            parameter["choices"] = members
    latest = {function["name"]: function for function in found}  # a later definition hides an earlier one
    return Source(doc=ast.get_docstring(tree) or "", functions=sorted(latest.values(), key=lambda f: f["line"]))


def _enumerations(tree: ast.Module) -> dict[str, list[Any]]:
    """The values of each enumeration that the text defines, where all of them are JSON."""
    found: dict[str, list[Any]] = {}
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and any(
            ast.unparse(base).rpartition(".")[2] in _ENUMS for base in node.bases
        ):
            assigned = [member.value for member in node.body if isinstance(member, ast.Assign)]
            values = [_default(value).get("json") for value in assigned]
            if values and None not in values:
                found[node.name] = values
    return found


def _bare(annotation: str) -> str:
    """`Weighting | None` and `Optional[Weighting]` are a Weighting, too."""
    text = annotation.strip("'\" ").removeprefix("typing.")
    if text.startswith("Optional[") and text.endswith("]"):
        text = text.removeprefix("Optional[")[:-1]
    return text.removesuffix(" | None").removeprefix("None | ")


def _function(node: ast.FunctionDef | ast.AsyncFunctionDef) -> dict[str, Any]:
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return {
        "name": node.name,
        "doc": ast.get_docstring(node) or "",
        "signature": f"({ast.unparse(node.args)}){returns}",
        "line": node.lineno,
        "parameters": list(_parameters(node.args)),
    }


def _parameters(args: ast.arguments) -> Iterator[dict[str, Any]]:
    positional = [*args.posonlyargs, *args.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(args.defaults)) + [*args.defaults]
    for number, (argument, default) in enumerate(zip(positional, defaults, strict=True)):
        kind = "positional_only" if number < len(args.posonlyargs) else "positional_or_keyword"
        yield _parameter(argument, kind, default)
    if args.vararg:
        yield _parameter(args.vararg, "var_positional", None)
    for argument, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        yield _parameter(argument, "keyword_only", default)
    if args.kwarg:
        yield _parameter(args.kwarg, "var_keyword", None)


def _parameter(argument: ast.arg, kind: str, default: ast.expr | None) -> dict[str, Any]:
    return {
        "name": argument.arg,
        "kind": kind,
        "annotation": ast.unparse(argument.annotation) if argument.annotation else None,
        "required": default is None and not kind.startswith("var_"),
        "default": _default(default) if default is not None else None,
    }


def _default(node: ast.expr) -> dict[str, Any]:
    try:
        value = ast.literal_eval(node)
        if json.loads(json.dumps(value, allow_nan=False)) == value:
            return {"json": value}
    except (ValueError, TypeError, RecursionError):
        pass  # computed when the script is loaded, or no JSON: it is shown, not known
    return {"repr": ast.unparse(node)}
