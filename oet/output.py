"""What a script printed: frames in the files `output` (the head) and `output.<position>` (the latest tail).

A *position* counts the bytes of all frames before it, headers included, also of frames that are no longer kept.
"""

from __future__ import annotations

import os
import struct
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from oet import rundir

STDOUT, STDERR = 1, 2
TEXT_LIMIT_BYTES = 1 << 16
READ_LIMIT_BYTES = 1 << 20
_HEADER = struct.Struct("<dBIQQ")
_HEAD_SHARE, _SEGMENT_SHARE, _FULL_SEGMENTS = 2, 8, 4
_SMALLEST_LIMIT_BYTES = 8 * (TEXT_LIMIT_BYTES + _HEADER.size)


class Frame(NamedTuple):
    """A piece of output. `time` in seconds (Unix); `offset` bytes and `line` newlines of text came before it."""

    position: int
    time: float
    stream: int
    offset: int
    line: int
    text: bytes

    @property
    def end(self) -> int:
        """The position after this frame."""
        return self.position + _HEADER.size + len(self.text)


def encode_frame(frame: Frame) -> bytes:
    """The bytes of a frame in a file; its position is not among them."""
    return _HEADER.pack(frame.time, frame.stream, len(frame.text), frame.offset, frame.line) + frame.text


def decode_frames(data: bytes, position: int) -> tuple[list[Frame], bool]:
    """The complete frames at the beginning of `data`, which begins at `position`; False if what follows is no frame."""
    frames: list[Frame] = []
    start = 0
    while start + _HEADER.size <= len(data):
        time, stream, length, offset, line = _HEADER.unpack_from(data, start)
        if stream not in {STDOUT, STDERR} or length > TEXT_LIMIT_BYTES:
            return frames, False
        end = start + _HEADER.size + length
        if end > len(data):
            break
        frames.append(Frame(position + start, time, stream, offset, line, data[end - length : end]))
        start = end
    return frames, True


class OutputWriter:
    """Writes the output of one script, with bounded use of the disk; never fails for a full disk or a missing folder.

    A frame that cannot be written takes no position; `bytes` and `lines` count it, so the gap is seen in the next frame.
    """

    def __init__(self, directory: str | os.PathLike[str], limit_bytes: int) -> None:
        limit = max(limit_bytes, _SMALLEST_LIMIT_BYTES)
        self.position = 0
        self.bytes = 0
        self.lines = 0
        self.lost_bytes = 0
        self._directory = Path(directory)
        self._head_limit = limit // _HEAD_SHARE
        self._segment_limit = limit // _SEGMENT_SHARE
        self._tail: list[Path] = []
        self._descriptor = -1
        self._start = 0
        self._open(self._directory / rundir.OUTPUT)

    def write(self, stream: int, text: bytes, time: float) -> None:
        """Append what was read from a stream (at most TEXT_LIMIT_BYTES) at `time` (seconds, Unix)."""
        frame = Frame(self.position, time, stream, self.bytes, self.lines, text)
        self.bytes += len(text)
        self.lines += text.count(b"\n")
        if not self._append(encode_frame(frame)):
            self.lost_bytes += len(text)
            return
        self.position = frame.end
        if self.position - self._start >= (self._segment_limit if self._tail else self._head_limit):
            self._next_segment()

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _append(self, data: bytes) -> bool:
        if self._descriptor < 0:
            path = self._tail[-1] if self._tail else self._directory / rundir.OUTPUT
            if not self._open(path):
                return False
        try:
            written = os.write(self._descriptor, data)
        except OSError:
            return False
        if written < len(data):
            self._take_back()
            return False
        return True

    def _take_back(self) -> None:
        """Cut off what was written of a frame."""
        try:
            os.ftruncate(self._descriptor, self.position - self._start)
        except OSError:  # then the file ends in a torn frame, and the next one begins a file of its own
            self._next_segment()

    def _next_segment(self) -> None:
        self.close()
        if len(self._tail) > _FULL_SEGMENTS - 1:
            self._forget_oldest()
        self._start = self.position
        self._tail.append(self._directory / f"{rundir.OUTPUT}.{self.position}")
        self._open(self._tail[-1])

    def _forget_oldest(self) -> None:
        # The new segment makes five: four full ones and the one being written.
        while len(self._tail) > _FULL_SEGMENTS:
            with suppress(OSError):
                self._tail[0].unlink()
            del self._tail[0]

    def _open(self, path: Path) -> bool:
        try:
            self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            self._descriptor = -1
        return self._descriptor >= 0


def read_frames(
    directory: str | os.PathLike[str], position: int, max_bytes: int = READ_LIMIT_BYTES
) -> tuple[list[Frame], int]:
    """The complete frames from `position` on, and the position to go on from; call again until nothing new comes.

    At most about `max_bytes` are read, but at least one frame. A reader whose position is no longer kept goes on at the
    oldest segment that is; what it missed shows in the `offset` and `line` of the frames. Works while the files are written.
    """
    wanted = max(max_bytes, TEXT_LIMIT_BYTES + _HEADER.size)
    segments = _segments(Path(directory))
    for number, (start, path) in enumerate(segments):
        following = segments[number + 1][0] if number + 1 < len(segments) else None
        if following is not None and position >= following:
            continue
        position = max(position, start)
        frames = _read_segment(path, position - start, position, wanted)
        if frames:
            return frames, frames[-1].end
        if following is None:
            break
        position = following
    return [], position


def _segments(directory: Path) -> list[tuple[int, Path]]:
    """The files there are, with the position of their first frame, in order."""
    found = []
    with suppress(OSError):
        for path in directory.iterdir():
            stem, _, start = path.name.partition(".")
            if stem == rundir.OUTPUT and (start.isdigit() or path.name == rundir.OUTPUT):
                found.append((int(start or 0), path))
    return sorted(found)


def _read_segment(path: Path, offset: int, position: int, size: int) -> list[Frame]:
    try:
        descriptor = os.open(path, rundir.READING)
    except OSError:  # deleted since we listed: the next one is the oldest now
        return []
    try:
        data = os.pread(descriptor, size, offset)
    except OSError:  # no file of ours
        return []
    finally:
        os.close(descriptor)
    frames, _ = decode_frames(data, position)
    return frames
