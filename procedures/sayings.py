"""Finding what scripts have said: questions, attachments and log records, with the permission in it."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse

from oet.attachments import JSON
from procedures.domain.errors import NoSuchAttachment, NoSuchQuestion
from procedures.domain.people import Actor, Right
from procedures.keyset import page
from procedures.models import Attachment, LogRecord, Question
from procedures.selectors import procedure_for

MAX_OPEN = 200


@dataclass(frozen=True)
class LogFilter:
    """What a log is narrowed to."""

    level: int = 0
    """Python's number of the lowest level that is wanted."""
    logger: str = ""
    """This logger and those below it."""
    text: str = ""
    before_id: int | None = None
    after_id: int | None = None


def questions_of(actor: Actor, procedure_id: int) -> list[dict[str, Any]]:
    """Every question that a procedure has asked, oldest first; raises NoSuchProcedure."""
    rows = Question.objects.filter(procedure=procedure_for(actor, procedure_id)).order_by("number")
    return [question_summary(row) for row in rows]


def question_of(actor: Actor, procedure_id: int, number: int) -> dict[str, Any]:
    """One question; raises NoSuchProcedure, NoSuchQuestion."""
    row = Question.objects.filter(procedure=procedure_for(actor, procedure_id), number=number).first()
    if row is None:
        raise NoSuchQuestion(procedure_id, number)
    return question_summary(row)


def open_questions(actor: Actor) -> list[dict[str, Any]]:
    """Every question that waits for an answer, oldest first, at most MAX_OPEN."""
    actor.require(Right.VIEW)
    return [
        question_summary(row) for row in Question.objects.filter(state=Question.State.ASKED).order_by("id")[:MAX_OPEN]
    ]


def question_summary(row: Question) -> dict[str, Any]:
    """What clients see of a question."""
    return {
        "procedure": row.procedure_id,
        "number": row.number,
        "text": row.text,
        "choices": row.choices,
        "asked_at": row.asked_at.timestamp(),
        "deadline_at": row.deadline_at.timestamp() if row.deadline_at else None,
        "state": row.state,
        "answer": row.answer if row.state == Question.State.ANSWERED else None,
        "answered_by": row.answered_by,
        "closed_at": row.closed_at.timestamp() if row.closed_at else None,
    }


def attachments_of(actor: Actor, procedure_id: int) -> list[dict[str, Any]]:
    """What a procedure has attached, oldest first, without the data; raises NoSuchProcedure."""
    rows = Attachment.objects.filter(procedure=procedure_for(actor, procedure_id)).defer("data").order_by("id")
    return [attachment_summary(row) for row in rows]


def attachment_of(actor: Actor, procedure_id: int, name: str) -> Attachment:
    """One attachment; raises NoSuchProcedure, NoSuchAttachment."""
    row = Attachment.objects.filter(procedure=procedure_for(actor, procedure_id), name=name).first()
    if row is None:
        raise NoSuchAttachment(procedure_id, name)
    return row


def attachment_summary(row: Attachment) -> dict[str, Any]:
    """What clients see of an attachment in lists."""
    return {"name": row.name, "media_type": row.media_type, "bytes": row.size, "at": row.at.timestamp()}


def attachment_response(data: bytes, media_type: str, name: str, *, is_download: bool) -> HttpResponse:
    """The bytes, so that no browser takes them for a page of ours."""
    charset = "; charset=utf-8" if media_type.startswith("text/") or media_type == JSON else ""
    answer = HttpResponse(data, content_type=f"{media_type}{charset}")
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in name) or "attachment"
    answer["Content-Disposition"] = f'{"attachment" if is_download else "inline"}; filename="{kept}"'
    answer["Content-Security-Policy"] = "sandbox; default-src 'none'"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def log_of(actor: Actor, procedure_id: int, wanted: LogFilter, limit: int) -> list[LogRecord]:
    """At most `limit` records, newest last: the newest, or those next to `before_id` or `after_id`; raises NoSuchProcedure."""
    rows = LogRecord.objects.filter(procedure=procedure_for(actor, procedure_id))
    if wanted.level:
        rows = rows.filter(level__gte=wanted.level)
    if wanted.logger:
        rows = rows.filter(logger=wanted.logger) | rows.filter(logger__startswith=f"{wanted.logger}.")
    if wanted.text:
        rows = rows.filter(message__icontains=wanted.text)
    return page(rows, limit, before_id=wanted.before_id, after_id=wanted.after_id)


def log_summary(row: LogRecord) -> dict[str, Any]:
    """What clients see of a log record."""
    return {
        "id": row.pk,
        "at": row.at.timestamp(),
        "level": row.level_name,
        "logger": row.logger,
        "message": row.message,
    }
