"""What the watched dict, list and tuple share: where they are, how they speak, and how what is put into them is wrapped."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Callable

from oet.harness.errors import ScriptHarnessException
from oet.harness.plain import is_hidden, without_hidden

if TYPE_CHECKING:
    from collections.abc import Iterable

_QUOTES = ("'", '"', "'''", '"""')


class Watch:
    """What holds for a whole tree of watched containers. `tell` gets path and message of each change, beside the log."""

    def __init__(self, name: str, level: int, logger_name: str, hidden: frozenset[str]) -> None:
        self.name = name
        self.level = level
        self.hidden = hidden
        self.tell: Callable[[str, str], None] | None = None
        self._logger = logging.getLogger(logger_name)

    def say(self, path: str, message: str) -> None:
        """Log a message about the container at `path` ("": nobody knows its name)."""
        self._logger.log(self.level, "%s", f"{path}: {message}" if path else message)
        if self.tell is not None:
            self.tell(path, message)

    def shown(self, value: Any) -> str:
        """A value as the log shows it."""
        return str(without_hidden(value, self.hidden))


class Watched:
    """Mixin of the watched containers: a node in their tree."""

    _watch: Watch
    _parent: Watched | None
    _is_muted: bool

    def _settle(self, watch: Watch, parent: Watched | None, is_muted: bool) -> None:  # noqa: FBT001
        self._watch = watch
        self._parent = parent
        self._is_muted = is_muted

    def _say(self, message: str, muted: str | None = None) -> None:
        """Log the message, or its muted form if this container is muted and there is one."""
        self._watch.say(self._path() or "", muted if self._is_muted and muted is not None else message)

    def _shown(self, value: Any) -> str:
        return self._watch.shown(value)

    def _path(self) -> str | None:
        """Where it is now, such as `root.config['d'][2]`; None if it has no name, or was taken out of what has one."""
        if self._parent is None:
            return self._watch.name or None
        above = self._parent._path()
        if above is None:
            return None
        for key, child in self._parent._children():
            if child is self:
                return f"{above}[{_quoted(key)}]"
        return None

    def _children(self) -> Iterable[tuple[Any, Any]]:
        raise NotImplementedError

    def _wrap(self, value: Any, key: Any = None) -> Any:
        """`value` as it is kept in here: containers become watched copies; ScriptHarnessException for a cycle."""
        above: set[int] = set()
        node: Watched | None = self
        while node is not None:
            above.add(id(node))
            node = node._parent
        return wrap(value, self, self._is_muted or is_hidden(key, self._watch.hidden), frozenset(above))


def wrap(value: Any, parent: Watched, is_muted: bool, above: frozenset[int]) -> Any:  # noqa: FBT001
    """A watched copy of a dict, list or tuple, in `parent`; anything else is kept as it is. `above`: ids of what holds it."""
    from oet.harness.logging_dict import LoggingDict
    from oet.harness.logging_list import LoggingList, LoggingTuple

    if not isinstance(value, (dict, list, tuple)) or hasattr(value, "_fields"):  # a namedtuple would lose its names
        return value
    if id(value) in above:
        raise ScriptHarnessException("a configuration that contains itself cannot be kept; break the cycle.")
    above |= {id(value)}
    if isinstance(value, dict):
        mapping = LoggingDict.__new__(LoggingDict)
        mapping._settle(parent._watch, parent, is_muted)
        for key, item in value.items():
            muted = is_muted or is_hidden(key, parent._watch.hidden)
            dict.__setitem__(mapping, key, wrap(item, mapping, muted, above))
        return mapping
    if isinstance(value, list):
        sequence = LoggingList()
        sequence._settle(parent._watch, parent, is_muted)
        list.extend(sequence, [wrap(item, sequence, is_muted, above) for item in value])
        return sequence
    fixed = LoggingTuple(wrap(item, parent, is_muted, above) for item in value)
    fixed._settle(parent._watch, parent, is_muted)
    for item in fixed:
        if isinstance(item, Watched):
            item._parent = fixed
    return fixed


def _quoted(key: Any) -> str:
    if not isinstance(key, str):
        return str(key)
    for quote in _QUOTES:
        # A key that ends with the quote's character would run into the closing one.
        if quote not in key and not (len(quote) > 1 and key.endswith(quote[0])):
            return f"{quote}{key}{quote}"
    return repr(key)
