"""`procedures/{id}/output/`: what a procedure printed, as text or as frames with times."""

import codecs
from collections.abc import AsyncIterator, Iterator
from itertools import islice
from typing import Any

from channels.db import database_sync_to_async
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from oet.output import Frame
from procedures.models import Procedure
from procedures.output import STREAM_NAMES, STREAMS, Gap, line_offset, read_output, tail_offset
from procedures.rest import described
from procedures.rest.parsing import JSON
from procedures.rest.queries import MAX_ID, Query
from procedures.rest.view import View
from procedures.selectors import procedure_for

TEXT = "text/plain"
BLOCK_BYTES = 1 << 18
"""Up to this an answer is sent in one piece; what is longer is read and sent piece by piece."""
DEFAULT_FRAMES_BYTES = 1 << 18
MAX_FRAMES_BYTES = 1 << 20
MAX_FRAMES = 5000
MAX_TAIL_LINES = 100_000
_END = object()


class OutputView(View):
    """What a procedure printed."""

    media_types = (TEXT, JSON)

    @described.output
    def get(self, request: Request, procedure_id: str) -> HttpResponseBase:
        """The output, all of it or from `offset` (bytes) or a `line` on, `limit` bytes, the last `tail` lines, or one `stream`."""
        procedure = procedure_for(self.actor, int(procedure_id))
        query = Query(request.query_params, ("format", "offset", "limit", "stream", "tail", "line", "download"))
        form = query.choice("format", ("text", "frames"), "text")
        offset, line = query.number("offset"), query.number("line", lowest=1)
        tail = query.number("tail", lowest=1, highest=MAX_TAIL_LINES)
        if sum(place is not None for place in (offset, line, tail)) > 1:
            query.errors["tail" if tail is not None else "line"] = "cannot be given together with another beginning."
        limit = query.number("limit", lowest=1, highest=MAX_FRAMES_BYTES if form == "frames" else MAX_ID)
        stream = STREAMS.get(query.choice("stream", tuple(STREAMS)))
        is_download = query.flag("download")
        query.check()
        start = tail_offset(procedure.pk, tail, stream) if tail else offset or 0
        start = line_offset(procedure.pk, line) if line else start
        if form == "frames":
            return Response(_frames(procedure, start, limit or DEFAULT_FRAMES_BYTES, stream))
        answer = _text(procedure.pk, start, limit, stream)
        if is_download:
            answer["Content-Disposition"] = f'attachment; filename="procedure-{procedure.pk}-output.txt"'
        return answer


def _text(procedure_id: int, start: int, limit: int | None, stream: int | None) -> HttpResponseBase:
    """The bytes as the script wrote them, with a line in the place of what was not kept."""
    blocks = _blocks(_limited(read_output(procedure_id, start, stream), limit))
    first, second = next(blocks, b""), next(blocks, None)
    content_type = f"{TEXT}; charset=utf-8"
    if second is None:
        return HttpResponse(first, content_type=content_type)
    return StreamingHttpResponse(_streamed([first, second], blocks), content_type=content_type)


async def _streamed(first: list[bytes], rest: Iterator[bytes]) -> AsyncIterator[bytes]:
    for block in first:
        yield block
    read = database_sync_to_async(next, thread_sensitive=False)
    while (block := await read(rest, _END)) is not _END:
        yield block


def _blocks(parts: Iterator[Frame | Gap]) -> Iterator[bytes]:
    """The parts as text, gathered to blocks of about BLOCK_BYTES."""
    block = bytearray()
    for part in parts:
        block += part.text if isinstance(part, Frame) else f"\n{part}\n".encode()
        if len(block) >= BLOCK_BYTES:
            yield bytes(block)
            block.clear()
    if block:
        yield bytes(block)


def _limited(parts: Iterator[Frame | Gap], limit: int | None) -> Iterator[Frame | Gap]:
    """The parts up to `limit` bytes of text."""
    left = limit
    for part in parts:
        if left is None or isinstance(part, Gap):
            yield part
            continue
        yield part._replace(text=part.text[:left])
        left -= len(part.text)
        if left <= 0:
            return


def _frames(procedure: Procedure, start: int, limit: int, stream: int | None) -> dict[str, Any]:
    """One page of frames. `limit` counts the bytes that are read, of both streams, so that a page never takes long."""
    decoders = {number: codecs.getincrementaldecoder("utf-8")("replace") for number in STREAM_NAMES}
    shown: list[dict[str, Any]] = []
    next_offset, pending = start, 0
    for part in islice(_limited(read_output(procedure.pk, start), limit), MAX_FRAMES):
        if isinstance(part, Gap):
            shown.append(_gap_json(part))
            next_offset, pending = part.offset + part.size_bytes, 0
            continue
        text = decoders[part.stream].decode(part.text)
        next_offset, pending = part.offset + len(part.text), len(decoders[part.stream].getstate()[0])
        if stream in (None, part.stream):
            shown.append(_frame_json(part, text))
    if next_offset - pending == start:  # nothing but half a character, which is not going to be completed
        for frame in shown:
            frame["text"] = "\ufffd"
        pending = 0
    return {
        "offset": start,
        "next_offset": next_offset - pending,  # a character that the page would cut belongs to the next page
        "total_bytes": procedure.output_bytes,
        "lines_total": procedure.output_lines,
        "frames": shown,
    }


def _frame_json(frame: Frame, text: str) -> dict[str, Any]:
    return {
        "offset": frame.offset,
        "line": frame.line,
        "time": frame.time,
        "stream": STREAM_NAMES[frame.stream],
        "text": text,
    }


def _gap_json(gap: Gap) -> dict[str, Any]:
    counts = {"bytes": gap.size_bytes, "lines": gap.lines}
    return {"offset": gap.offset, "line": gap.line, "time": None, "stream": "gap", "text": str(gap), **counts}
