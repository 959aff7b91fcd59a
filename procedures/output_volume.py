"""How much a procedure printed when, from the chunks alone, whose text is not read.

Chunks are in order by offset, and so by time. Few of them are told one by one; of more, so many together that few parts are left; of
very many some hundred are looked at, spread evenly over the bytes. So it is quick however much was printed, and finest where
most was.
"""

import itertools
import math
from datetime import UTC, datetime
from typing import NamedTuple

from procedures.models import OutputChunk, Procedure

MOST_PARTS = 400
_MOST_CHUNKS = 4000


class Part(NamedTuple):
    """Bytes that were printed between two moments, Unix seconds."""

    begin: float
    end: float
    size: int


def volume_of(procedure: Procedure, since: datetime | None = None) -> list[Part]:
    """What the procedure printed, or what it printed `since` then, oldest first; at most MOST_PARTS."""
    first = _offset_at(procedure, since) if since else 0
    chunks = OutputChunk.objects.filter(procedure_id=procedure.pk, offset__gte=first).order_by("offset")
    found = list(chunks.values_list("offset", "size", "at")[: _MOST_CHUNKS + 1])
    if len(found) > _MOST_CHUNKS:
        return _sampled(procedure, first)
    return _together([Part(at.timestamp(), at.timestamp(), size) for _, size, at in found])


def _together(parts: list[Part]) -> list[Part]:
    """Neighbours as one where there are too many."""
    length = math.ceil(len(parts) / MOST_PARTS) or 1
    groups = [parts[n : n + length] for n in range(0, len(parts), length)]
    return [Part(group[0].begin, group[-1].end, sum(part.size for part in group)) for group in groups]


def _sampled(procedure: Procedure, first: int) -> list[Part]:
    chunks = OutputChunk.objects.filter(procedure_id=procedure.pk).order_by("offset").values_list("offset", "at")
    step = max(1, (procedure.output_bytes - first) // MOST_PARTS)
    points = {found for n in range(MOST_PARTS) if (found := chunks.filter(offset__gte=first + n * step).first())}
    last = (procedure.output_bytes, procedure.last_output_at or datetime.now(UTC))
    ordered = [*sorted(points), last]
    return [
        Part(at.timestamp(), max(at, until).timestamp(), end - offset)
        for (offset, at), (end, until) in itertools.pairwise(ordered)
    ]


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
