"""What scripts print, as rows: pieces of at most about 256 KiB, compressed where that helps, bounded per script."""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from oet.output import Frame, encode_frame
from procedures.manager.texts import last_line
from procedures.models import OutputChunk
from procedures.recorder import Recording

OUTPUT_TOPIC = "procedure.output"
CHUNK_BYTES = 256 * 1024
_WORTH_COMPRESSING_BYTES = 256
_COMPRESSION_LEVEL = 1  # it costs a tenth of the best and saves nearly as much on text
_LAST_LINE_BYTES = 4096
_LAST_LINE_CHARACTERS = 300


@dataclass(frozen=True)
class Piece:
    """Frames that follow each other without a gap, ready to be stored."""

    offset: int
    first_line: int
    at: datetime
    size: int
    lines: int
    is_compressed: bool
    frames: bytes


@dataclass(frozen=True)
class NewOutput:
    """What was read of a script's output, and where to read on."""

    pieces: Sequence[Piece]
    position: int
    bytes: int
    """Bytes of text so far; likewise lines."""
    lines: int
    last_line: str
    at: datetime


def new_output(frames: Sequence[Frame], position: int) -> NewOutput | None:
    """Frames as they are stored, with the position to read on from; None if there are none. Compresses, so it takes a while."""
    if not frames:
        return None
    last = frames[-1]
    return NewOutput(
        pieces=[_piece(group) for group in _groups(frames)],
        position=position,
        bytes=last.offset + len(last.text),
        lines=last.line + last.text.count(b"\n"),
        last_line=last_line(_ending(frames), characters=_LAST_LINE_CHARACTERS),
        at=datetime.fromtimestamp(last.time, UTC),
    )


def write_output(record: Recording, procedure_id: int, output: NewOutput, limit_bytes: int) -> None:
    """Store pieces with the cursor behind them; of very much output the head and the latest tail are kept."""
    for piece in output.pieces:
        record.store_output(
            OutputChunk(
                procedure_id=procedure_id,
                offset=piece.offset,
                first_line=piece.first_line,
                at=piece.at,
                size=piece.size,
                lines=piece.lines,
                is_compressed=piece.is_compressed,
                frames=piece.frames,
            )
        )
    changes: dict[str, Any] = {
        "output_offset": output.position,
        "output_bytes": output.bytes,
        "output_lines": output.lines,
        "last_output_at": output.at,
    }
    if output.last_line:
        changes["last_line"] = output.last_line
    record.change(procedure_id, **changes)
    said = {"bytes": output.bytes, "lines": output.lines, "last_line": output.last_line, "at": output.at.timestamp()}
    record.announce(OUTPUT_TOPIC, said, procedure_id=procedure_id, at=output.at)
    if output.bytes > limit_bytes:
        _forget_middle(procedure_id, output.bytes, limit_bytes)


def _forget_middle(procedure_id: int, written_bytes: int, limit_bytes: int) -> None:
    """Delete what lies between the head and the tail, each half of the limit."""
    half = limit_bytes // 2
    OutputChunk.objects.filter(
        procedure_id=procedure_id, offset__gte=half, offset__lt=written_bytes - half - CHUNK_BYTES
    ).delete()


def _groups(frames: Iterable[Frame]) -> list[list[Frame]]:
    groups: list[list[Frame]] = []
    size = end = 0
    for frame in frames:
        if not groups or size + len(frame.text) > CHUNK_BYTES or frame.offset != end:
            groups.append([])
            size = 0
        groups[-1].append(frame)
        size += len(frame.text)
        end = frame.offset + len(frame.text)
    return groups


def _piece(frames: Sequence[Frame]) -> Piece:
    data = b"".join(map(encode_frame, frames))
    packed = zlib.compress(data, _COMPRESSION_LEVEL) if len(data) > _WORTH_COMPRESSING_BYTES else data
    is_smaller = len(packed) < len(data)
    first = frames[0]
    return Piece(
        offset=first.offset,
        first_line=first.line,
        at=datetime.fromtimestamp(first.time, UTC),
        size=sum(len(frame.text) for frame in frames),
        lines=sum(frame.text.count(b"\n") for frame in frames),
        is_compressed=is_smaller,
        frames=packed if is_smaller else data,
    )


def _ending(frames: Sequence[Frame]) -> bytes:
    ending = b""
    for frame in reversed(frames):
        ending = frame.text + ending
        if len(ending) >= _LAST_LINE_BYTES:
            break
    return ending[-_LAST_LINE_BYTES:]
