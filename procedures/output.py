"""Reading what a procedure printed, piece by piece: never more of it in memory than a few chunks."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import QuerySet

from oet.output import STDERR, STDOUT, Frame, decode_frames
from procedures.models import OutputChunk

STREAMS = {"stdout": STDOUT, "stderr": STDERR}
STREAM_NAMES = {number: name for name, number in STREAMS.items()}


@dataclass(frozen=True)
class Gap:
    """A part that was left out, because the script printed more than OET_OUTPUT_LIMIT or the disk was full."""

    offset: int
    line: int
    size_bytes: int
    lines: int

    def __str__(self) -> str:
        return f"[OET: {self.size_bytes} bytes ({self.lines} lines) of output were not kept]"


def read_output(procedure_id: int, offset: int = 0, stream: int | None = None) -> Iterator[Frame | Gap]:
    """Frames and gaps from byte `offset` of the text on, in order; of one stream only where it is named.

    One query a chunk. A frame that begins before `offset` is cut; a gap is told before the frame that follows it.
    """
    read_to, line = 0, 0
    for chunk in chunks_from(procedure_id, offset):
        for frame in frames_of(chunk):
            end = frame.offset + len(frame.text)
            if end > offset:
                begin = max(read_to, offset)
                if frame.offset > begin:
                    yield Gap(begin, line, frame.offset - begin, frame.line - line)
                if stream in (None, frame.stream):
                    yield cut(frame, offset)
            read_to, line = end, frame.line + frame.text.count(b"\n")


def tail_offset(procedure_id: int, lines: int, stream: int | None = None) -> int:
    """The offset at which the last `lines` lines (of one stream, where it is named) begin; reads from the end."""
    wanted = lines
    start = 0
    is_last = True
    rows = _chunks(procedure_id).order_by("-offset")
    for chunk in rows.iterator(chunk_size=1):
        for frame in reversed(frames_of(chunk)):
            if stream not in (None, frame.stream) or not frame.text:
                continue
            if is_last and frame.text.endswith(b"\n"):
                wanted += 1  # the newline at the very end ends the last line, it does not begin another
            is_last = False
            newlines = frame.text.count(b"\n")
            if newlines >= wanted:
                return frame.offset + _after_newline(frame.text, newlines - wanted)
            wanted -= newlines
            start = frame.offset
    return start


def end_of_output(procedure_id: int) -> int:
    """The offset behind the last byte that was kept."""
    last = _chunks(procedure_id).order_by("-offset").values_list("offset", "size").first()
    return sum(last) if last else 0


def line_offset(procedure_id: int, line: int) -> int:
    """The offset at which the line with this number (from 1) begins; where that was not kept, the one at which it goes on.

    Finds the chunk by halving: about thirty small queries, however much there is.
    """
    if line <= 1:
        return 0
    chunk = _chunk_with_newline(procedure_id, line - 1)
    if chunk is None:
        return 0
    for frame in frames_of(chunk):
        wanted = line - 2 - frame.line  # the newline before the line, counted within the frame
        if 0 <= wanted < frame.text.count(b"\n"):
            return frame.offset + _after_newline(frame.text, wanted)
    following = _chunks(procedure_id).filter(offset__gt=chunk.offset).order_by("offset").first()
    if chunk.first_line < line - 1 and (following is None or following.first_line >= line):
        return chunk.offset + chunk.size
    return following.offset if following is not None and chunk.first_line < line - 1 else chunk.offset


def chunks_from(procedure_id: int, offset: int) -> Iterator[OutputChunk]:
    """The chunks from the one that holds byte `offset` on; one query each."""
    chunks = _chunks(procedure_id)
    chunk = chunks.filter(offset__lte=offset).order_by("-offset").first() or chunks.order_by("offset").first()
    while chunk is not None:
        yield chunk
        chunk = chunks.filter(offset__gt=chunk.offset).order_by("offset").first()


def chunks_before(procedure_id: int, offset: int) -> Iterator[OutputChunk]:
    """The chunks that begin before byte `offset`, the latest first; one query each."""
    chunks = _chunks(procedure_id).order_by("-offset")
    chunk = chunks.filter(offset__lt=offset).first()
    while chunk is not None:
        yield chunk
        chunk = chunks.filter(offset__lt=chunk.offset).first()


def frames_of(chunk: OutputChunk) -> list[Frame]:
    """The frames of a chunk."""
    data = bytes(chunk.frames)
    frames, _ = decode_frames(zlib.decompress(data) if chunk.is_compressed else data, 0)
    return frames


def cut(frame: Frame, offset: int) -> Frame:
    """The frame from byte `offset` on."""
    missing = offset - frame.offset
    if missing <= 0:
        return frame
    gone = frame.text[:missing]
    return frame._replace(offset=offset, line=frame.line + gone.count(b"\n"), text=frame.text[missing:])


def _chunks(procedure_id: int) -> QuerySet[OutputChunk]:
    return OutputChunk.objects.filter(procedure_id=procedure_id)


def _chunk_with_newline(procedure_id: int, number: int) -> OutputChunk | None:
    """The last chunk before which there are fewer newlines than `number` (from 1); None if there is nothing at all."""
    chunks = _chunks(procedure_id)
    last = chunks.order_by("-offset").values_list("offset", flat=True).first()
    first = chunks.order_by("offset").values_list("offset", flat=True).first()
    if first is None or last is None:
        return None
    low, high = first, last
    while low < high:
        middle = (low + high + 1) // 2
        found = chunks.filter(offset__lte=middle).order_by("-offset").values_list("offset", "first_line").first()
        offset, lines_before = found or (first, 0)
        low, high = (middle, high) if lines_before < number else (low, offset - 1)
    return chunks.filter(offset__lte=low).order_by("-offset").first()


def _after_newline(text: bytes, number: int) -> int:
    """The index after the newline with this number, counted from 0."""
    index = -1
    for _ in range(number + 1):
        index = text.index(b"\n", index + 1)
    return index + 1
