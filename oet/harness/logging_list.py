"""The list that logs every change before it is made, and the tuple that only leads to what is inside it."""

from __future__ import annotations

import copy
import operator
from typing import TYPE_CHECKING, Any

from oet.harness.watching import Watched

if TYPE_CHECKING:
    from collections.abc import Iterable


class LoggingList(Watched, list):  # type: ignore[type-arg]
    """Found inside a LoggingDict. After every change that succeeded it logs what it looks like, unless it is muted."""

    def append(self, item: Any) -> None:
        """`appending x`."""
        self._say(f"appending {self._shown(item)}", "appending ...")
        super().append(self._wrap(item))
        self._say_looks()

    def remove(self, item: Any) -> None:
        """`removing x`."""
        self._say(f"removing {self._shown(item)}", "removing ...")
        super().remove(item)
        self._say_looks()

    def extend(self, items: Iterable[Any]) -> None:
        """`extending with [xs]`."""
        added = list(items)
        self._say(f"extending with {self._shown(added)}", "extending ...")
        super().extend([self._wrap(item) for item in added])
        self._say_looks()

    def __iadd__(self, items: Iterable[Any]) -> LoggingList:  # type: ignore[misc]
        """Same as extend."""
        self.extend(items)
        return self

    def __imul__(self, count: Any) -> LoggingList:  # type: ignore[misc]
        """Same as extending with itself so many times."""
        times = operator.index(count)
        added = list(self) * (times - 1)
        self._say(f"extending with {self._shown(added)}", "extending ...")
        if times < 1:
            super().clear()
        else:
            super().extend([self._wrap(item) for item in added])
        self._say_looks()
        return self

    def insert(self, position: Any, item: Any) -> None:
        """`inserting x at position i`."""
        self._say(f"inserting {self._shown(item)} at position {position}", f"inserting at position {position}")
        super().insert(position, self._wrap(item))
        self._say_looks()

    def pop(self, *position: Any) -> Any:
        """`popping`, `popping position i`."""
        self._say(f"popping position {position[0]}" if position else "popping")
        item = super().pop(*position)
        self._say_looks()
        return item

    def sort(self, **options: Any) -> None:
        """`sorting`."""
        self._say("sorting")
        super().sort(**options)
        self._say_looks()

    def reverse(self) -> None:
        """`reversing`."""
        self._say("reversing")
        super().reverse()
        self._say_looks()

    def clear(self) -> None:
        """`clearing list`."""
        self._say("clearing list")
        super().clear()
        self._say_looks()

    def __setitem__(self, key: Any, value: Any) -> None:
        """`__setitem__ i to x`, `__setitem__ a:b to [xs]`."""
        shown_key = _shown_key(key)
        value = list(value) if isinstance(key, slice) else value
        self._say(f"__setitem__ {shown_key} to {self._shown(value)}", f"__setitem__ {shown_key} ...")
        super().__setitem__(
            key, [self._wrap(item) for item in value] if isinstance(key, slice) else self._kept(key, value)
        )
        self._say_looks()

    def __delitem__(self, key: Any) -> None:
        """`__delitem__ i`, `__delitem__ a:b`."""
        self._say(f"__delitem__ {_shown_key(key)}")
        super().__delitem__(key)
        self._say_looks()

    def __copy__(self) -> list[Any]:
        return list(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> list[Any]:
        """A plain list of plain things."""
        return [copy.deepcopy(item, memo) for item in self]

    def __reduce_ex__(self, _protocol: Any) -> Any:
        """Pickled it is a plain list."""
        return list, (list(self),)

    def _children(self) -> Iterable[tuple[Any, Any]]:
        return enumerate(self)

    def _kept(self, key: Any, value: Any) -> Any:
        """As in `LoggingDict`: `l[0] += [1]` puts back what is there already."""
        is_there = (
            isinstance(value, Watched)
            and value._parent is self
            and any(item is value for item in self[key : key + 1 or None])
        )
        return value if is_there else self._wrap(value)

    def _say_looks(self) -> None:
        if not self._is_muted:
            self._say(f"now looks like {self._shown(self)}")


class LoggingTuple(Watched, tuple):  # type: ignore[type-arg]
    """Found inside a LoggingDict. It cannot change, but what is in it may."""

    def __copy__(self) -> tuple[Any, ...]:
        return tuple(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> tuple[Any, ...]:
        """A plain tuple of plain things."""
        return tuple(copy.deepcopy(item, memo) for item in self)

    def __reduce_ex__(self, _protocol: Any) -> Any:
        """Pickled it is a plain tuple."""
        return tuple, (tuple(self),)

    def _children(self) -> Iterable[tuple[Any, Any]]:
        return enumerate(self)


def _shown_key(key: Any) -> str:
    """`1:3`, `:2`, `::2` for slices."""
    if not isinstance(key, slice):
        return str(key)
    parts = ["" if part is None else str(part) for part in (key.start, key.stop, key.step)]
    return ":".join(parts[: 2 if key.step is None else 3])
