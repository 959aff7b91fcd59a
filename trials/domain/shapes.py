"""The kinds of values a document is made of: each can check a value, find what it lacks, and describe itself as JSON Schema.

Null is legal everywhere: it deletes what was inherited and is otherwise as if the key were absent. What a map must have is
therefore looked for only after inheritance (`require`), everything else where it was written (`check`).
"""

import json
import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from procedures.domain.durations import EXAMPLE, parse_duration
from trials.domain.document import Path
from trials.domain.errors import Code
from trials.domain.report import Report

Schema = dict[str, Any]

MAX_NUMBER = 1e9
"""Of anything whose sum is compared: no share of a node needs more."""


class Shape(ABC):
    """What a value must look like."""

    def check(self, value: Any, path: Path, report: Report) -> None:
        """Note every fault of `value`, which is not null and stands at `path`."""
        self._check(value, path, report)

    def require(self, value: Any, path: Path, report: Report) -> None:
        """Note what `value`, after inheritance, lacks."""
        self._require(value, path, report)

    def schema(self) -> Schema:
        """The shape as JSON Schema, null not included."""
        return self._schema()

    @abstractmethod
    def _check(self, value: Any, path: Path, report: Report) -> None: ...

    def _require(self, value: Any, path: Path, report: Report) -> None:
        """A value without parts of its own lacks nothing."""
        return

    @abstractmethod
    def _schema(self) -> Schema: ...


def mismatch(value: Any, wanted: str, path: Path, report: Report, hint: str = "") -> None:
    """Note that `value` is of another type than `wanted`."""
    report.add(path, Code.TYPE_MISMATCH, f"must be {wanted}, not {described(value)}", hint)


def described(value: Any) -> str:
    """What `value` is, in words."""
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, int | float):
        return f"the number {str(value)[:40] if abs(value) < 1e40 else 'it is'}"
    if isinstance(value, str):
        return f"the string {value[:40]!r}"
    return "a map" if isinstance(value, Mapping) else "a list"


@dataclass(frozen=True)
class Text(Shape):
    """A string. `fault` says what is wrong with one, if that is not only its type."""

    fault: Callable[[str], str] | None = None
    most_bytes: int | None = None
    keywords: Mapping[str, Any] = field(default_factory=dict)
    """What JSON Schema can say of it beyond its type."""

    def _check(self, value: Any, path: Path, report: Report) -> None:
        if not isinstance(value, str):
            mismatch(value, "a string", path, report, _quoted(value))
        elif self.most_bytes and (size := len(value.encode(errors="replace"))) > self.most_bytes:
            hint = "put it into a file"
            report.add(path, Code.TOO_LARGE, f"has {size} bytes; at most {self.most_bytes} are allowed", hint)
        elif self.fault and (fault := self.fault(value)):
            report.add(path, Code.INVALID_VALUE, fault)

    def _schema(self) -> Schema:
        return {"type": "string", **self.keywords}


def _quoted(value: Any) -> str:
    """How to write a number or a truth as text."""
    if isinstance(value, bool):
        return 'quote it, as in "yes"'
    return f'quote it: "{value}"' if isinstance(value, int | float) and abs(value) < 1e40 else ""


@dataclass(frozen=True)
class Flag(Shape):
    """True or false."""

    def _check(self, value: Any, path: Path, report: Report) -> None:
        if not isinstance(value, bool):
            mismatch(value, "true or false", path, report)

    def _schema(self) -> Schema:
        return {"type": "boolean"}


@dataclass(frozen=True)
class Whole(Shape):
    """A whole number within bounds, both included."""

    least: int
    most: int

    def _check(self, value: Any, path: Path, report: Report) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            mismatch(value, "a whole number", path, report)
        elif not self.least <= value <= self.most:
            report.add(path, Code.INVALID_VALUE, f"must be from {self.least} to {self.most}, not {described(value)}")

    def _schema(self) -> Schema:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


@dataclass(frozen=True)
class Positive(Shape):
    """A number above 0."""

    def _check(self, value: Any, path: Path, report: Report) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            mismatch(value, "a number", path, report)
        elif not 0 < value < MAX_NUMBER and math.isfinite(value):
            report.add(path, Code.INVALID_VALUE, f"must be above 0 and below {MAX_NUMBER:g}, not {described(value)}")

    def _schema(self) -> Schema:
        return {"type": "number", "exclusiveMinimum": 0}


@dataclass(frozen=True)
class Word(Shape):
    """One of a few words."""

    words: tuple[str, ...]
    what: str
    code: Code = Code.INVALID_VALUE

    def _check(self, value: Any, path: Path, report: Report) -> None:
        if not isinstance(value, str):
            mismatch(value, "a string", path, report, f"one of: {', '.join(self.words)}")
        elif value not in self.words:
            report.add_word(path, self.code, value, self.words, self.what)

    def _schema(self) -> Schema:
        return {"enum": list(self.words)}


