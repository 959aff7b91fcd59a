"""Small results that a script attaches: what they may be, and how they travel in the journal."""

from __future__ import annotations

import base64
import json
from typing import Any, NamedTuple

LIMIT_BYTES = 512 << 10
"""Of one attachment; in base64 it fits into a record of the journal."""
MOST = 100
"""Attachments of one script."""
NAME_CHARACTERS = 200

JSON, TEXT, PNG = "application/json", "text/plain", "image/png"
MEDIA_TYPES = frozenset({JSON, TEXT, PNG, "text/csv", "text/markdown", "image/jpeg"})
"""What browsers show without running any of it."""

_PNG_BEGINS, _JPEG_BEGINS = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"


class Attachment(NamedTuple):
    """Something small, ready to be sent."""

    name: str
    media_type: str
    data: bytes

    def payload(self) -> dict[str, Any]:
        """The form in which it goes into the journal."""
        return {"name": self.name, "media_type": self.media_type, "data": base64.b64encode(self.data).decode()}


def make(name: str, data: Any, media_type: str | None = None) -> Attachment:
    """An attachment of bytes, text, or anything that is JSON; bytes need a media type unless they are PNG or JPEG.

    ValueError where it is too large or of a kind that is not shown; TypeError where it is no JSON.
    """
    if not isinstance(name, str) or not name or len(name) > NAME_CHARACTERS or "/" in name or "\0" in name:
        raise ValueError(
            f"attach: {name!r} is no name for an attachment: 1 to {NAME_CHARACTERS} characters without “/”"
        )
    raw, guessed = _encoded(data)
    kind = media_type or guessed
    if kind not in MEDIA_TYPES:
        known = ", ".join(sorted(MEDIA_TYPES))
        raise ValueError(f"attach: {name} is {kind or 'bytes of no known kind'}; media_type is one of {known}")
    if len(raw) > LIMIT_BYTES:
        raise ValueError(
            f"attach: {name} has {len(raw)} bytes; at most {LIMIT_BYTES} can be attached, so save it as a file"
        )
    return Attachment(name, kind, raw)


def _encoded(data: Any) -> tuple[bytes, str | None]:
    if isinstance(data, str):
        return data.encode("utf-8", "replace"), TEXT
    if isinstance(data, (bytes, bytearray, memoryview)):
        raw = bytes(data)
        kinds = {_PNG_BEGINS: PNG, _JPEG_BEGINS: "image/jpeg"}
        return raw, next((kind for begin, kind in kinds.items() if raw.startswith(begin)), None)
    return json.dumps(data, indent=1, allow_nan=False).encode(), JSON
