"""A dict that can be locked for good."""

from __future__ import annotations

import copy
from typing import Any, NoReturn

from oet.harness.errors import ScriptHarnessException


class ReadOnlyDict(dict):  # type: ignore[type-arg]
    """A plain dict until `lock()` is called. A deepcopy is not locked, and has lists where the original had them."""

    _is_locked = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._refuse_if_locked("filled anew")
        super().__init__(*args, **kwargs)

    def lock(self) -> None:
        """Allow no change from now on: lists become tuples, dicts inside are locked too. Nothing unlocks it."""
        if self._is_locked:
            return
        for key, value in self.items():
            dict.__setitem__(self, key, _locked(value, (id(self),)))
        self._is_locked = True

    def __setitem__(self, key: Any, value: Any) -> None:
        self._refuse_if_locked(f"changed ({key!r})")
        super().__setitem__(key, value)

    def __delitem__(self, key: Any) -> None:
        self._refuse_if_locked(f"changed ({key!r})")
        super().__delitem__(key)

    def clear(self) -> None:
        """Remove everything."""
        self._refuse_if_locked("cleared")
        super().clear()

    def pop(self, *args: Any) -> Any:
        """Remove a key and return its value."""
        self._refuse_if_locked("changed")
        return super().pop(*args)

    def popitem(self) -> Any:
        """Remove the latest key."""
        self._refuse_if_locked("changed")
        return super().popitem()

    def setdefault(self, *args: Any) -> Any:
        """Set a key that is not there yet."""
        self._refuse_if_locked("changed")
        return super().setdefault(*args)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Set many keys."""
        self._refuse_if_locked("updated")
        super().update(*args, **kwargs)

    def __ior__(self, other: Any) -> ReadOnlyDict:  # type: ignore[misc]
        self._refuse_if_locked("updated")
        super().update(other)
        return self

    def __setattr__(self, name: str, value: Any) -> None:
        self._refuse_if_locked("unlocked" if name == "_is_locked" else f"given an attribute {name!r}")
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        self._refuse_if_locked("unlocked" if name == "_is_locked" else f"robbed of its attribute {name!r}")
        super().__delattr__(name)

    def __copy__(self) -> dict[Any, Any]:
        return dict(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> ReadOnlyDict:
        """Not locked, with lists again."""
        return ReadOnlyDict({copy.deepcopy(key, memo): copy.deepcopy(value, memo) for key, value in self.items()})

    def __reduce_ex__(self, _protocol: Any) -> Any:
        """Pickled it is not locked."""
        return ReadOnlyDict, (dict(self),)

    def _refuse_if_locked(self, what: str) -> None:
        if self._is_locked:
            _refuse(what)


class _LockedList(tuple):  # type: ignore[type-arg]
    """A tuple that remembers that it was a list."""

    __slots__ = ()

    def __deepcopy__(self, memo: dict[int, Any]) -> list[Any]:
        return [copy.deepcopy(item, memo) for item in self]

    def __reduce_ex__(self, _protocol: Any) -> Any:
        return list, (list(self),)


def _locked(value: Any, above: tuple[int, ...]) -> Any:
    if id(value) in above:
        raise ScriptHarnessException("a configuration that contains itself cannot be locked; break the cycle.")
    above = (*above, id(value))
    if isinstance(value, dict):
        inner = ReadOnlyDict({key: _locked(item, above) for key, item in value.items()})
        inner._is_locked = True
        return inner
    if isinstance(value, list):
        return _LockedList(_locked(item, above) for item in value)
    if isinstance(value, tuple):
        items = [_locked(item, above) for item in value]
        return type(value)._make(items) if hasattr(value, "_make") else type(value)(items)
    return value


def _refuse(what: str) -> NoReturn:
    raise ScriptHarnessException(
        f"this configuration is read-only; it cannot be {what}. Work on a copy.deepcopy() of it."
    )
