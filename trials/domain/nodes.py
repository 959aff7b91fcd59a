"""A document as a tree of nodes that know their lines, put together within bounds.

The text comes from outside, so nothing recurses over it before its depth is known, and an alias costs what it stands for: a few
lines of nested aliases could otherwise describe more than any memory holds.
"""

from dataclasses import dataclass
from typing import Any, Final

from trials.domain.errors import Code, Problem, SpecError

MAX_DOCUMENT_BYTES: Final = 1024 * 1024
MAX_DEPTH: Final = 50
MAX_VALUES: Final = 150_000
"""Maps, lists, keys and scalars. The largest documents that make sense have fewer; each costs some microseconds to read."""


class Merge(str):
    """The key `<<`, unquoted: the maps that follow lend their keys."""

    __slots__ = ()


@dataclass(slots=True, eq=False)
class Node:
    """A value of the document. `value` is a scalar, a list of nodes, or, of a map, a list of pairs of nodes."""

    line: int
    value: Any = None
    text: str = ""
    """A YAML scalar as it is written."""
    kind: str = "scalar"
    height: int = 0
    """Levels of containers below and including this one."""
    size: int = 1
    """Values below and including this one."""
    cost: int | None = None
    """Characters it would have if its aliases were written out; None while it is still open."""


def fatal(code: Code, message: str, *, line: int | None = None, hint: str = "") -> SpecError:
    """An error after which the rest of the document cannot be read."""
    return SpecError([Problem("", code, message, hint, line)])


class Builder:
    """Puts nodes together, whichever reader finds them."""

    def __init__(self, characters: int) -> None:
        self.root: Node | None = None
        self._open: list[tuple[Node, int, int]] = []
        """Each open container, where it began, and what aliases had cost until then."""
        self._spare_keys: dict[int, Node] = {}
        self._characters = characters
        self._aliases = 0
        """Characters that the aliases stand for."""
        self._values = 0

    def open(self, node: Node, begin: int) -> None:
        """A map or list begins; raises SpecError if it lies too deep."""
        if len(self._open) >= MAX_DEPTH:
            raise fatal(Code.TOO_LARGE, f"is nested more than {MAX_DEPTH} levels deep", line=node.line)
        self._count(1, node.line)
        self._open.append((node, begin, self._aliases))

    def close(self, end: int) -> None:
        """The map or list opened last ends."""
        node, begin, aliases = self._open.pop()
        children = [child for pair in node.value for child in pair] if node.kind == "map" else node.value
        node.height = 1 + max((child.height for child in children), default=0)
        node.size = 1 + sum(child.size for child in children)
        node.cost = end - begin + self._aliases - aliases
        self._place(node)

    def add_alias(self, node: Node, line: int) -> None:
        """What an anchor stands for comes once more; raises SpecError if that is without end, or too much."""
        if node.cost is None:
            raise fatal(Code.YAML_SYNTAX, "an alias stands inside of what it refers to", line=line)
        self._aliases += node.cost
        if self._characters + self._aliases > MAX_DOCUMENT_BYTES:
            raise fatal(
                Code.TOO_LARGE, f"has more than {MAX_DOCUMENT_BYTES} bytes with its aliases written out", line=line
            )
        if len(self._open) + node.height > MAX_DEPTH:
            raise fatal(Code.TOO_LARGE, f"is nested more than {MAX_DEPTH} levels deep", line=line)
        self._count(node.size, line)
        self._place(node)

    def add(self, node: Node) -> None:
        """A scalar comes next."""
        self._count(1, node.line)
        self._place(node)

    def _count(self, values: int, line: int) -> None:
        self._values += values
        if self._values > MAX_VALUES:
            message = f"has more than {MAX_VALUES} values, counting what aliases stand for"
            raise fatal(Code.TOO_LARGE, message, line=line, hint="split the document")

    def _place(self, node: Node) -> None:
        """What is complete is an item, a key, or the value of the key before it."""
        if not self._open:
            self.root = node
            return
        parent = self._open[-1][0]
        if parent.kind == "list":
            parent.value.append(node)
        elif (key := self._spare_keys.pop(id(parent), None)) is None:
            self._spare_keys[id(parent)] = node
        else:
            parent.value.append((key, node))
