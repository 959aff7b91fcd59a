"""Which actions are enabled: from a group, names to run, names to add, names to skip; evaluated in this order."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from oet.harness.errors import ScriptHarnessException

if TYPE_CHECKING:
    from oet.harness.actions import ActionSequence

_SEPARATOR = re.compile(r"[\s,]+")


class Selection(NamedTuple):
    """What was asked for; None where nothing was. Names are lists, or strings separated by blanks, commas or both."""

    actions: Any = None
    add_actions: Any = None
    skip_actions: Any = None
    action_group: Any = None

    def resolve(self, actions: ActionSequence) -> dict[str, bool]:
        """For every action whether it is enabled then, on top of the flags as they are; changes nothing.

        ScriptHarnessException that lists the valid names if one is unknown.
        """
        flags = {action.name: bool(action.enabled) for action in actions}
        if self.action_group is not None:
            members = actions.members(_known_group(self.action_group, actions))
            flags = {name: name in members for name in flags}
        if self.actions is not None:
            wanted = _known(self.actions, actions)
            flags = {name: name in wanted for name in flags}
        flags.update(dict.fromkeys(_known(self.add_actions, actions), True))
        flags.update(dict.fromkeys(_known(self.skip_actions, actions), False))
        return flags

    def apply(self, actions: ActionSequence) -> None:
        """Enable and disable the actions; nothing changes if a name is unknown."""
        apply_flags(actions, self.resolve(actions))


def apply_flags(actions: ActionSequence, flags: dict[str, bool]) -> None:
    """Enable and disable the actions as resolved."""
    for action in actions:
        if bool(action.enabled) is not flags[action.name]:
            action.enabled = flags[action.name]


def valid_names(actions: ActionSequence) -> str:
    """The names that may be selected, as a sentence."""
    return f"Valid actions: {', '.join(actions.by_name) or 'none'}. Valid groups: {', '.join(actions.groups)}."


def _known(value: Any, actions: ActionSequence) -> list[str]:
    names = _split(value)
    unknown = [name for name in names if name not in actions.by_name]
    if unknown:
        listed = ", ".join(map(repr, unknown))
        raise ScriptHarnessException(
            f"unknown action{'s' if len(unknown) > 1 else ''} {listed}. {valid_names(actions)}"
        )
    return names


def _known_group(value: Any, actions: ActionSequence) -> str:
    if not isinstance(value, str) or value not in actions.groups:
        raise ScriptHarnessException(f"unknown action group {value!r}. {valid_names(actions)}")
    return value


def _split(value: Any) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, (str, list, tuple, set, frozenset)):
        raise ScriptHarnessException(f"names of actions are a string or a list of strings, not {value!r}.")
    names: list[str] = []
    for item in (value,) if isinstance(value, str) else value:
        if not isinstance(item, str):
            raise ScriptHarnessException(f"{item!r} is no name of an action.")
        found = [name for name in _SEPARATOR.split(item) if name]
        # An empty list says "none of them"; an empty string is more likely a form that was not filled in.
        if not found and not (isinstance(value, (list, tuple)) and len(value) > 1):
            raise ScriptHarnessException(f"{item!r} names no action; an empty list selects none.")
        names += found
    return names
