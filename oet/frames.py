"""Frames of Python code with the source around them: where something was raised, or where a thread is.

A frame is a JSON object: `file`, `line`, `function`, `kind` (whose code it is: `script`, `library` or `oet`), `code` (lines of source
as [number, text], the frame's own among them; empty where the file cannot be read).
"""

from __future__ import annotations

import linecache
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import FrameType, TracebackType

    Frame = dict[str, Any]

SCRIPT, LIBRARY, OURS = "script", "library", "oet"
MAX_FRAMES = 40
LINES_BEFORE, LINES_AFTER = 3, 2
MAX_LINE_CHARACTERS = 200
MAX_CHAIN = 5
_HERE = f"{Path(__file__).resolve().parent}/"
_LIBRARIES = tuple(f"{sysconfig.get_path(name)}/" for name in ("stdlib", "platstdlib", "purelib", "platlib"))
_INSTALLED = ("/site-packages/", "/dist-packages/")


class Place(NamedTuple):
    """A line that is being carried out."""

    file: str
    line: int
    function: str
    globals: Mapping[str, Any]
    frame: FrameType | None = None
    """Where its variables are; only of a frame that is not running any more."""


def frames_of_stack(innermost: FrameType | None) -> list[Frame]:
    """The stack that ends in this frame, outermost first; of a very deep one the middle is left out."""
    places: list[Place] = []
    while innermost is not None:
        places.append(_place(innermost, innermost.f_lineno))
        innermost = innermost.f_back
    return _described(places[::-1])


def frames_of_coroutine(coroutine: Any) -> list[Frame]:
    """Where a coroutine waits, down to what it awaits."""
    places: list[Place] = []
    while coroutine is not None and len(places) < MAX_FRAMES:
        frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "gi_frame", None)
        if frame is not None:
            places.append(_place(frame, frame.f_lineno))
        coroutine = getattr(coroutine, "cr_await", None) or getattr(coroutine, "gi_yieldfrom", None)
    return _described(places)


def frames_of_traceback(trace: TracebackType | None) -> list[tuple[Frame, FrameType | None]]:
    """The way to where an exception was raised, outermost first; beside each the frame itself, none for those left out."""
    places = []
    while trace is not None:
        places.append(_place(trace.tb_frame, trace.tb_lineno)._replace(frame=trace.tb_frame))
        trace = trace.tb_next
    return [(_describe(place), place.frame) for place in _kept(places)]


def chain(error: BaseException) -> list[BaseException]:
    """An exception and what it came from, the last one first, as far as Python would print them."""
    found: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and len(found) < MAX_CHAIN and all(following is not known for known in found):
        found.append(following)
        cause, context = following.__cause__, following.__context__
        following = cause if cause is not None or following.__suppress_context__ else context
    return found


def kind_of(file: str) -> str:
    """Whose code a file is."""
    if file.startswith(_HERE):
        return OURS
    if file.startswith((*_LIBRARIES, "<frozen ")) or any(part in file for part in _INSTALLED):
        return LIBRARY
    return SCRIPT


def _place(frame: FrameType, line: int | None) -> Place:
    code = frame.f_code
    name = code.co_qualname if sys.version_info >= (3, 11) else code.co_name
    return Place(code.co_filename, line or 0, name[:MAX_LINE_CHARACTERS], frame.f_globals)


def _described(places: list[Place]) -> list[Frame]:
    return [_describe(place) for place in _kept(places)]


def _kept(places: list[Place]) -> list[Place]:
    """All of them, or the outermost and the innermost with a word on what is left out."""
    if len(places) <= MAX_FRAMES:
        return places
    half = MAX_FRAMES // 2
    return [*places[:half], Place("", 0, f"… {len(places) - 2 * half} frames …", {}), *places[-half:]]


def _describe(place: Place) -> Frame:
    kind = kind_of(place.file) if place.file else OURS
    code = _code(place) if kind == SCRIPT else _code(place, before=0, after=0)
    return {"file": place.file, "line": place.line, "function": place.function, "kind": kind, "code": code}


def _code(place: Place, *, before: int = LINES_BEFORE, after: int = LINES_AFTER) -> list[list[Any]]:
    try:
        lines = linecache.getlines(place.file, dict(place.globals))
    except Exception:  # noqa: BLE001 - runs the script's own import hooks; the source is an extra
        return []
    return numbered(lines, place.line, before=before, after=after)


def numbered(
    lines: Iterable[str], line: int, *, before: int = LINES_BEFORE, after: int = LINES_AFTER
) -> list[list[Any]]:
    """The lines around `line` (from 1), each with its number; empty where there is no such line."""
    around = [(number, text) for number, text in enumerate(lines, start=1) if line - before <= number <= line + after]
    if not any(number == line for number, _ in around):
        return []
    return [[number, text.rstrip("\n\r")[:MAX_LINE_CHARACTERS]] for number, text in around]
