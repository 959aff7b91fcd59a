"""Values that come from outside as JSON: whether they can be stored in either database, and handed on to a script."""

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final

from procedures.domain.encodable import is_encodable

MAX_DEPTH: Final = 50


def json_fault(value: Any, depth: int = 0) -> str:
    """Why `value` cannot be stored and handed on as JSON; empty if it can."""
    if depth > MAX_DEPTH:
        return f"is nested more than {MAX_DEPTH} levels deep."
    if isinstance(value, float) and not math.isfinite(value):
        return "contains NaN or Infinity, which JSON does not have."
    if isinstance(value, str):
        return text_fault(value)
    children: Iterable[Any] = ()
    if isinstance(value, Mapping):
        children = [*value.keys(), *value.values()]
    elif isinstance(value, list):
        children = value
    return next((fault for child in children if (fault := json_fault(child, depth + 1))), "")


def text_fault(text: str) -> str:
    """Why `text` cannot be stored; empty if it can."""
    if "\0" in text:  # PostgreSQL's jsonb cannot hold it
        return "contains a NUL character."
    if not is_encodable(text):
        return "contains half of a surrogate pair, which is no valid Unicode."
    return ""
