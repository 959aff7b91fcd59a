"""Values as JSON has them, without what is secret: for dumps, logs and events."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

HIDDEN = "..."
_DEEPEST = 60
_MOST_BITS = 4096


def plain(value: Any, hidden: frozenset[str] = frozenset(), depth: int = 0) -> Any:
    """`value` as JSON: dicts, lists, text, numbers; `repr` of whatever JSON lacks; `...` under the keys in `hidden`."""
    if value is None or isinstance(value, (bool, str)):
        return str(value) if isinstance(value, str) else value
    if isinstance(value, int):
        return int(value) if value.bit_length() <= _MOST_BITS else hex(value)  # Python refuses to print longer ones
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else repr(value)
    if depth < _DEEPEST and isinstance(value, Mapping):
        return {_key(k): HIDDEN if is_hidden(k, hidden) else plain(v, hidden, depth + 1) for k, v in value.items()}
    if depth < _DEEPEST and isinstance(value, (list, tuple)):
        return [plain(item, hidden, depth + 1) for item in value]
    return safe_repr(value)


def as_json(value: Any, hidden: frozenset[str] = frozenset()) -> str:
    """Indented, sorted JSON text."""
    return json.dumps(plain(value, hidden), indent=4, sort_keys=True)


def without_hidden(value: Any, hidden: frozenset[str]) -> Any:
    """`value` for showing as `str()`: with `...` under the keys in `hidden`, at any depth."""
    if not hidden:
        return value
    if isinstance(value, dict):
        return {k: HIDDEN if is_hidden(k, hidden) else without_hidden(v, hidden) for k, v in value.items()}
    if isinstance(value, list):
        return [without_hidden(item, hidden) for item in value]
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return tuple(without_hidden(item, hidden) for item in value)
    return value


def is_hidden(key: Any, hidden: frozenset[str]) -> bool:
    """Whether the values under this key are secret."""
    return isinstance(key, str) and key in hidden


def hidden_keys(keys: Any) -> frozenset[str]:
    """`redact` as given by the author; a string is one key."""
    return frozenset((keys,) if isinstance(keys, str) else keys)


def safe_repr(value: Any) -> str:
    """repr(); never fails."""
    try:
        return repr(value)
    except Exception:  # noqa: BLE001 - runs __repr__ of the author's own classes
        return f"<{type(value).__name__}>"


def cut(text: str, characters: int) -> str:
    """At most so many characters."""
    return text if len(text) <= characters else text[: characters - 1] + "…"


def _key(key: Any) -> str:
    if isinstance(key, str):
        return str(key)
    return json.dumps(key) if key is None or isinstance(key, (bool, int, float)) else safe_repr(key)
