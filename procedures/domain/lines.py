"""Lines of output: made of frames that may end anywhere, searched without their terminal colours.

A line is what the page shows as one: it has one stream, and ends with a newline or where the other stream begins. Its number is
that of the newlines before it, plus one; `static/js/lines.js` counts the same.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from oet.output import Frame

MAX_LINE_BYTES = 1 << 16
"""A line that goes on for longer is searched in pieces of this size, which have the same number."""
_SEQUENCES = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)?|[@-Z\\^_])")
_TRACEBACK = b"Traceback (most recent call last):"
_ERRORS = re.compile(rb"ERROR|CRITICAL|FATAL|" + re.escape(_TRACEBACK))
_ERROR_BEGINNINGS = (b"ERROR", b"CRITICAL", b"FATAL", _TRACEBACK)
_WORD = re.compile(rb"\w")


@dataclass(frozen=True)
class Block:
    """Lines of one stream that follow each other. `offset` bytes and `line` newlines come before it; it began at `time` (Unix)."""

    stream: int
    offset: int
    line: int
    time: float
    text: bytes


@dataclass(frozen=True)
class Hit:
    """A line that was looked for."""

    stream: int
    offset: int
    line: int
    """Its number, from 1."""
    time: float
    text: bytes


class LineAssembler:
    """Takes frames in their order; gives blocks of whole lines."""

    def __init__(self) -> None:
        self._begun: Frame | None = None
        """The frame in which the open line begins, cut to it."""
        self._text = bytearray()

    def take(self, frame: Frame) -> list[Block]:
        """The blocks that a frame completes."""
        blocks = [] if self._goes_on_in(frame) else self.finish()
        text, end = frame.text, 0
        if self._begun is not None:
            end = text.find(b"\n") + 1 or len(text)
            self._text += text[:end]
            if self._text.endswith(b"\n") or len(self._text) > MAX_LINE_BYTES:
                blocks += self.finish()
        whole = max(end, text.rfind(b"\n") + 1)
        if whole > end:
            line = frame.line + text.count(b"\n", 0, end)
            blocks.append(Block(frame.stream, frame.offset + end, line, frame.time, text[end:whole]))
        if whole < len(text):
            line = frame.line + text.count(b"\n", 0, whole)
            self._begun = frame._replace(offset=frame.offset + whole, line=line, text=b"")
            self._text = bytearray(text[whole:])
        return blocks

    def finish(self) -> list[Block]:
        """What is left: a line that has not ended yet."""
        begun, self._begun = self._begun, None
        if begun is None:
            return []
        return [Block(begun.stream, begun.offset, begun.line, begun.time, bytes(self._text))]

    @property
    def is_within_line(self) -> bool:
        """Whether the last frame ended in the middle of a line."""
        return self._begun is not None

    def open_offset(self, otherwise: int) -> int:
        """Where the line begins that has not ended yet."""
        return self._begun.offset if self._begun is not None else otherwise

    def _goes_on_in(self, frame: Frame) -> bool:
        begun = self._begun
        return begun is None or (begun.stream == frame.stream and begun.offset + len(self._text) == frame.offset)


def plain(text: bytes) -> bytes:
    """Text without the control sequences of terminals; its lines stay where they are."""
    return _SEQUENCES.sub(b"", text) if b"\x1b" in text else text


Finder = Callable[[Block], Iterator[Hit]]
"""Finds the lines of a block that are wanted, each once, in their order."""


def text_finder(words: str) -> Finder:
    """Lines that contain `words`, whatever their case; every line where they are empty."""
    needle = words.casefold().encode()
    folded = _lowered if words.isascii() else _casefolded

    def find(block: Block) -> Iterator[Hit]:
        searched = folded(plain(block.text))
        return _hits(block, searched, lambda start: searched.find(needle, start))

    return find if needle else every_line


def error_finder() -> Finder:
    """Where errors begin: a line with the level ERROR, CRITICAL or FATAL, or a traceback that does not follow such a line at once."""
    last_line = -1

    def find(block: Block) -> Iterator[Hit]:
        nonlocal last_line
        text = plain(block.text)
        if not any(words in text for words in _ERROR_BEGINNINGS):
            return
        for hit in _hits(block, text, lambda start: _error_position(text, start)):
            follows = hit.line == last_line + 1 and plain(hit.text).startswith(_TRACEBACK)
            last_line = hit.line
            if not follows:
                yield hit

    return find


def every_line(block: Block) -> Iterator[Hit]:
    """Every line of a block."""
    offset = block.offset
    parts = block.text.split(b"\n")
    for number, text in enumerate(parts, start=1):
        if text or number < len(parts):
            yield Hit(block.stream, offset, block.line + number, block.time, text)
        offset += len(text) + 1


def _hits(block: Block, searched: bytes, next_position: Callable[[int], int]) -> Iterator[Hit]:
    """The lines in which `next_position(start)` finds something; `searched` has the same lines as the block, but perhaps other bytes."""
    line = start = raw_start = 0
    while start < len(searched) and (position := next_position(start)) >= 0:
        skipped = searched.count(b"\n", start, position)
        line += skipped
        for _ in range(skipped):
            raw_start = block.text.index(b"\n", raw_start) + 1
        end, raw_end = _end_of_line(searched, position), _end_of_line(block.text, raw_start)
        yield Hit(
            block.stream, block.offset + raw_start, block.line + line + 1, block.time, block.text[raw_start:raw_end]
        )
        line, start, raw_start = line + 1, end + 1, raw_end + 1


def _end_of_line(text: bytes, position: int) -> int:
    end = text.find(b"\n", position)
    return end if end >= 0 else len(text)


def _lowered(text: bytes) -> bytes:
    return text.lower()


def _casefolded(text: bytes) -> bytes:
    return text.decode(errors="replace").casefold().encode()


def _error_position(text: bytes, start: int) -> int:
    """Where the next level or traceback stands as a word of its own; -1 if nowhere."""
    for found in _ERRORS.finditer(text, start):
        before, after = text[max(0, found.start() - 1) : found.start()], text[found.end() : found.end() + 1]
        if found[0] == _TRACEBACK or not (_WORD.match(before) or _WORD.match(after)):
            return found.start()
    return -1
