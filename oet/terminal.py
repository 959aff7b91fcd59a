"""Talking to the terminal instead of OET: `python my_script.py` and `python -m oet.run` on a laptop."""

from __future__ import annotations

import base64
import json
import os
import sys
from typing import TYPE_CHECKING, Any

from oet import rundir
from oet.attachments import JSON
from oet.conversation import Conversation
from oet.questions import NoAnswer
from oet.script_context import ScriptContext
from oet.shielding import NO_SHIELD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oet.shielding import Shield

_SHOWN_CHARACTERS = 2000


class TerminalConversation(Conversation):
    """Prints what a script says to stderr, and asks its questions there."""

    def __init__(self, context: ScriptContext, shield: Shield) -> None:
        super().__init__(context, _print, shield)

    def ask(self, text: str, choices: Sequence[str], timeout_s: float | None) -> str:
        """Ask whoever sits at the keyboard; NoAnswer where nobody does."""
        self.flush()
        offered = [choices] if isinstance(choices, str) else list(choices)
        hint = f" [{'/'.join(offered)}]" if offered else ""
        while True:
            _show("question", f"{text}{hint}")
            line = sys.stdin.readline() if sys.stdin is not None else ""
            if not line:
                raise NoAnswer(f"nobody answered “{text}”: there is no input")
            answer = line.strip()
            if not offered or answer in offered:
                return answer
            _show("question", f"{answer!r} is none of {', '.join(offered)}")


def talking(shield: Shield = NO_SHIELD) -> Conversation:
    """For a script that runs outside of OET."""
    return TerminalConversation(ScriptContext({"overrides": {"wait_for_qa_ready": False}}), shield)


def silent(context: ScriptContext | None) -> Conversation:
    """For processes that a script has started: they are not the script, and speak for nobody."""
    if context is None:
        mark = os.environ.get(rundir.PROCEDURE_MARK, "")
        context = ScriptContext({"procedure_id": int(mark) if mark.isdigit() else None})
    return Conversation(context, lambda _topic, _payload: False)


def _print(topic: str, payload: dict[str, Any]) -> bool:
    words = _words(topic, payload)
    if words:
        _show(topic, words)
    return True


def _words(topic: str, payload: dict[str, Any]) -> str:
    if topic == "progress":
        fraction = payload["fraction"]
        return " ".join(filter(None, ["" if fraction is None else f"{fraction:.0%}", payload["message"]]))
    if topic == "status":
        return str(payload["text"])
    if topic == "checkpoint":
        return str(payload["name"])
    if topic == "event":
        return f"{payload['topic']} {json.dumps(payload['payload'], ensure_ascii=False)}"
    if topic == "attachment":
        data = base64.b64decode(payload["data"])
        is_text = payload["media_type"] == JSON or payload["media_type"].startswith("text/")
        shown = f"\n{data.decode('utf-8', 'replace')[:_SHOWN_CHARACTERS]}" if is_text else ""
        return f"{payload['name']} ({payload['media_type']}, {len(data)} bytes){shown}"
    return ""


def _show(what: str, words: str) -> None:
    print(f"[oet {what}] {words}", file=sys.stderr, flush=True)
