"""JSON as it is sent: compact, and always valid UTF-8."""

import json
from typing import Any


def compact_json(data: Any) -> str:
    """`data` as JSON on one line. Half a surrogate pair, which UTF-8 does not have, stays an escape."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text if text.isascii() else text.encode(errors="backslashreplace").decode()