@dataclass(frozen=True)
class Duration(Shape):
    """A time span in words."""

    def _check(self, value: Any, path: Path, report: Report) -> None:
        if not isinstance(value, str):
            mismatch(value, "a duration in words", path, report, f"write it {EXAMPLE}")
            return
        try:
            parse_duration(value)
        except ValueError as fault:
            report.add(path, Code.INVALID_DURATION, str(fault).rstrip("."), f"write it {EXAMPLE}")

    def _schema(self) -> Schema:
        return {"type": "string", "examples": ["3 minutes", "1 hour, 30 minutes"]}


@dataclass(frozen=True)
class Json(Shape):
    """Any list, or any map, of JSON values."""

    type_: type
    wanted: str

    def _check(self, value: Any, path: Path, report: Report) -> None:
        if not isinstance(value, self.type_):
            mismatch(value, self.wanted, path, report)

    def _schema(self) -> Schema:
        return {"type": "array" if self.type_ is list else "object"}


@dataclass(frozen=True)
class ListOf(Shape):
    """A list of values of one shape."""

    item: Shape

    def _check(self, value: Any, path: Path, report: Report) -> None:
        if not isinstance(value, list):
            hint = f"write [{value}]" if isinstance(value, str) and len(value) <= 40 else ""
            mismatch(value, "a list", path, report, hint)
            return
        for i, item in enumerate(value):
            self.item.check(item, (*path, i), report)

    def _schema(self) -> Schema:
        return {"type": "array", "items": self.item.schema()}


@dataclass(frozen=True)
class MapOf(Shape):
    """A map whose values all have one shape; `key_fault` says what is wrong with a key."""

    value: Shape
    key_fault: Callable[[str], str] | None = None
    key_pattern: str = ""

    def _check(self, value: Any, path: Path, report: Report) -> None:
        if not isinstance(value, Mapping):
            mismatch(value, "a map", path, report)
            return
        for key, child in value.items():
            if self.key_fault and (fault := self.key_fault(key)):
                report.add((*path, key), Code.INVALID_VALUE, fault)
            if child is not None:
                self.value.check(child, (*path, key), report)

    def _require(self, value: Any, path: Path, report: Report) -> None:
        for key, child in value.items() if isinstance(value, Mapping) else ():
            if child is not None:
                self.value.require(child, (*path, key), report)

    def _schema(self) -> Schema:
        names = {"propertyNames": {"pattern": self.key_pattern}} if self.key_pattern else {}
        return {"type": "object", "additionalProperties": nullable(self.value.schema()), **names}


@dataclass(frozen=True)
class Key:
    """One key of a record."""

    shape: Shape
    description: str
    default: Any = None
    is_required: bool = False


@dataclass(frozen=True)
class Record(Shape):
    """A map with known keys. `elsewhere` has the hints for keys that are legal, but in another map."""

    title: str
    keys: Mapping[str, Key]
    elsewhere: Mapping[str, str] = field(default_factory=dict)

    def _check(self, value: Any, path: Path, report: Report) -> None:
        if not isinstance(value, Mapping):
            mismatch(value, "a map", path, report)
            return
        for key, child in value.items():
            if key not in self.keys:
                report.add_unknown(path, key, self.keys, self.elsewhere.get(key, ""))
            elif child is not None:
                self.keys[key].shape.check(child, (*path, key), report)

    def _require(self, value: Any, path: Path, report: Report) -> None:
        if not isinstance(value, Mapping):
            return
        for name, key in self.keys.items():
            child = value.get(name)
            if child is not None:
                key.shape.require(child, (*path, name), report)
            elif key.is_required:
                report.add((*path, name), Code.REQUIRED, f"'{name}' is required: {key.description}")

    def _schema(self) -> Schema:
        return {"$ref": f"#/$defs/{self.title}"}

    def definition(self) -> Schema:
        """The record's own entry among the definitions of the schema."""
        properties = {}
        for name, key in self.keys.items():
            default = {} if key.default is None else {"default": key.default}
            properties[name] = {**nullable(key.shape.schema()), "description": key.description, **default}
        return {"type": "object", "properties": properties, "additionalProperties": False}


@dataclass(frozen=True)
class Either(Shape):
    """A short form, or the long one; what is not of the short form's type is held to be the long one."""

    short_type: type
    short: Shape
    long: Shape

    def _check(self, value: Any, path: Path, report: Report) -> None:
        (self.short if isinstance(value, self.short_type) else self.long).check(value, path, report)

    def _require(self, value: Any, path: Path, report: Report) -> None:
        (self.short if isinstance(value, self.short_type) else self.long).require(value, path, report)

    def _schema(self) -> Schema:
        return {"anyOf": [self.short.schema(), self.long.schema()]}


def nullable(schema: Schema) -> Schema:
    """The schema, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def name_fault(what: str, pattern: str) -> Callable[[str], str]:
    """What is wrong with a name of `what` that does not match `pattern`."""
    compiled = re.compile(pattern)
    return lambda name: "" if compiled.fullmatch(name) else f"{name[:60]!r} is no name of {what}; they match {pattern}"
