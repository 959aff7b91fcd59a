"""The actions of a script, in order and by name; and the short ways to make them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from oet.harness.action import IMPLIED_GROUPS, Action
from oet.harness.errors import ScriptHarnessException

if TYPE_CHECKING:
    from types import ModuleType


class ActionSequence(tuple):  # type: ignore[type-arg]
    """A tuple of actions; also `actions["build-it"]`, `actions.build_it` and `actions.by_name`."""

    by_name: Mapping[str, Action]

    def __new__(cls, actions: Iterable[Action]) -> ActionSequence:
        """Check the actions; ScriptHarnessException for one that is none, and for a name that occurs twice."""
        items = _items(actions, "the actions of a script")
        by_name: dict[str, Action] = {}
        for item in items:
            if not isinstance(item, Action):
                raise ScriptHarnessException(
                    f"{item!r} is no Action; make it one by Action(...) or get_actions_from_list(...)."
                )
            if item.name in by_name:
                raise ScriptHarnessException(
                    f"there are two actions named {item.name!r}; a name stands for one action."
                )
            by_name[item.name] = item
        self = super().__new__(cls, items)
        self.by_name = MappingProxyType(by_name)
        return self

    def __getitem__(self, key: Any) -> Any:
        """By place, slice or name."""
        if not isinstance(key, str):
            return super().__getitem__(key)
        if key not in self.by_name:
            raise KeyError(f"there is no action {key!r}; there are: {', '.join(self.by_name) or 'none'}")
        return self.by_name[key]

    def __contains__(self, key: object) -> bool:
        """By Action or name."""
        return key in self.by_name if isinstance(key, str) else super().__contains__(key)

    def __getattr__(self, name: str) -> Action:
        """`build_it` for the action "build-it"."""
        by_name = self.__dict__.get("by_name", {})
        for action in by_name.values():
            if name == action.name or name == action.name.replace("-", "_"):
                found: Action = action
                return found
        raise AttributeError(f"there is no action {name!r}; there are: {', '.join(by_name) or 'none'}")

    @property
    def groups(self) -> list[str]:
        """Every group that may be selected: all, none, and those in use."""
        return [*IMPLIED_GROUPS, *sorted({group for action in self for group in action.action_groups})]

    def members(self, group: str) -> set[str]:
        """The names of the actions in a group."""
        if group == "none":
            return set()
        return {action.name for action in self if group == "all" or group in action.action_groups}


def get_actions(pairs: Any, *, namespace: Mapping[str, Any] | ModuleType | None = None) -> tuple[Action, ...]:
    """Actions from names and whether they are enabled: a dict, pairs, or a flat `[name, bool, name, bool]`."""
    checked = _pairs(pairs)
    return tuple(Action(name, enabled=enabled, namespace=namespace) for name, enabled in checked)


def get_actions_from_list(
    names: Iterable[str],
    default_actions: Iterable[str] | None = None,
    *,
    namespace: Mapping[str, Any] | ModuleType | None = None,
) -> tuple[Action, ...]:
    """Actions from names; `default_actions` are those enabled by default (None: all of them)."""
    listed = _items(names, "the names of actions")
    enabled = listed if default_actions is None else _items(default_actions, "default_actions")
    unknown = [name for name in enabled if name not in listed]
    if unknown:
        raise ScriptHarnessException(
            f"default_actions has {', '.join(map(repr, unknown))}, which is not among the actions {', '.join(map(str, listed)) or 'none'}."
        )
    return tuple(Action(name, enabled=name in enabled, namespace=namespace) for name in listed)


def _pairs(pairs: Any) -> list[tuple[str, bool]]:
    items = list(pairs.items()) if isinstance(pairs, Mapping) else _items(pairs, "the pairs of name and bool")
    if items and isinstance(items[0], str):
        if len(items) % 2:
            raise ScriptHarnessException(
                f"a flat list of actions is [name, bool, name, bool, ...]; it has {len(items)} items."
            )
        items = list(zip(items[::2], items[1::2]))
    for item in items:
        if not isinstance(item, (tuple, list)) or len(item) != 2 or not isinstance(item[1], bool):
            raise ScriptHarnessException(f"{item!r} is no pair of a name and True or False.")
    return [(name, enabled) for name, enabled in items]


def _items(values: Any, what: str) -> list[Any]:
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise ScriptHarnessException(f"{what} must be a sequence, not {values!r}.")
    return list(values)
