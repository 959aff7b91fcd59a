"""Procedures as CSV and JSON, streamed: memory does not grow with their number, and the first bytes come at once."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.http import StreamingHttpResponse

from procedures.admin.records import COLUMNS, FIELDS, records
from procedures.keyset import pages
from procedures.models import Procedure

BATCH = 250
CONTENT_TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json"}

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A spreadsheet calculates what begins with one of these."""


def export_response(kind: str, narrowed: QuerySet[Procedure], match: Q | None) -> StreamingHttpResponse:
    """The procedures that `narrowed` leaves and `match` holds for, newest first, as a file; `kind` is csv or json.

    `oet_site.web` takes the chunks one by one, in a thread; each is made when the one before has been sent.
    """
    chunks = {"csv": csv_chunks, "json": json_chunks}[kind](_batches(narrowed, match))
    name = f"oet-procedures-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingHttpResponse(chunks, content_type=CONTENT_TYPES[kind], headers=headers)


def csv_chunks(batches: Iterator[list[dict[str, Any]]]) -> Iterator[str]:
    """A line of names, then a line for each record."""
    yield _lines([FIELDS])
    for batch in batches:
        yield _lines([_cell(name, record[name]) for name in FIELDS] for record in batch)


def json_chunks(batches: Iterator[list[dict[str, Any]]]) -> Iterator[str]:
    """An array of records, one a line."""
    yield "[\n"
    separator = ""
    for batch in batches:
        yield separator + ",\n".join(json.dumps(record, ensure_ascii=False) for record in batch)
        separator = ",\n"
    yield "\n]\n"


def without_formula(text: str) -> str:
    """The text, marked as text by an apostrophe where a spreadsheet would take it for a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def _batches(narrowed: QuerySet[Procedure], match: Q | None) -> Iterator[list[dict[str, Any]]]:
    for page in pages(narrowed.only(*COLUMNS), match, size=BATCH):
        if page.rows:  # an empty chunk would be taken for the end
            yield records(page.rows)


def _cell(name: str, value: Any) -> Any:
    if name == "history":
        value = " > ".join(f"{step['state']} {step['at']}" for step in value)
    elif name == "arguments":
        value = json.dumps(value, ensure_ascii=False) if value else ""
    return without_formula(value) if isinstance(value, str) else value


def _lines(rows: Any) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
