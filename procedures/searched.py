"""What procedures are found by: their words, kept beside them. Each database has an index of its own on these (migration 0010)."""

import json
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from django.db import connection

from procedures import statements
from procedures.domain.search import scalar_arguments, words_of
from procedures.models import ArgCapture, Procedure, ProcedureHistory, ProcedureText

_STAND_IN = -1
_MAX_TRACE_LINES = 60


def write_words(procedures: Iterable[Procedure]) -> None:
    """Bring the words of these procedures up to date; in the transaction that changed them."""
    rows = [
        (procedure.pk, words_of_procedure(procedure, _steps().ask(procedure.pk), _calls().ask(procedure.pk)))
        for procedure in procedures
    ]
    with connection.cursor() as cursor:
        for row in rows:
            cursor.execute(_upsert(), row)


def words_of_procedure(procedure: Procedure, steps: Sequence[tuple[Any, ...]], calls: Sequence[tuple[Any, ...]]) -> str:
    """The words of one, the most telling first. `steps` are (who, function, cause, stacktrace), `calls` (function, args, kwargs)."""
    people = dict.fromkeys([procedure.created_by, *(who for who, *_ in steps), procedure.stop_asked_by])
    pairs = [("script", procedure.script_name), *(("by", person) for person in people if person)]
    texts = [procedure.script_name, *people]
    for function, args, kwargs in calls:
        pairs += scalar_arguments(kwargs)
        texts += [function, json.dumps(args, ensure_ascii=False), json.dumps(kwargs, ensure_ascii=False)]
    texts += [procedure.cause, *(cause for _, _, cause, _ in reversed(steps))]
    git = procedure.script_options.get("git_args") or {}
    texts += [procedure.script_uri, *(str(value) for value in git.values() if value)]
    texts += [*procedure.resources, procedure.node, procedure.last_line]
    for *_, stacktrace in reversed(steps):
        texts += reversed(stacktrace.splitlines()[-_MAX_TRACE_LINES:])
    return words_of(texts, pairs)


@cache
def _steps() -> statements.Question:
    rows = ProcedureHistory.objects.filter(procedure_id=_STAND_IN).order_by("sequence")
    return statements.Question(rows.values_list("who", "function", "cause", "stacktrace"), _STAND_IN)


@cache
def _calls() -> statements.Question:
    rows = ArgCapture.objects.filter(procedure_id=_STAND_IN).order_by("-id")
    return statements.Question(rows.values_list("function", "args", "kwargs"), _STAND_IN)


@cache
def _upsert() -> str:
    table = connection.ops.quote_name(ProcedureText._meta.db_table)
    return (
        f'INSERT INTO {table} ("procedure_id", "words") VALUES (%s, %s) '  # noqa: S608 - a name of ours
        'ON CONFLICT ("procedure_id") DO UPDATE SET "words" = excluded."words"'
    )
