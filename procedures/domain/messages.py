"""Events between scripts, people and programs: what their topics may be, and how large they are."""

import re
from typing import Final

MAX_TOPIC_CHARACTERS: Final = 200
MAX_PAYLOAD_BYTES: Final = 64 * 1024
RESERVED: Final = ("procedure.", "operator.", "environment.", "node.", "script.", "task.", "trial.")
"""Topics under which OET itself, and scripts, tell what is."""

_TOPIC = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")


def topic_fault(topic: object, *, is_override: bool = False) -> str:
    """What is wrong with a topic that somebody wants to send under; empty if nothing is."""
    if not isinstance(topic, str) or not topic:
        return "is required: words with dots between them, such as “weather.wind”."
    if len(topic) > MAX_TOPIC_CHARACTERS or not _TOPIC.fullmatch(topic):
        return f"must be words of letters, digits, “_” and “-” with dots between them, at most {MAX_TOPIC_CHARACTERS} characters."
    if topic.startswith(RESERVED) and not is_override:
        return f"is one of OET's own; choose one that does not begin with {', '.join(RESERVED)} (an override's event must name one)."
    return ""


def is_for_scripts(topic: str) -> bool:
    """Whether scripts are told at once; what OET tells of itself but for operators' words reaches those that listen a little later."""
    return not topic.startswith(tuple(prefix for prefix in RESERVED if prefix != "operator."))
