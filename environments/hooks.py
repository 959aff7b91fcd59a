"""Who is told what happens to environments. Whoever runs scripts registers here; environments know nothing of them.

Listeners run inside the transaction that makes the change, in whatever process makes it (a Celery worker, mostly): what they write to
the database is committed with the change or not at all. What happens outside the database they leave to `transaction.on_commit`.
A listener that raises undoes the change.
"""

from collections.abc import Callable
from dataclasses import dataclass

from environments.domain.states import EnvironmentState
from environments.models import Environment


@dataclass(frozen=True)
class Change:
    """An environment has moved; the row is as it is now."""

    environment: Environment
    previous: EnvironmentState | None
    """None where the environment is new."""
    state: EnvironmentState
    reason: str
    holders: tuple[str, ...]
    """Who uses it or waits for it."""


@dataclass(frozen=True)
class LogGrew:
    """A build has written more; `log.read` has it."""

    environment_id: int
    build: int
    log_bytes: int


Listener = Callable[[Change], None]
LogListener = Callable[[LogGrew], None]

_listeners: list[Listener] = []
_log_listeners: list[LogListener] = []


def on_change(listener: Listener) -> Listener:
    """Tell this listener of every change from now on. Usable as a decorator; to be called once, in `AppConfig.ready`."""
    _listeners.append(listener)
    return listener


def on_log(listener: LogListener) -> LogListener:
    """Tell this listener whenever a build log grew, a few times a second at most."""
    _log_listeners.append(listener)
    return listener


def forget(listener: Listener | LogListener) -> None:
    """Tell it no longer."""
    for listeners in (_listeners, _log_listeners):
        if listener in listeners:
            listeners.remove(listener)  # type: ignore[arg-type]


def tell(change: Change) -> None:
    """Call every listener."""
    for listener in list(_listeners):
        listener(change)


def tell_log(grown: LogGrew) -> None:
    """Call every listener to logs."""
    for listener in list(_log_listeners):
        listener(grown)
