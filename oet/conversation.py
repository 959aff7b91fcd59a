"""What one script says and hears, wherever it runs: in OET, on a laptop, in a test.

Whoever runs the script gives `write(topic, payload)`, which records what it says (docs/run-directory.md) and returns False where
it cannot. Floods are bounded here: progress and words are thinned out, events wait for their turn.
"""

from __future__ import annotations

import json
import sys
import threading
from typing import TYPE_CHECKING, Any, Callable

from oet import attachments
from oet.messages import Hub, Message
from oet.pacing import Pace
from oet.questions import Questions
from oet.shielding import NO_SHIELD
from oet.thinning import Thinner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oet.script_context import ScriptContext
    from oet.shielding import Shield

    Write = Callable[[str, dict[str, Any]], bool]

EVENT_LIMIT_BYTES = 64 << 10
EVENTS_HZ, EVENTS_BURST = 500.0, 2000.0
MESSAGE_CHARACTERS = 500
NAME_CHARACTERS = 200


class Conversation:
    """One script's. Threads may share it."""

    def __init__(self, context: ScriptContext, write: Write, shield: Shield = NO_SHIELD) -> None:
        """`shield` makes blocks in which no stop interrupts the main thread."""
        self.context = context
        self.hub = Hub(lambda topics: self._say("subscribed", {"topics": topics}), shield)
        self.questions = Questions(lambda payload: self._say("question", payload), shield)
        self._write = write
        self._shield = shield
        self._pace = Pace(EVENTS_HZ, EVENTS_BURST)
        self._lock = threading.RLock()
        self._latest = {
            topic: Thinner(self._writer(topic), shield.shielded) for topic in ("progress", "status", "checkpoint")
        }
        self._attached: dict[str, None] = {}
        self._may_go_on = threading.Event()
        self._may_go_on.set()
        self._warned: set[str] = set()

    # What it says.

    def publish(self, topic: str, payload: dict[str, Any]) -> bool:
        """Publish an event. A script that publishes without end is slowed; False where the event was dropped."""
        size = len(json.dumps(payload, allow_nan=False).encode("utf-8", "replace"))
        if size > EVENT_LIMIT_BYTES:
            self._warn(topic, f"an event under {topic} was dropped: {size} bytes; {EVENT_LIMIT_BYTES} are allowed")
            return False
        self._pace.wait()
        return self._say("event", {"topic": topic, "payload": payload})

    def progress(self, fraction: float | None, message: str) -> None:
        """Say how far the script is."""
        self._latest["progress"].offer({"fraction": _clipped(fraction), "message": str(message)[:MESSAGE_CHARACTERS]})

    def status(self, text: str) -> None:
        """Say what it does."""
        self._latest["status"].offer({"text": str(text)[:MESSAGE_CHARACTERS]})

    def checkpoint(self, name: str) -> None:
        """A place to be paused at: wait here for as long as an operator wants."""
        name = str(name)[:NAME_CHARACTERS]
        if self._may_go_on.is_set():
            self._latest["checkpoint"].offer({"name": name, "state": "passed"})
            return
        self.flush()
        with self._shield.shielded():
            self._say("checkpoint", {"name": name, "state": "paused"})
            try:
                self._shield.opened(self._may_go_on.wait)
            finally:  # one that is stopped here is paused no longer either: it tidies up
                self._say("checkpoint", {"name": name, "state": "resumed"})

    def ask(self, text: str, choices: Sequence[str], timeout_s: float | None) -> str:
        """Wait for an operator's answer; NoAnswer where there is none in time."""
        self.flush()
        return self.questions.ask(text, choices, timeout_s)

    def attach(self, name: str, data: Any, media_type: str | None) -> None:
        """Attach a small result. ValueError, TypeError as `attachments.make`; RuntimeError where it cannot be kept."""
        attachment = attachments.make(name, data, media_type)
        with self._lock:
            if name not in self._attached and len(self._attached) >= attachments.MOST:
                raise ValueError(
                    f"attach: this script has {attachments.MOST} attachments already; {name} is one too many"
                )
            self._attached[name] = None
            payload = {**attachment.payload(), "count": len(self._attached)}
        if not self._say("attachment", payload):
            raise RuntimeError(
                f"attach: {name} cannot be written down: the disk is full, or this script has said too much"
            )

    def flush(self) -> None:
        """Write what is held back."""
        for thinner in self._latest.values():
            thinner.flush()

    # What it hears; called from another thread than the script's.

    def pause(self) -> None:
        """An operator wants it to wait at its next checkpoint."""
        self._may_go_on.clear()

    def resume(self) -> None:
        """An operator wants it to go on."""
        self._may_go_on.set()

    def deliver(self, message: Message) -> None:
        """An event has come."""
        if message.topic.startswith("operator.") and "name" in message.payload and "value" in message.payload:
            self.context.overrides.learn(str(message.payload["name"]), message.payload["value"])
        self.hub.deliver(message)

    def _say(self, topic: str, payload: dict[str, Any]) -> bool:
        with self._shield.shielded():
            return self._write(topic, payload)

    def _writer(self, topic: str) -> Callable[[Callable[[], Any]], None]:
        def write(take: Callable[[], Any]) -> None:
            with self._shield.shielded(), self._lock:
                held = take()
                if held is not None:
                    self._write(topic, held)

        return write

    def _warn(self, topic: str, words: str) -> None:
        if topic not in self._warned:
            self._warned.add(topic)
            print(f"OET: {words}", file=sys.stderr)


def _clipped(fraction: float | None) -> float | None:
    if fraction is None:
        return None
    value = float(fraction)
    return None if value != value else min(1.0, max(0.0, value))
