"""The beginning and the end of what a procedure printed; the whole of it is what the REST interface is for."""

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from oet.output import STDERR, Frame, decode_frames
from procedures.models import OutputChunk, Procedure

HEAD_BYTES = 8_000
TAIL_BYTES = 24_000
_MAX_CHUNKS = 200
"""Chunks read at either end; a procedure that prints word by word may have small ones."""


@dataclass(frozen=True)
class Piece:
    """Text of one stream."""

    text: str
    is_error: bool


@dataclass(frozen=True)
class ShownOutput:
    """What a page shows of an output."""

    head: list[Piece]
    tail: list[Piece]
    """Empty where the head is all."""
    omitted_bytes: int
    """Between the two."""


def shown_output(procedure: Procedure) -> ShownOutput:
    """Head and tail of what is stored, however long it is."""
    chunks = OutputChunk.objects.filter(procedure=procedure)
    first = chunks.order_by("offset")[:_MAX_CHUNKS]
    head, head_end = _head(_frames(first.iterator(chunk_size=4)))
    tail, tail_start = _tail(chunks.order_by("-offset")[:_MAX_CHUNKS].iterator(chunk_size=4), head_end)
    return ShownOutput(head, tail, max(0, tail_start - head_end) if tail else max(0, procedure.output_bytes - head_end))


def _head(frames: Iterable[Frame]) -> tuple[list[Piece], int]:
    """The first HEAD_BYTES, and the offset after them."""
    pieces: list[tuple[bytes, int]] = []
    room, end = HEAD_BYTES, 0
    for frame in frames:
        if pieces and frame.offset != end:
            break  # a gap: what follows it belongs to the tail
        text = frame.text[:room]
        pieces.append((text, frame.stream))
        room -= len(text)
        end = frame.offset + len(text)
        if not room:
            break
    return _pieces(pieces), end


def _tail(chunks: Iterable[OutputChunk], head_end: int) -> tuple[list[Piece], int]:
    """The last TAIL_BYTES that are not in the head, and the offset where they begin."""
    pieces: list[tuple[bytes, int]] = []
    room, start = TAIL_BYTES, 0
    for chunk in chunks:
        for frame in reversed(list(_frames([chunk]))):
            skipped = max(head_end - frame.offset, len(frame.text) - room, 0)
            text = frame.text[skipped:]
            if not text:
                return _pieces(pieces[::-1]), start
            pieces.append((text, frame.stream))
            room -= len(text)
            start = frame.offset + skipped
    return _pieces(pieces[::-1]), start


def _frames(chunks: Iterable[OutputChunk]) -> Iterator[Frame]:
    for chunk in chunks:
        data = zlib.decompress(chunk.frames) if chunk.is_compressed else bytes(chunk.frames)
        yield from decode_frames(data, 0)[0]


def _pieces(parts: Iterable[tuple[bytes, int]]) -> list[Piece]:
    """Text of one stream after the other; what was cut in the middle of a character shows as a replacement character."""
    joined: list[tuple[bytes, int]] = []
    for text, stream in parts:
        if joined and joined[-1][1] == stream:
            joined[-1] = (joined[-1][0] + text, stream)
        else:
            joined.append((text, stream))
    return [
        Piece(text.decode(errors="replace").replace("\0", "\N{SYMBOL FOR NULL}"), stream == STDERR)
        for text, stream in joined
    ]
