"""What scripts have said: questions (and answers to them), attachments, log records."""

import logging
from typing import Any
from urllib.parse import quote

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from oet.attachments import MEDIA_TYPES
from procedures.domain.errors import InvalidInput
from procedures.rest import described
from procedures.rest.queries import PAGE, Query, cut_page, link_header
from procedures.rest.requests import json_object, unknown_fields
from procedures.rest.view import View
from procedures.sayings import (
    LogFilter,
    attachment_of,
    attachment_response,
    attachments_of,
    log_of,
    log_summary,
    open_questions,
    question_of,
    questions_of,
)
from procedures.steering import SteeringService

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class QuestionsView(View):
    """Questions of all procedures."""

    @described.questions_open
    def get(self, request: Request) -> Response:
        """Every question that waits for an answer, oldest first."""
        Query(request.query_params, ()).check()
        return Response(open_questions(self.actor))


class QuestionsOfProcedureView(View):
    """Questions of one procedure."""

    @described.questions_of
    def get(self, request: Request, procedure_id: str) -> Response:
        """What it has asked, and what was answered."""
        Query(request.query_params, ()).check()
        return Response(questions_of(self.actor, int(procedure_id)))


class QuestionView(View):
    """One question."""

    @described.question_get
    def get(self, request: Request, procedure_id: str, number: str) -> Response:
        """The question, and what was answered."""
        Query(request.query_params, ()).check()
        return Response(question_of(self.actor, int(procedure_id), int(number)))

    @described.question_answer
    def put(self, request: Request, procedure_id: str, number: str) -> Response:
        """Answer it. The first answer stands; a later one gets 409."""
        question_of(self.actor, int(procedure_id), int(number))  # what does not exist outranks a fault in the body
        data = json_object(request.data)
        errors: dict[str, Any] = unknown_fields(data, ("answer",))
        if "answer" not in data:
            errors["answer"] = "is required."
        if errors:
            raise InvalidInput(errors)
        return Response(SteeringService(self.actor).answer(int(procedure_id), int(number), data["answer"]))


class AttachmentsView(View):
    """Attachments of one procedure."""

    @described.attachments
    def get(self, request: Request, procedure_id: str) -> Response:
        """What it has attached, oldest first."""
        Query(request.query_params, ()).check()
        return Response([self._with_uri(request, shown) for shown in attachments_of(self.actor, int(procedure_id))])

    def _with_uri(self, request: Request, shown: dict[str, Any]) -> dict[str, Any]:
        return shown | {
            "uri": request.build_absolute_uri(f"{request.path.rstrip('/')}/{quote(shown['name'], safe='')}/")
        }


class AttachmentView(View):
    """One attachment."""

    media_types = tuple(sorted(MEDIA_TYPES))

    @described.attachment
    def get(self, request: Request, procedure_id: str, name: str) -> HttpResponse:
        """Its bytes, with its media type."""
        query = Query(request.query_params, ("download",))
        is_download = query.flag("download")
        query.check()
        row = attachment_of(self.actor, int(procedure_id), name)
        return attachment_response(bytes(row.data), row.media_type, row.name, is_download=is_download)


class LogView(View):
    """What one procedure logged."""

    @described.log
    def get(self, request: Request, procedure_id: str) -> Response:
        """Records of Python's `logging`, newest last; the `Link` header leads to older and newer ones."""
        query = Query(request.query_params, ("level", "logger", "q", *PAGE))
        level = query.choice("level", LEVELS)
        logger, text = query.text("logger"), query.text("q")
        limit, before, after = query.page()
        query.check()
        lowest = logging.getLevelNamesMapping()[level] if level else 0
        wanted = LogFilter(lowest, logger, text, before, after)
        rows, has_more = cut_page(log_of(self.actor, int(procedure_id), wanted, limit + 1), limit, after)
        headers = link_header(request, [row.pk for row in rows], has_more=has_more)
        return Response([log_summary(row) for row in rows], headers=headers)
