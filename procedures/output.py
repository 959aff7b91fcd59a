"""Reading what a procedure printed, piece by piece: never more of it in memory than a few chunks."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

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
    for chunk in _chunks(procedure_id, offset):
        for frame in _frames(chunk):
            end = frame.offset + len(frame.text)
            if end > offset:
                begin = max(read_to, offset)
                if frame.offset > begin:
                    yield Gap(begin, line, frame.offset - begin, frame.line - line)
                if stream in (None, frame.stream):
                    yield _cut(frame, offset)
            read_to, line = end, frame.line + frame.text.count(b"\n")


def tail_offset(procedure_id: int, lines: int, stream: int | None = None) -> int:
    """The offset at which the last `lines` lines (of one stream, where it is named) begin; reads from the end."""
    wanted = lines
    start = 0
    is_last = True
    rows = OutputChunk.objects.filter(procedure_id=procedure_id).order_by("-offset")
    for chunk in rows.iterator(chunk_size=1):
        for frame in reversed(_frames(chunk)):
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


def _chunks(procedure_id: int, offset: int) -> Iterator[OutputChunk]:
    chunks = OutputChunk.objects.filter(procedure_id=procedure_id)
    chunk = chunks.filter(offset__lte=offset).order_by("-offset").first() or chunks.order_by("offset").first()
    while chunk is not None:
        yield chunk
        chunk = chunks.filter(offset__gt=chunk.offset).order_by("offset").first()


def _frames(chunk: OutputChunk) -> list[Frame]:
    data = bytes(chunk.frames)
    frames, _ = decode_frames(zlib.decompress(data) if chunk.is_compressed else data, 0)
    return frames


def _cut(frame: Frame, offset: int) -> Frame:
    missing = offset - frame.offset
    if missing <= 0:
        return frame
    gone = frame.text[:missing]
    return frame._replace(offset=offset, line=frame.line + gone.count(b"\n"), text=frame.text[missing:])


def _after_newline(text: bytes, number: int) -> int:
    """The index after the newline with this number, counted from 0."""
    index = -1
    for _ in range(number + 1):
        index = text.index(b"\n", index + 1)
    return index + 1
