"""What the process of a script reports about the script, checked: its functions, and the exception that ended it.

A worker writes these as documented (`docs/run-directory.md`), but the journal is a file that the script can write to as well. Whatever
is taken from it is stored, and shown by pages that rely on its form.
"""

from collections.abc import Mapping
from typing import Any, Final

_KINDS: Final = frozenset(
    {"positional_only", "positional_or_keyword", "var_positional", "keyword_only", "var_keyword"},
)


def functions_of(payload: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The descriptions in a `loaded` record; raises KeyError, TypeError where they are not as documented."""
    return [_function(described) for described in _a(list, payload["functions"])]


def raised_of(payload: Mapping[str, Any]) -> dict[str, Any]:
    """A `raised` record; raises TypeError where it is not as documented."""
    chain = [_link(link) for link in _a(list, payload.get("chain") or [])]
    return {
        "function": _a(str | None, payload.get("function")),
        "type": _a(str, payload.get("type", "")),
        "message": _a(str, payload.get("message", "")),
        "stacktrace": _a(str, payload.get("stacktrace", "")),
        "exit_code": _a(int | None, payload.get("exit_code")),
        "chain": chain,
    }


def exited_of(payload: Mapping[str, Any]) -> dict[str, Any]:
    """An `exited` record; raises TypeError where it is not as documented."""
    return {name: _a(int | None, payload.get(name)) for name in ("status", "signal")}


def _function(described: Any) -> dict[str, Any]:
    known = _a(Mapping, described)
    return {
        **known,
        "name": _a(str, known["name"]),
        "doc": _a(str | None, known.get("doc")) or "",
        "signature": _a(str, known.get("signature", "(…)")),
        "line": _a(int, known.get("line", 0)),
        "parameters": [_parameter(parameter) for parameter in _a(list, known.get("parameters", []))],
    }


def _parameter(described: Any) -> dict[str, Any]:
    known = _a(Mapping, described)
    if known["kind"] not in _KINDS:
        raise TypeError(f"a parameter of kind {known['kind']!r}")
    return {
        **known,
        "name": _a(str, known["name"]),
        "annotation": _a(str | None, known.get("annotation")),
        "required": _a(bool, known["required"]),
        "default": _default(_a(Mapping | None, known.get("default"))),
    }


def _default(known: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    if known is not None and "json" not in known:
        _a(str, known.get("repr", ""))
    return known


def _link(described: Any) -> dict[str, Any]:
    known = _a(Mapping, described)
    frames = [_frame(frame) for frame in _a(list, known["frames"])]
    return {"type": _a(str, known["type"]), "message": _a(str, known["message"]), "frames": frames}


def _frame(described: Any) -> dict[str, Any]:
    known = _a(Mapping, described)
    code = [(_a(int, number), _a(str, text)) for number, text in _a(list, known["code"])]
    words = {name: _a(str, known[name]) for name in ("file", "function", "kind")}
    return {**words, "line": _a(int, known["line"]), "code": [list(line) for line in code]}


def _a(kind: Any, value: Any) -> Any:
    """`value`, if it is of that kind; a truth value is no number."""
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise TypeError(f"{value!r:.100} instead of {kind}")
    return value
