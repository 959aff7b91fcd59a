"""The listeners of a script: which are called in which phase, for which action."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

from oet.harness.errors import ScriptHarnessException
from oet.harness.phases import LISTENER_PHASES, POST_RUN, PRE_RUN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oet.harness.context import Context

    Callback = Callable[[Context], Any]


class Listener(NamedTuple):
    """A callback; `action_names` restricts it to these actions, empty means every action."""

    callback: Callback
    action_names: frozenset[str]

    def matches(self, action_name: str | None) -> bool:
        """Whether it is to be called for this action (None: for a phase without one)."""
        return not self.action_names or action_name in self.action_names


class Listeners:
    """Kept in the order of adding, phase by phase."""

    def __init__(self) -> None:
        self._by_phase: dict[str, list[Listener]] = {phase: [] for phase in LISTENER_PHASES}

    def add(self, callback: Callback, phase: str, action_names: Any = None) -> None:
        """Add one; ScriptHarnessException if that makes no sense."""
        if not callable(callback):
            raise ScriptHarnessException(f"{callback!r} cannot be a listener: it is not callable.")
        if phase not in LISTENER_PHASES:
            raise ScriptHarnessException(
                f"{phase!r} takes no listeners; the phases that do are {', '.join(LISTENER_PHASES)}."
            )
        names = _names(action_names)
        if names and phase in {PRE_RUN, POST_RUN}:
            raise ScriptHarnessException(f"{phase} belongs to no action; a listener there takes no action_names.")
        self._by_phase[phase].append(Listener(callback, names))

    def walk(self, phase: str, action_name: str | None) -> Iterator[Listener]:
        """Those to be called, in order; one that is added during the walk has its turn too."""
        listeners = self._by_phase.get(phase, [])
        place = 0
        while place < len(listeners):
            listener = listeners[place]
            place += 1
            if listener.matches(action_name):
                yield listener


def _names(action_names: Any) -> frozenset[str]:
    if action_names is None:
        return frozenset()
    names = (action_names,) if isinstance(action_names, str) else action_names
    if not isinstance(names, Iterable):
        raise ScriptHarnessException(f"action_names must be a name, or a sequence of names, not {action_names!r}.")
    found = list(names)
    wrong = [name for name in found if not isinstance(name, str)]
    if wrong:
        raise ScriptHarnessException(f"action_names has {wrong[0]!r}, which is no name.")
    return frozenset(found)
