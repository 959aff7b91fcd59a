"""An Action: a named function that can be switched on and off, with the history of its latest run."""

from __future__ import annotations

import inspect
import re
import threading
from typing import TYPE_CHECKING, Any, Callable

from oet.harness.attempt import Attempt
from oet.harness.errors import ScriptHarnessException
from oet.harness.functions import call, find_function
from oet.harness.interruptions import shielded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import ModuleType

    from oet.harness.context import Context
    from oet.harness.status import Status

    Function = Callable[[Context], Any]

IMPLIED_GROUPS = ("all", "none")
_BLANK_OR_COMMA = re.compile(r"[\s,]")


class Action:
    """One step of a script. `function` and `enabled` may be reassigned at any time.

    `history` is `{}` until it runs; then it has `return_value`, `status`, `start_time`, `end_time` (seconds, Unix) and, unless
    the status is SUCCESS, `error`.
    """

    def __init__(
        self,
        name: str,
        action_groups: Iterable[str] = (),
        function: Function | None = None,
        enabled: bool = True,  # noqa: FBT001, FBT002 - as specified
        *,
        namespace: Mapping[str, Any] | ModuleType | None = None,
    ) -> None:
        self.name = _checked_name(name)
        self.action_groups = _checked_groups(name, action_groups)
        self.function = find_function(name, namespace) if function is None else _checked_function(name, function)
        self.enabled = enabled
        self.history: dict[str, Any] = {}
        self._busy = threading.Lock()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}{'' if self.enabled else ' (disabled)'}>"

    def run_function(self, context: Context) -> None:
        """Call the function and keep what it returns; to be overridden by whoever wants more."""
        self.history["return_value"] = call(self.function, context)

    def run(self, context: Context) -> Status:
        """Run the function once, with history, log and events; SUCCESS or ERROR, else the exception that ends the script."""
        with shielded():
            if not self._busy.acquire(blocking=False):
                raise ScriptHarnessException(
                    f"action {self.name} is running; it cannot run again until it has finished."
                )
            try:
                return Attempt(self, context).carry_out()
            finally:
                self._busy.release()


def _checked_name(name: Any) -> str:
    if not isinstance(name, str) or not name or name.startswith("-") or _BLANK_OR_COMMA.search(name):
        raise ScriptHarnessException(
            f"{name!r} cannot be the name of an action: it is a non-empty string without blanks and commas that does not begin with '-'."
        )
    return name


def _checked_groups(name: str, groups: Any) -> tuple[str, ...]:
    found = (groups,) if isinstance(groups, str) else tuple(groups or ())
    for group in found:
        if not isinstance(group, str) or not group:
            raise ScriptHarnessException(
                f"action {name}: {group!r} cannot be the name of a group; it is a non-empty string."
            )
        if group in IMPLIED_GROUPS:
            raise ScriptHarnessException(
                f"action {name}: the group {group!r} is implied and cannot be given; leave it out."
            )
    return found


def _checked_function(name: str, function: Any) -> Function:
    if not callable(function):
        raise ScriptHarnessException(f"action {name}: function={function!r} is not callable!")
    checked: Function = function
    return checked


def describe_callable(function: Any) -> str:
    """A short name for a function, a partial or any other callable, for logs and events."""
    target = getattr(function, "func", function)  # of a partial
    name = getattr(target, "__qualname__", None) or type(target).__qualname__
    return str(name) if not inspect.isclass(target) else target.__name__
