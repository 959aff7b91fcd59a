"""How much a procedure printed when: bytes in equal spans of time, from the chunks alone, whose text is not read.

Chunks are in order by offset and so by time. Few of them are looked at one by one; of very many some hundred, spread evenly over
the bytes, and what lies between two of them is spread evenly over the time between. So it is quick however much was printed.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from procedures.models import OutputChunk, Procedure

SPANS = 150
_MOST_CHUNKS = 4000
_SAMPLES = 300


@dataclass(frozen=True)
class Volume:
    """Bytes in each of `SPANS` spans from `begin` on, each `span_s` seconds long."""

    begin: datetime
    span_s: float
    sizes: Sequence[float]


@dataclass(frozen=True)
class _Part:
    """Bytes that were printed between two moments."""

    begin: float
    end: float
    size: int


def volume_of(procedure: Procedure, begin: datetime, end: datetime) -> Volume:
    """What the procedure printed between `begin` and `end`."""
    since = begin.timestamp()
    span_s = max((end - begin).total_seconds(), 0.001) / SPANS
    sizes = [0.0] * SPANS
    for part in _parts(procedure, _offset_at(procedure, begin)):
        _spread(part, since, span_s, sizes)
    return Volume(begin, span_s, sizes)


def _parts(procedure: Procedure, first: int) -> list[_Part]:
    """From the chunk at the offset `first` on."""
    chunks = OutputChunk.objects.filter(procedure_id=procedure.pk, offset__gte=first).order_by("offset")
    found = list(chunks.values_list("offset", "size", "at")[: _MOST_CHUNKS + 1])
    if len(found) > _MOST_CHUNKS:
        return _sampled(procedure, first)
    parts: list[_Part] = []
    end_before, at_before = first, procedure.created_at.timestamp()
    for offset, size, time in found:
        at = time.timestamp()
        if offset > end_before:
            parts.append(_Part(at_before, at, offset - end_before))  # it was not kept
        parts.append(_Part(at, at, size))
        end_before, at_before = offset + size, at
    return parts


def _sampled(procedure: Procedure, first: int) -> list[_Part]:
    chunks = OutputChunk.objects.filter(procedure_id=procedure.pk).order_by("offset").values_list("offset", "at")
    step = max(1, (procedure.output_bytes - first) // _SAMPLES)
    points = [found for n in range(_SAMPLES) if (found := chunks.filter(offset__gte=first + n * step).first())]
    points = sorted(set(points))
    last = (procedure.output_bytes, procedure.last_output_at or datetime.now(UTC))
    return [
        _Part(at.timestamp(), max(at, until).timestamp(), end - offset)
        for (offset, at), (end, until) in zip(points, [*points[1:], last], strict=True)
    ]


def _spread(part: _Part, begin: float, span_s: float, sizes: list[float]) -> None:
    """Add a part to the spans that it lies in; what lies before the first or after the last is left out."""
    first, last = (math.floor((at - begin) / span_s) for at in (part.begin, part.end))
    share = part.size / (last - first + 1)
    for number in range(max(first, 0), min(last, SPANS - 1) + 1):
        sizes[number] += share


def _offset_at(procedure: Procedure, at: datetime) -> int:
    """The offset of the first chunk that is not before `at`, found by halving; the end where all are before."""
    chunks = OutputChunk.objects.filter(procedure_id=procedure.pk).order_by("-offset").values_list("offset", "at")
    low, high = 0, procedure.output_bytes
    while low < high:
        middle = (low + high) // 2
        found = chunks.filter(offset__lte=middle).first()
        if found and found[1] >= at:
            high = found[0]
        else:
            low = middle + 1
    return low
