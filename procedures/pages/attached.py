"""What a script has attached, small texts and pictures in full; what it asked, and what it was told."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from procedures.models import Attachment, Question
from procedures.words import moment, size, took

_MAX_TEXT = 8000
"""Characters of an attachment that the page shows; all of it is behind its link."""
_SHOWN = 50
_ANSWERS = {
    Question.State.TIMED_OUT.value: "nobody answered in time",
    Question.State.WITHDRAWN.value: "it no longer waits for an answer",
    Question.State.ASKED.value: "waits for an answer",
}
_GLYPHS = {
    Question.State.ANSWERED.value: "success",
    Question.State.ASKED.value: "asks",
    Question.State.TIMED_OUT.value: "error",
    Question.State.WITHDRAWN.value: "disabled",
}


@dataclass(frozen=True)
class ShownAttachment:
    """One attachment."""

    name: str
    about: str
    """Its type, size and time."""
    address: str
    text: str
    is_cut: bool
    is_picture: bool


@dataclass(frozen=True)
class ShownQuestion:
    """A question that was asked."""

    state: str
    text: str
    answer: str
    at: str


def shown_attachments(procedure_id: int, now: float) -> Sequence[ShownAttachment]:
    """The latest, oldest first."""
    rows = Attachment.objects.filter(procedure_id=procedure_id).order_by("-id")[:_SHOWN]
    return [_attachment(row, now) for row in reversed(rows)]


def shown_questions(procedure_id: int, now: float) -> Sequence[ShownQuestion]:
    """Every question and its answer, oldest first."""
    rows = Question.objects.filter(procedure_id=procedure_id).order_by("-number")[:_SHOWN]
    return [_question(row, now) for row in reversed(rows)]


def _attachment(row: Attachment, now: float) -> ShownAttachment:
    is_picture = row.media_type.startswith("image/")
    text = "" if is_picture else _text(bytes(row.data), row.media_type)
    return ShownAttachment(
        name=row.name,
        about=f"{row.media_type}, {size(row.size)}, {moment(row.at.timestamp(), now)}",
        address=reverse("api:attachment", args=[row.procedure_id, row.name]),
        text=text[:_MAX_TEXT],
        is_cut=len(text) > _MAX_TEXT,
        is_picture=is_picture,
    )


def _text(data: bytes, media_type: str) -> str:
    text = data.decode(errors="replace")
    if media_type != "application/json":
        return text
    try:
        parsed: Any = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return json.dumps(parsed, indent=2, ensure_ascii=False)


def _question(row: Question, now: float) -> ShownQuestion:
    answer = _ANSWERS.get(row.state, "")
    if row.state == Question.State.ANSWERED:
        after = f" after {took((row.closed_at - row.asked_at).total_seconds())}" if row.closed_at else ""
        answer = f"{row.answered_by or 'somebody'} answered “{row.answer}”{after}"
    return ShownQuestion(_GLYPHS.get(row.state, "pending"), row.text, answer, moment(row.asked_at.timestamp(), now))
