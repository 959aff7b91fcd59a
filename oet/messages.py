"""Events between scripts, operators and programs: what a script hears, and how it listens."""

from __future__ import annotations

import signal
import sys
import threading
import traceback
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Callable

from oet.shielding import NO_SHIELD

if TYPE_CHECKING:
    from types import TracebackType

    from oet.shielding import Shield

MAX_WAITING = 10_000
"""Messages that one subscription keeps for whoever reads too slowly; what comes then is lost to it."""
MAX_TOPICS = 200
MAX_TOPIC_CHARACTERS = 200
EVERYTHING = "*"


class NoMessage(TimeoutError):
    """Nothing came in time."""


@dataclass(frozen=True)
class Message:
    """An event as a script hears it. `at` is in seconds (Unix); `procedure` is the script that sent it, `who` the person."""

    topic: str
    payload: dict[str, Any] = field(default_factory=dict)
    id: int = 0
    """Its number in OET's event log; 0 outside."""
    at: float = 0.0
    procedure: int | None = None
    who: str = ""

    def __getitem__(self, name: str) -> Any:
        return self.payload[name]


def message_of(event: dict[str, Any]) -> Message:
    """A message as it comes on the control socket. KeyError, TypeError or ValueError where it is none."""
    procedure = event.get("procedure")
    return Message(
        topic=str(event["topic"]),
        payload=dict(event["payload"]),
        id=int(event["id"]),
        at=float(event["at"]),
        procedure=None if procedure is None else int(procedure),
        who=str(event.get("who") or ""),
    )


class Subscription:
    """An ear for a topic, from `oet.subscribe`. Without a callback `get` takes the messages one by one; `with` ends it."""

    def __init__(self, hub: Hub, topic: str, callback: Callable[[Message], Any] | None) -> None:
        self.topic = topic
        self._hub = hub
        self._callback = callback
        self._waiting: SimpleQueue[Message] = SimpleQueue()
        self._has_lost = False

    def __enter__(self) -> Subscription:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cancel()

    def get(self, timeout: float | None = None) -> Message:
        """The next message; NoMessage (a TimeoutError) if there is none within `timeout` seconds."""
        try:
            return self._waiting.get(timeout=timeout)
        except Empty:
            raise NoMessage(f"no message under {self.topic} within {timeout:g} s") from None

    def cancel(self) -> None:
        """Listen no longer."""
        self._hub.forget(self)

    def hears(self, topic: str) -> bool:
        """Whether a message under `topic` is for it; `*` and `?` in its own topic stand for anything."""
        return fnmatchcase(topic, self.topic)

    def take(self, message: Message) -> None:
        """A message has come."""
        if self._callback is not None:
            self._hub.call_soon(self._callback, message)
        elif self._waiting.qsize() < MAX_WAITING:
            self._waiting.put(message)
        elif not self._has_lost:
            self._has_lost = True
            print(f"OET: {MAX_WAITING} messages under {self.topic} wait to be read; more are lost", file=sys.stderr)


class Hub:
    """All subscriptions of a script.

    `announce(topics)` is called when it begins to listen to something new; False where that could not be said.
    """

    def __init__(self, announce: Callable[[list[str]], bool], shield: Shield = NO_SHIELD) -> None:
        self._announce = announce
        self._shield = shield
        self._subscriptions: list[Subscription] = []
        self._topics: dict[str, None] = {}
        self._calls: SimpleQueue[tuple[Callable[[Message], Any], Message] | threading.Event] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._has_lost = False
        self._lock = threading.Lock()
        self._announcing = threading.RLock()

    def subscribe(
        self, topic: str, callback: Callable[[Message], Any] | None = None, *, is_announced: bool = True
    ) -> Subscription:
        """Listen from now on, also to what is not sent here yet (`is_announced`). ValueError, TypeError where that is no topic."""
        if not isinstance(topic, str) or not 0 < len(topic) <= MAX_TOPIC_CHARACTERS:
            raise ValueError(f"a topic is text of 1 to {MAX_TOPIC_CHARACTERS} characters, not {topic!r}")
        if callback is not None and not callable(callback):
            raise TypeError(f"subscribe: {callback!r} cannot be called")
        subscription = Subscription(self, topic, callback)
        with self._shield.shielded():
            with self._lock:
                self._subscriptions = [*self._subscriptions, subscription]
            if is_announced:
                self.listen(topic)
        return subscription

    def listen(self, topic: str) -> None:
        """Have messages under `topic` sent here. What is not wanted any more goes on coming, and is passed over."""
        with (
            self._shield.shielded(),
            self._announcing,
        ):  # of two threads the later one must not be undone by the earlier
            if topic in self._topics or EVERYTHING in self._topics:
                return
            topics = [*self._topics, topic if len(self._topics) < MAX_TOPICS - 1 else EVERYTHING]
            if self._announce(topics):
                self._topics = dict.fromkeys(topics)

    def forget(self, subscription: Subscription) -> None:
        """Do without it."""
        with self._lock:
            self._subscriptions = [known for known in self._subscriptions if known is not subscription]

    def deliver(self, message: Message) -> None:
        """Hand a message to everybody who listens; callbacks are called in a thread of their own, one after the other."""
        for subscription in self._subscriptions:
            if subscription.hears(message.topic):
                subscription.take(message)

    def call_soon(self, callback: Callable[[Message], Any], message: Message) -> None:
        """Have a callback called in the thread of callbacks."""
        self._start()
        if self._calls.qsize() < MAX_WAITING:
            self._calls.put((callback, message))
        elif not self._has_lost:
            self._has_lost = True
            print(f"OET: {MAX_WAITING} messages wait for callbacks, which are too slow; more are lost", file=sys.stderr)

    def settle(self, timeout_s: float) -> bool:
        """Wait until everything that was delivered has been dealt with; whether it was."""
        if self._thread is None:
            return True
        done = threading.Event()
        self._calls.put(done)
        return done.wait(timeout_s)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="oet-events", daemon=True)
                self._thread.start()

    def _serve(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())  # signals are for the main thread
        while True:
            item = self._calls.get()
            if isinstance(item, threading.Event):
                item.set()
                continue
            callback, message = item
            try:
                callback(message)
            except BaseException:  # noqa: BLE001 - the border to the author's callbacks: one that fails must not silence the others
                print(f"OET: a callback for {message.topic} failed:", file=sys.stderr)
                traceback.print_exc()
