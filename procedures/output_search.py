"""Searching what a procedure printed: forwards or backwards, so much text at a time, never more than a few chunks of it in memory."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from procedures.domain.lines import Block, Finder, Hit, LineAssembler
from procedures.models import OutputChunk
from procedures.output import chunks_before, chunks_from, cut, frames_of

SCAN_BYTES = 16 << 20
"""Text that is searched for one answer: about a tenth of a second on an idle machine."""
SCAN_CHUNKS = 4000


@dataclass(frozen=True)
class Search:
    """What is looked for."""

    find: Finder
    stream: int | None = None
    after_line: int | None = None
    """Only lines after this one."""
    before_line: int | None = None
    """Only lines before this one."""
    limit: int = 1
    """At most so many hits are brought; forwards, the others are counted."""

    def is_wanted(self, line: int) -> bool:
        """Whether a line is looked at."""
        return (self.after_line is None or line > self.after_line) and (
            self.before_line is None or line < self.before_line
        )


@dataclass(frozen=True)
class Found:
    """What one answer brings."""

    hits: list[Hit]
    count: int
    next_offset: int
    """Where to go on."""
    is_complete: bool
    """Everything there is in this direction was searched."""


def search_forward(procedure_id: int, search: Search, offset: int = 0, *, is_counting: bool = False) -> Found:
    """The next hits from byte `offset` on, which begins a line; where `is_counting`, all others are counted too."""
    hits: list[Hit] = []
    count = size = 0
    end = offset
    assembler = LineAssembler()
    for number, chunk in enumerate(chunks_from(procedure_id, offset)):
        if size >= SCAN_BYTES or number >= SCAN_CHUNKS:
            return Found(hits, count, assembler.open_offset(chunk.offset), is_complete=False)
        for hit in _hits(search, _blocks(chunk, assembler, offset)):
            if len(hits) == search.limit and not is_counting:
                return Found(hits, count, hit.offset, is_complete=False)
            hits += [hit] if len(hits) < search.limit else []
            count += 1
        size += chunk.size
        end = max(end, chunk.offset + chunk.size)
    going_on = assembler.open_offset(end)
    last = list(_hits(search, assembler.finish()))
    hits += last[: search.limit - len(hits)]
    return Found(hits, count + len(last), going_on, is_complete=True)


def search_back(procedure_id: int, search: Search, offset: int) -> Found:
    """The last hits before byte `offset`, in their order. A line is seen from each chunk it touches, so `offset` may lie within one."""
    size = 0
    following: OutputChunk | None = None
    for number, chunk in enumerate(chunks_before(procedure_id, offset)):
        if size >= SCAN_BYTES or number >= SCAN_CHUNKS:
            return Found([], 0, chunk.offset + chunk.size, is_complete=False)
        hits = list(_hits(search, _whole_lines(chunk, following)))[-search.limit :]
        if hits:
            return Found(hits, len(hits), hits[0].offset, is_complete=False)
        size += chunk.size
        following = chunk
    return Found([], 0, 0, is_complete=True)


def _hits(search: Search, blocks: Iterable[Block]) -> Iterator[Hit]:
    for block in blocks:
        if search.stream in (None, block.stream):
            for hit in search.find(block):
                if search.is_wanted(hit.line):
                    yield hit


def _blocks(chunk: OutputChunk, assembler: LineAssembler, offset: int) -> Iterator[Block]:
    for frame in frames_of(chunk):
        if frame.offset + len(frame.text) > offset:
            yield from assembler.take(cut(frame, offset))


def _whole_lines(chunk: OutputChunk, following: OutputChunk | None) -> Iterator[Block]:
    """The lines that begin in a chunk; the last one goes on in the following chunk."""
    assembler = LineAssembler()
    for frame in frames_of(chunk):
        yield from assembler.take(frame)
    if assembler.is_within_line and following is not None:
        frame = frames_of(following)[0]
        end = frame.text.find(b"\n") + 1
        if end:
            yield from assembler.take(frame._replace(text=frame.text[:end]))
    yield from assembler.finish()
