"""What an export holds of a procedure."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from procedures.models import ArgCapture, Procedure, ProcedureHistory
from procedures.selectors import inputs_of

COLUMNS = (
    "id", "state", "script_type", "script_uri", "script_name", "created_by", "created_at", "started_at", "finished_at",
    "node", "runs", "cause", "abort_of_id", "output_bytes", "output_lines",
)  # fmt: skip
"""Columns of Procedure that are read for an export."""

FIELDS = (*(name.removesuffix("_id") for name in COLUMNS), "arguments", "history")
"""The fields of a record, in order: the columns, the latest arguments of each function, and each state with its time."""


_STEP = ("state", "function", "who", "cause")


def records(procedures: Sequence[Procedure]) -> list[dict[str, Any]]:
    """A record of each procedure, with two queries for all; times are ISO 8601 in UTC."""
    ids = [procedure.pk for procedure in procedures]
    captures: dict[int, list[ArgCapture]] = defaultdict(list)
    for capture in ArgCapture.objects.filter(procedure_id__in=ids).order_by("id"):
        captures[capture.procedure_id].append(capture)
    history: dict[int, list[dict[str, Any]]] = defaultdict(list)
    steps = ProcedureHistory.objects.filter(procedure_id__in=ids).order_by("procedure_id", "sequence")
    for procedure_id, at, *rest in steps.values_list("procedure_id", "at", *_STEP):
        history[procedure_id].append({"at": iso(at), **dict(zip(_STEP, rest, strict=True))})
    return [_record(p, captures[p.pk], history[p.pk]) for p in procedures]


def iso(at: datetime | None) -> str | None:
    """`2026-03-18T01:47:32.123Z`."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z" if at else None


def _record(procedure: Procedure, captures: Sequence[ArgCapture], history: list[dict[str, Any]]) -> dict[str, Any]:
    values = {name.removesuffix("_id"): getattr(procedure, name) for name in COLUMNS}
    values = {name: iso(value) if isinstance(value, datetime) else value for name, value in values.items()}
    arguments = {function: call.as_json() for function, call in inputs_of(captures).items()}
    return values | {"arguments": arguments, "history": history}
