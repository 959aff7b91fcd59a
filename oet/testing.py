"""Running a script's functions in a test, and looking at what it says. Needs no OET and no pytest.

with testing.script("observation.py", answers={"Go on?": "go on"}) as observation:
    observation.send("weather.wind", speed=25)
    observation.call("init", subarray_id=1)
    assert observation.call("main", duration_s=0.1) == {...}
    assert observation.published("observation.scan")[0]["scan"] == 1
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oet import attachments, inside, pubsub_bridge, run
from oet.conversation import Conversation
from oet.messages import Message
from oet.questions import NoAnswer
from oet.script_context import ScriptContext

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import ModuleType

_PATIENCE_S = 30.0


class Unanswered(AssertionError):
    """The script asked something that the test has no answer to."""


class ScriptUnderTest(Conversation):
    """A script and everything it has said, in lists, the oldest first."""

    def __init__(self, context: ScriptContext, answers: Mapping[str, Any]) -> None:
        super().__init__(context, self._keep)
        self.module: ModuleType
        self.events: list[tuple[str, dict[str, Any]]] = []
        """Topic and payload of each event that it has published."""
        self.progresses: list[tuple[float | None, str]] = []
        """Every progress it has told, none left out."""
        self.statuses: list[str] = []
        self.checkpoints: list[str] = []
        self.asked: list[str] = []
        """The questions, whatever became of them."""
        self.attached: dict[str, Any] = {}
        """What it was given, by name."""
        self._answers = answers
        self._count = 0

    def call(self, function: str, *args: Any, **kwargs: Any) -> Any:
        """Call one of its functions, as OET does; what it returns or raises comes out."""
        return run.call(self.module, function, list(args), kwargs)

    def send(self, topic: str, **payload: Any) -> None:
        """Have it hear an event; returns when its callbacks have dealt with it."""
        self._count += 1
        self.deliver(Message(topic, payload, self._count))
        assert self.hub.settle(_PATIENCE_S), f"a callback for {topic} does not return"

    def override(self, name: str, value: Any) -> None:
        """Decide as an operator."""
        self.context.overrides.learn(name, value)

    def published(self, topic: str) -> list[dict[str, Any]]:
        """The payloads of what it has published under a topic."""
        return [payload for known, payload in self.events if known == topic]

    def progress(self, fraction: float | None, message: str) -> None:
        """Keep it."""
        self.progresses.append((fraction, message))

    def status(self, text: str) -> None:
        """Keep it."""
        self.statuses.append(text)

    def checkpoint(self, name: str) -> None:
        """Keep it, and go on."""
        self.checkpoints.append(name)

    def ask(self, text: str, choices: Sequence[str], timeout_s: float | None) -> str:
        """The test's answer; NoAnswer where that is None, Unanswered where there is none."""
        self.asked.append(text)
        if text not in self._answers:
            raise Unanswered(
                f"the script asks “{text}” ({', '.join(choices) or 'any text'}); give it an answer in `answers`"
            )
        answer = self._answers[text]
        if answer is None:
            raise NoAnswer(text)
        assert not choices or answer in choices, f"{answer!r} is none of {', '.join(choices)}"
        return str(answer)

    def attach(self, name: str, data: Any, media_type: str | None) -> None:
        """Keep it, if it could be attached."""
        attachments.make(name, data, media_type)
        self.attached[name] = data

    def _keep(self, topic: str, payload: dict[str, Any]) -> bool:
        if topic == "event":
            self.events.append((payload["topic"], payload["payload"]))
        return True


@contextmanager
def script(
    path: str | os.PathLike[str],
    *,
    overrides: Mapping[str, Any] | None = None,
    answers: Mapping[str, Any] | None = None,
) -> Iterator[ScriptUnderTest]:
    """Import a script as OET does, for the length of a block. Each block imports it anew.

    `answers` are those to its questions, by their text; None lets one time out. Overrides not given are as at a new site.
    """
    known = {"overrides": {"wait_for_qa_ready": False, **(overrides or {})}}
    under_test = ScriptUnderTest(ScriptContext(known), answers or {})
    folder, modules_before, path_before = Path.cwd(), set(sys.modules), list(sys.path)
    inside.use(under_test)
    part = pubsub_bridge.install(under_test)
    try:
        under_test.module = run.load(Path(path))
        yield under_test
    finally:
        part()
        inside.use(None)
        os.chdir(folder)
        sys.path[:] = path_before
        name = getattr(getattr(under_test, "module", None), "__name__", None)
        if name is not None and name not in modules_before:
            sys.modules.pop(name, None)
