"""A dict that logs every change before it is made, at any depth."""

from __future__ import annotations

import copy
import logging
from typing import TYPE_CHECKING, Any, Callable

from oet.harness.plain import hidden_keys, is_hidden
from oet.harness.watching import Watch, Watched

if TYPE_CHECKING:
    from collections.abc import Iterable

_MISSING = object()


class LoggingDict(Watched, dict):  # type: ignore[type-arg]
    """Dicts, lists and tuples inside are watched too; reads log nothing.

    `muted`, and keys in `redact` at any depth: values are not shown. `name` is the first part of the path in the messages.
    """

    def __init__(
        self,
        items: Any = (),
        *,
        level: int = logging.INFO,
        muted: bool = False,
        logger_name: str = "oet.harness.data",
        name: str = "",
        redact: Iterable[str] = (),
    ) -> None:
        super().__init__()
        self._settle(Watch(name, level, logger_name, hidden_keys(redact)), None, muted)
        given = dict(items)
        for key, value in given.items():
            dict.__setitem__(self, key, self._wrap_first(value, key, items))

    def __setitem__(self, key: Any, value: Any) -> None:
        """`__setitem__ k to v`."""
        self._say_of(key, f"__setitem__ {key} to {self._shown_of(key, value)}", f"__setitem__ {key} ...")
        self._put(key, value)

    def __delitem__(self, key: Any) -> None:
        """`__delitem__ k`."""
        self._say(f"__delitem__ {key}")
        super().__delitem__(key)

    def clear(self) -> None:
        """Remove everything."""
        self._say("clearing dict")
        super().clear()

    def pop(self, key: Any, *default: Any) -> Any:
        """Remove a key and return its value."""
        message = muted = f"popping dict key {key}"
        if default:
            message += f" (default {self._shown(default[0])})"
            muted += " with default ..."
        self._say_of(key, message, muted)
        return super().pop(key, *default)

    def popitem(self) -> Any:
        """Remove the latest key."""
        self._say("popitem")
        key, value = super().popitem()
        self._say(f"the popitem removed the key {key}")
        return key, value

    def setdefault(self, key: Any, default: Any = None) -> Any:
        """Set a key that is not there yet."""
        self._say_of(key, f"setdefault {key} to {self._shown_of(key, default)}", f"setdefault {key} ...")
        if key in self:
            self._say(f"setdefault: {key} unchanged")
        else:
            self._put(key, default)
            self._say_of(key, f"setdefault: {key} now {self._shown_of(key, self[key])}", f"setdefault: {key} changed")
        return self[key]

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Set many keys: a mapping, pairs or keywords."""
        changes = dict(*args, **kwargs)
        for key, value in changes.items():
            self._say_of(key, f"update {key} to {self._shown_of(key, value)}", f"update {key} ...")
        before = {key: self.get(key, _MISSING) for key in changes}
        for key, value in changes.items():
            self._put(key, value)
        for key in changes:
            if _is_same(before[key], self[key]):
                self._say(f"update: {key} unchanged")
            else:
                self._say_of(key, f"update: {key} now {self._shown_of(key, self[key])}", f"update: {key} changed")

    def __ior__(self, other: Any) -> LoggingDict:  # type: ignore[misc]
        """Same as update."""
        self.update(other)
        return self

    def on_change(self, tell: Callable[[str, str], None]) -> None:
        """Have `tell(path, message)` called with everything that is logged, at any depth."""
        self._watch.tell = tell

    def __copy__(self) -> dict[Any, Any]:
        return dict(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[Any, Any]:
        """A plain dict of plain things."""
        return {copy.deepcopy(key, memo): copy.deepcopy(value, memo) for key, value in self.items()}

    def __reduce_ex__(self, _protocol: Any) -> Any:
        """Pickled, for another process say, it is a plain dict."""
        return dict, (dict(self),)

    def _children(self) -> Iterable[tuple[Any, Any]]:
        return self.items()

    def _put(self, key: Any, value: Any) -> None:
        # `d["x"] += [1]` puts back what is there already: a copy would leave others with a list that nobody looks at.
        is_there = isinstance(value, Watched) and value._parent is self and self.get(key, _MISSING) is value
        super().__setitem__(key, value if is_there else self._wrap(value, key))

    def _wrap_first(self, value: Any, key: Any, source: Any) -> Any:
        from oet.harness.watching import wrap

        return wrap(
            value, self, self._is_muted or is_hidden(key, self._watch.hidden), frozenset({id(self), id(source)})
        )

    def _say_of(self, key: Any, message: str, muted: str) -> None:
        """Log about one key: muted if the key is secret."""
        self._say(muted if is_hidden(key, self._watch.hidden) else message, muted)

    def _shown_of(self, key: Any, value: Any) -> str:
        """The value as the log shows it, not even looked at if it is secret."""
        return "..." if self._is_muted or is_hidden(key, self._watch.hidden) else self._shown(value)


def _is_same(old: Any, new: Any) -> bool:
    if old is _MISSING:
        return False
    try:
        return old is new or bool(old == new)
    except Exception:  # noqa: BLE001 - arrays and other classes of the author's compare as they like
        return False
