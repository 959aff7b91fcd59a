"""Making what scripts say storable: both databases refuse NUL and broken Unicode, and JSON has no NaN and a bounded depth."""

import json
import re
from typing import Any

MAX_DEPTH = 100
MAX_TOPIC_CHARACTERS = 200
_REPLACEMENT = "\ufffd"
_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")
_RESERVED = ("procedure.", "operator.", "environment.", "node.", "task.", "trial.")
_CONTROL_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_LINE_ENDS = re.compile(r"[\r\n]+")


def clean_text(text: str) -> str:
    """`text` without NUL characters and broken Unicode."""
    return text.encode("utf-8", "replace").decode().replace("\0", _REPLACEMENT)


def clean_json(value: Any) -> Any:
    """`value`, which came from JSON, in a form that both databases store; an object that names the fault if there is none."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (ValueError, RecursionError) as error:
        return {"unusable": f"{type(error).__name__}: {error}"}
    if text.count("[") + text.count("{") > MAX_DEPTH and _depth(value) > MAX_DEPTH:
        return {"unusable": f"nested more than {MAX_DEPTH} levels deep"}
    if text.isascii() and "\\u0000" not in text:
        return value
    cleaned = _NUL.sub(rf"\1{_REPLACEMENT}", text.encode("utf-8", "replace").decode())
    return json.loads(cleaned)


def topic_of_script(topic: str) -> str:
    """The topic under which a script's message is logged; OET's own topics are not for scripts."""
    cleaned = clean_text(topic)
    return ("script." + cleaned if cleaned.startswith(_RESERVED) else cleaned)[:MAX_TOPIC_CHARACTERS]


def last_line(text: bytes, *, characters: int) -> str:
    """The last line that says something, without the codes that colour a terminal, cut to `characters`."""
    shown = _CONTROL_SEQUENCE.sub("", text.decode(errors="replace"))
    lines = [line.strip() for line in _LINE_ENDS.split(shown) if line.strip()]
    line = "".join(c if c.isprintable() else " " for c in lines[-1]).strip() if lines else ""
    return line if len(line) <= characters else line[: characters - 1] + "…"


def _depth(value: Any) -> int:
    deepest, waiting = 0, [(value, 1)]
    while waiting:
        item, depth = waiting.pop()
        deepest = max(deepest, depth)
        if isinstance(item, dict):
            waiting += [(child, depth + 1) for child in item.values()]
        elif isinstance(item, list):
            waiting += [(child, depth + 1) for child in item]
    return deepest
