"""The functions of `oet` that a script calls. What they mean is in docs/writing-scripts.md."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Callable

from oet import inside
from oet.questions import NoAnswer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oet.messages import Message, Subscription

_UNSET = object()


def publish(topic: str, payload: Any = None, /, **values: Any) -> bool:
    """Publish an event: `oet.publish("scan.done", number=3)`. False where it was dropped (too large, disk full).

    Whoever publishes more than some hundreds a second is slowed down. TypeError or ValueError where it is no JSON.
    """
    if values:
        if payload is not None and not isinstance(payload, dict):
            raise TypeError(f"publish: {payload!r} and values by name cannot go together")
        payload = {**(payload or {}), **values}
    elif payload is None:
        payload = {}
    elif not isinstance(payload, dict):
        payload = {"value": payload}
    return inside.conversation().publish(str(topic), payload)


def subscribe(topic: str, callback: Callable[[Message], Any] | None = None) -> Subscription:
    """Hear events under `topic` (`*` stands for anything) from now on; not those that this script publishes itself.

    `callback` is called with each Message, in a thread of its own, in their order. Without one, take them with `.get(timeout)`.
    """
    return inside.conversation().hub.subscribe(topic, callback)


def wait_for(topic: str, timeout: float | None = None, where: Callable[[Message], bool] | None = None) -> Message:
    """Wait for the next event under `topic` (for which `where` is true); NoMessage, a TimeoutError, if there is none in time.

    It hears what comes after the call. If you ask and wait for a reply, subscribe first, then publish, then `.get`.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    with subscribe(topic) as ear:
        while True:
            message = ear.get(None if deadline is None else max(0.0, deadline - time.monotonic()))
            if where is None or where(message):
                return message


def progress(fraction: float | None = None, message: str = "") -> None:
    """Say how far the script is: a fraction from 0 to 1 (or None), and a message. As cheap as it may be called in any loop."""
    inside.conversation().progress(fraction, message)


def status(text: str) -> None:
    """Say in a few words what the script does now."""
    inside.conversation().status(text)


def checkpoint(name: str) -> None:
    """A place where an operator may have the script wait. Returns at once unless one wants it to."""
    inside.conversation().checkpoint(name)


def ask(text: str, choices: Sequence[str] = (), timeout: float | None = None, default: Any = _UNSET) -> Any:
    """Ask the operators and wait for the answer: one of `choices`, or any text.

    After `timeout` seconds `default` is returned, if there is one, or NoAnswer (a TimeoutError) raised.
    """
    try:
        return inside.conversation().ask(text, choices, timeout)
    except NoAnswer:
        if default is _UNSET:
            raise
        return default


def attach(name: str, data: Any, media_type: str | None = None) -> None:
    """Attach a small result, shown on the procedure's page: text, bytes (PNG, JPEG), or anything that is JSON. At most 512 KiB.

    One of the same name takes the place of the one before.
    """
    inside.conversation().attach(name, data, media_type)
