"""Build logs: written by the builder a few times a second, read live by pages from an offset on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from django.db import transaction

from environments import hooks
from environments.domain.urls import without_credentials
from environments.models import BuildLog, Environment

LIMIT_BYTES: Final = 1 << 20
"""Of each build the first half of this is kept, and the latest half."""
PIECE_BYTES: Final = 16 << 10
BUILDS_KEPT: Final = 3
"""Builds of one environment whose logs are kept."""


@dataclass(frozen=True)
class LogPart:
    """A part of a log. `next_offset` is where to read on; `missing_bytes` were dropped before it, for the log is too long."""

    build: int
    offset: int
    text: str
    next_offset: int
    missing_bytes: int


def read(environment_id: int, *, build: int | None = None, offset: int = 0, max_bytes: int = 256 << 10) -> LogPart:
    """The log of a build, the latest by default, from `offset` on; empty text where there is nothing yet.

    Parts begin where pieces do: an offset inside of one gets the rest of it.
    """
    if build is None:
        build = Environment.objects.values_list("build", flat=True).get(pk=environment_id)
    rows = BuildLog.objects.filter(environment_id=environment_id, build=build).order_by("offset")
    first = rows.filter(offset__lte=offset).order_by("-offset").first()
    start = first.offset if first and offset < first.offset + len(first.text.encode()) else offset
    pieces: list[str] = []
    position, missing, size = offset, 0, 0
    for row in rows.filter(offset__gte=start).iterator(chunk_size=32):
        encoded = row.text.encode()
        if row.offset > position and pieces:
            break  # a part never hides a gap in its middle
        missing += max(0, row.offset - position)
        text = encoded[max(0, position - row.offset) :]
        pieces.append(text.decode(errors="replace"))
        position = row.offset + len(encoded)
        size += len(text)
        if size >= max_bytes:
            break
    return LogPart(build, offset + missing, "".join(pieces), position, missing)


def tail(environment_id: int, lines: int = 20) -> str:
    """The last lines of the latest build."""
    environment = Environment.objects.only("build").get(pk=environment_id)
    rows = BuildLog.objects.filter(environment=environment, build=environment.build).order_by("-offset")[:4]
    text = "".join(row.text for row in reversed(rows))
    return "\n".join(text.splitlines()[-lines:])


class LogWriter:
    """Collects the lines of one build and stores them in pieces. Used by the builder alone."""

    def __init__(self, environment_id: int, build: int) -> None:
        self._environment_id = environment_id
        self._build = build
        self._waiting: list[str] = []
        self._offset = 0
        self._tail: list[tuple[int, int]] = []
        self._last_lines: list[str] = []

    def add(self, line: str) -> None:
        """Take a line, whatever it is about; `write` stores it, for everybody to read: without credentials."""
        # PostgreSQL stores no NUL.
        clean = without_credentials(line.replace("\0", "�"))
        self._waiting.append(clean + "\n")
        self._last_lines = [*self._last_lines[-19:], clean]

    @property
    def last_lines(self) -> str:
        """The end of the log, to be shown as the reason of a failure."""
        return "\n".join(self._last_lines)

    def write(self) -> None:
        """Store what has been collected, and tell the listeners; nothing happens where there is nothing."""
        if not self._waiting:
            return
        pieces = _pieces("".join(self._waiting).encode())
        with transaction.atomic():
            position = self._offset
            for piece in pieces:
                text = piece.decode(errors="replace")
                BuildLog.objects.create(
                    environment_id=self._environment_id,
                    build=self._build,
                    offset=position,
                    text=text,
                    at=datetime.now(UTC),
                )
                position += len(text.encode())
            Environment.objects.filter(pk=self._environment_id, build=self._build).update(log_bytes=position)
            tail = self._forget_middle([*self._tail, *_places(self._offset, pieces)])
            hooks.tell_log(hooks.LogGrew(self._environment_id, self._build, position))
        self._offset, self._tail, self._waiting = position, tail, []

    def _forget_middle(self, tail: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """Delete the oldest pieces of the second half beyond the limit; those that are left."""
        tail = [place for place in tail if place[0] >= LIMIT_BYTES // 2]
        kept = list(tail)
        while sum(size for _, size in kept) > LIMIT_BYTES // 2 and len(kept) > 1:
            kept.pop(0)
        if len(kept) < len(tail):
            BuildLog.objects.filter(
                environment_id=self._environment_id,
                build=self._build,
                offset__in=[o for o, _ in tail[: len(tail) - len(kept)]],
            ).delete()
        return kept


def forget_old_builds(environment_id: int, build: int) -> None:
    """Delete the logs of builds long past."""
    BuildLog.objects.filter(environment_id=environment_id, build__lte=build - BUILDS_KEPT).delete()


def _pieces(text: bytes) -> list[bytes]:
    """Cut into pieces at the ends of lines where there are any, never inside a character."""
    pieces = []
    while len(text) > PIECE_BYTES:
        cut = text.rfind(b"\n", 0, PIECE_BYTES) + 1 or PIECE_BYTES
        while cut < len(text) and text[cut] & 0xC0 == 0x80:
            cut += 1
        pieces.append(text[:cut])
        text = text[cut:]
    return [*pieces, text]


def _places(offset: int, pieces: Sequence[bytes]) -> list[tuple[int, int]]:
    places = []
    for piece in pieces:
        places.append((offset, len(piece)))
        offset += len(piece)
    return places
