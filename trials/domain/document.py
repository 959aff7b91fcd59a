"""A document as plain values that remember their lines, and what was wrong with it as a document."""

import json
import math
from dataclasses import dataclass, field
from typing import Any

from procedures.domain.encodable import is_encodable
from trials.domain.errors import Code, Problem
from trials.domain.nodes import MAX_DOCUMENT_BYTES, Merge, Node, fatal
from trials.domain.readers import read_json, read_yaml

Path = tuple[str | int, ...]


@dataclass
class Document:
    """Plain values (maps, lists, strings, numbers, booleans, null), and what was wrong with them as a document."""

    root: Node
    value: Any = None
    problems: list[Problem] = field(default_factory=list)
    _indexes: dict[int, dict[Any, tuple[int, Node]]] = field(default_factory=dict)
    """Of maps in which something was looked up, by the identity of their nodes."""

    def line_of(self, path: Path) -> int:
        """The line of the value at `path`, or of the nearest thing around it that the document has."""
        node = self.root
        line = node.line
        for step in path:
            child = self._child(node, step)
            if child is None:
                break
            line, node = child
        return line

    def _child(self, node: Node, step: str | int) -> tuple[int, Node] | None:
        if node.kind == "list" and isinstance(step, int) and step < len(node.value):
            return node.value[step].line, node.value[step]
        if node.kind != "map":
            return None
        if id(node) not in self._indexes:
            self._indexes[id(node)] = _index(node)
        return self._indexes[id(node)].get(step)


def _index(node: Node) -> dict[Any, tuple[int, Node]]:
    """What a map has, by its keys as values and as text; of what is written twice the last."""
    found: dict[Any, tuple[int, Node]] = {}
    for key, child in node.value:
        if key.kind == "scalar":
            found[key.text] = found[key.value] = (key.line, child)
    return found


def read_document(text: str) -> Document:
    """The document; raises SpecError if it is too large or no YAML. Lesser faults are in its `problems`."""
    _refuse_unreadable(text)
    text = text.removeprefix("\ufeff")
    root = read_json(text) if text.lstrip()[:1] in {"{", "[", '"'} else None
    document = Document(root or read_yaml(text))
    document.value = _Plain(document).value(document.root, ())
    return document


def dotted(path: Path) -> str:
    """`path` as people read it."""
    return ".".join(map(str, path))


def _refuse_unreadable(text: str) -> None:
    if not is_encodable(text):
        raise fatal(Code.YAML_SYNTAX, "has half of a surrogate pair, which is no valid Unicode")
    size = len(text.encode())
    if size > MAX_DOCUMENT_BYTES:
        raise fatal(
            Code.TOO_LARGE,
            f"has {size} bytes; at most {MAX_DOCUMENT_BYTES} are allowed",
            hint="put long scripts into files",
        )


class _Plain:
    """Turns nodes into plain values, and notes keys written twice and values that JSON or the database cannot hold."""

    def __init__(self, document: Document) -> None:
        self._problems = document.problems
        self._done: dict[int, Any] = {}
        """What an alias refers to is converted, and complained about, once."""

    def value(self, node: Node, path: Path) -> Any:
        if node.kind == "scalar":
            self._check(node, path)
            return node.value
        if id(node) not in self._done:
            build = self._map if node.kind == "map" else self._list
            self._done[id(node)] = build(node, path)
        return self._done[id(node)]

    def _list(self, node: Node, path: Path) -> list[Any]:
        return [self.value(child, (*path, i)) for i, child in enumerate(node.value)]

    def _map(self, node: Node, path: Path) -> dict[str, Any]:
        plain: dict[str, Any] = {}
        lent: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for key_node, child in node.value:
            if isinstance(key_node.value, Merge):
                lent |= self._lent(child, path)
                continue
            key = self._key(key_node, path)
            if key in lines:
                message = f"{key[:60]!r} is written twice in one map, first on line {lines[key]}"
                self._note((*path, key), Code.DUPLICATE_KEY, message, key_node.line, "keep one of them")
            lines[key] = key_node.line
            plain[key] = self.value(child, (*path, key))
        return {**lent, **plain}

    def _lent(self, node: Node, path: Path) -> dict[str, Any]:
        """What `<<` brings; of several maps the earlier ones win, as YAML has it."""
        lent: dict[str, Any] = {}
        for source in reversed(node.value if node.kind == "list" else [node]):
            if source.kind == "map":
                lent |= self.value(source, path)
            else:
                self._note(
                    (*path, "<<"),
                    Code.TYPE_MISMATCH,
                    "<< takes a map or a list of maps",
                    source.line,
                    "such as <<: *defaults",
                )
        return lent

    def _key(self, node: Node, path: Path) -> str:
        if isinstance(node.value, str):
            self._check(node, path)
            return str(node.value)
        if isinstance(node.value, bool):
            return node.text  # `no` and `on` are good names of scripts, and no key is a truth
        if node.kind != "scalar":
            self._note(path, Code.TYPE_MISMATCH, f"has a {node.kind} as a key; keys are strings", node.line)
            return f"<{node.kind} on line {node.line}>"
        key = json.dumps(node.value)
        self._note(
            (*path, key),
            Code.TYPE_MISMATCH,
            f"the key {key} is not a string",
            node.line,
            f'quote it, as it is written: "{key}"',
        )
        return key

    def _check(self, node: Node, path: Path) -> None:
        if isinstance(node.value, float) and not math.isfinite(node.value):
            self._note(path, Code.INVALID_VALUE, "must be a finite number", node.line)
        elif isinstance(node.value, str) and "\0" in node.value:
            self._note(path, Code.INVALID_VALUE, "contains a NUL character", node.line, "leave it out")
        elif isinstance(node.value, str) and not is_encodable(node.value):
            self._note(path, Code.INVALID_VALUE, "has half of a surrogate pair, which is no valid Unicode", node.line)

    def _note(self, path: Path, code: Code, message: str, line: int, hint: str = "") -> None:
        if len(self._problems) < 1000:
            self._problems.append(Problem(dotted(path), code, message, hint, line))
