"""What a function's docstring says about its arguments: Google's `Args:`, Sphinx's `:param name:` and NumPy's `Parameters`."""

import re
from collections.abc import Sequence
from typing import NamedTuple

_SPHINX = re.compile(r"^\s*:(?:param|parameter|arg)\s+(?:[^:]*\s)?\*{0,2}(\w+)\s*:\s*(.*)$")
_SPHINX_FIELD = re.compile(r"^\s*:\w+[^:]*:")
_GOOGLE_HEAD = re.compile(r"^(Args|Arguments|Parameters):\s*$")
_GOOGLE = re.compile(r"^\s+\*{0,2}(\w+)\s*(?:\([^)]*\))?:\s*(.*)$")
_NUMPY = re.compile(r"^\*{0,2}(\w+)\s*(?::.*)?$")
_SECTION = re.compile(r"^\w[\w ]*:\s*$")


class Described(NamedTuple):
    """A docstring taken apart."""

    summary: str
    """What stands before the arguments."""
    arguments: dict[str, str]
    """One line for each that is explained."""


def describe(doc: str) -> Described:
    """The docstring's own words, and what it says of each argument."""
    lines = doc.expandtabs().splitlines()
    for number, line in enumerate(lines):
        if _SPHINX.match(line):
            return Described(_text(lines[:number]), _sphinx(lines[number:]))
        if _GOOGLE_HEAD.match(line):
            return Described(_text(lines[:number]), _google(lines[number + 1 :]))
        if line.strip() == "Parameters" and set("".join(lines[number + 1 : number + 2]).strip()) == {"-"}:
            return Described(_text(lines[:number]), _numpy(lines[number + 2 :]))
    return Described(doc.strip(), {})


def _text(lines: Sequence[str]) -> str:
    return "\n".join(lines).strip()


def _sphinx(lines: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    name = ""
    for line in lines:
        if match := _SPHINX.match(line):
            name = match[1]
            found[name] = match[2].strip()
        elif _SPHINX_FIELD.match(line) or not line.strip():
            name = ""
        elif name:
            found[name] = f"{found[name]} {line.strip()}".strip()
    return found


def _google(lines: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    name, indent = "", -1
    for line in lines:
        if _SECTION.match(line):
            break
        depth = len(line) - len(line.lstrip())
        match = _GOOGLE.match(line)
        if match and (indent < 0 or depth <= indent):
            name, indent = match[1], depth
            found[name] = match[2].strip()
        elif name and line.strip():
            found[name] = f"{found[name]} {line.strip()}".strip()
    return found


def _numpy(lines: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    name = ""
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if following.strip() and set(following.strip()) == {"-"}:
            break
        if line[:1].strip():
            name = match[1] if (match := _NUMPY.match(line)) else ""
            if name:
                found[name] = ""
        elif name and line.strip():
            found[name] = f"{found[name]} {line.strip()}".strip()
    return {name: words for name, words in found.items() if words}
