"""The journal: what a script process says about itself, one JSON object a line, appended and never changed.

Topics and payloads: docs/run-directory.md.
"""

from __future__ import annotations

import errno
import json
import os
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

from oet import rundir

RECORD_LIMIT_BYTES = 1 << 20
READ_LIMIT_BYTES = 4 << 20
DAMAGED = "damaged"
"""Topic of a line that is no record: its payload is {"line": its first characters}, its `seq` 0."""


class RecordTooLarge(ValueError):
    """A record of more than RECORD_LIMIT_BYTES; nothing was written."""


class Record(NamedTuple):
    """One line of a journal; `time` is in seconds (Unix)."""

    seq: int
    time: float
    topic: str
    payload: Any


class JournalWriter:
    """Appends records to a journal; one write(2) each, so that no reader ever sees half of two. Threads may share it."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).absolute()
        self.size_bytes = 0
        self._lock = threading.Lock()
        self._seq = last_seq(self.path)
        self._open()

    def append(self, topic: str, payload: Any) -> int:
        """Write a record and return its seq. OSError where it cannot be written; then the file is as it was.

        TypeError or ValueError where the payload is not JSON (NaN is not), RecordTooLarge where there is too much of it.
        """
        with self._lock:
            record = {"seq": self._seq + 1, "time": time.time(), "topic": topic, "payload": payload}
            line = json.dumps(record, separators=(",", ":"), allow_nan=False).encode() + b"\n"
            if len(line) > RECORD_LIMIT_BYTES:
                raise RecordTooLarge(f"a record of {len(line)} bytes; {RECORD_LIMIT_BYTES} are allowed")
            self._write(line)
            self._seq += 1
            return self._seq

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def _open(self) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._descriptor = os.open(self.path, flags, 0o600)
        status = os.fstat(self._descriptor)
        self._identity = (status.st_dev, status.st_ino)
        self.size_bytes = status.st_size
        if status.st_size and _last_byte(self.path) != b"\n":  # a writer died in the middle of its last record
            self.size_bytes += os.write(self._descriptor, b"\n")

    def _write(self, line: bytes) -> None:
        if not self._is_ours():
            self._open()
        written = os.write(self._descriptor, line)
        if written < len(line):  # the disk is full: take the torn line back
            os.ftruncate(self._descriptor, self.size_bytes)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
        self.size_bytes += written

    def _is_ours(self) -> bool:
        """False where a script has closed our descriptor, and perhaps opened a file of its own under that number."""
        try:
            status = os.fstat(self._descriptor)
        except OSError:
            return False
        return (status.st_dev, status.st_ino) == self._identity


def read_records(
    source: str | os.PathLike[str] | int, offset: int, max_bytes: int = READ_LIMIT_BYTES
) -> tuple[list[Record], int]:
    """The complete records from byte `offset` on, and the offset to go on from; a last line without its end is not there yet.

    `source` is a path or an open descriptor (which is not moved). At most about `max_bytes` are read, so call again until
    nothing new comes. A missing file has no records. A line that is no record comes out under the topic DAMAGED. OSError where
    something else than a file is there, or one that may not be read.
    """
    if isinstance(source, int):
        data = _read_lines(source, offset, max_bytes)
    else:
        try:
            descriptor = os.open(source, rundir.READING)
        except FileNotFoundError:
            return [], offset
        try:
            data = _read_lines(descriptor, offset, max_bytes)
        finally:
            os.close(descriptor)
    end = data.rfind(b"\n") + 1
    if not end and len(data) >= RECORD_LIMIT_BYTES:  # no writer of ours made this
        end = len(data)
    return [_parse(line) for line in data[:end].split(b"\n") if line], offset + end


def _read_lines(descriptor: int, offset: int, max_bytes: int) -> bytes:
    """About `max_bytes`, or as much as a whole record may take where the first one is longer."""
    data = os.pread(descriptor, max_bytes, offset)
    if b"\n" not in data and len(data) == max_bytes < RECORD_LIMIT_BYTES:
        data = os.pread(descriptor, RECORD_LIMIT_BYTES, offset)
    return data


def last_seq(path: str | os.PathLike[str]) -> int:
    """The number of the last complete record in a journal; 0 where there is none."""
    seq, offset = 0, 0
    while True:
        records, following = read_records(path, offset)
        seq = max([seq, *(record.seq for record in records)])
        if following == offset:
            return seq
        offset = following


def _parse(line: bytes) -> Record:
    try:
        fields = json.loads(line)
        return Record(int(fields["seq"]), float(fields["time"]), str(fields["topic"]), fields["payload"])
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return Record(0, 0.0, DAMAGED, {"line": line[:200].decode(errors="replace")})


def _last_byte(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1)
