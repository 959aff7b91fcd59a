"""The one place that turns refusals and failures into HTTP. Every error is JSON: `detail` (words), `code`, and perhaps `errors`."""

import logging
from collections.abc import Callable
from math import ceil
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import DataError, InterfaceError, OperationalError
from django.http import Http404
from rest_framework import status
from rest_framework.exceptions import APIException, NotAuthenticated
from rest_framework.response import Response

from procedures.domain.errors import Refusal, TransitionRefused

log = logging.getLogger(__name__)

_STATUS_OF_CODE = {
    "invalid": status.HTTP_400_BAD_REQUEST,
    "invalid_specification": status.HTTP_400_BAD_REQUEST,
    "forbidden": status.HTTP_403_FORBIDDEN,
    "not_found": status.HTTP_404_NOT_FOUND,
    "no_manager": status.HTTP_503_SERVICE_UNAVAILABLE,
    "draining": status.HTTP_503_SERVICE_UNAVAILABLE,
    "no_answer": status.HTTP_504_GATEWAY_TIMEOUT,
    "repository_unreachable": status.HTTP_502_BAD_GATEWAY,
    "out_of_time": status.HTTP_504_GATEWAY_TIMEOUT,
    "internal": status.HTTP_500_INTERNAL_SERVER_ERROR,
}
_RETRY_S = "5"
_NOT_LOGGED_IN = "log in: send Authorization: Token …, which auth/token/ gives for a username and password."
NO_DATABASE = (
    "the database does not answer, or is locked; look whether anything was done before you repeat the request."
)


def answer(error: Exception, context: dict[str, Any]) -> Response | None:
    """The answer to `error`, raised by a view; None for what is a fault of OET's own, which then ends as 500 and in the log."""
    for kind, make in _ANSWERS:
        if isinstance(error, kind):
            return make(error)
    return None


def _refused(error: Any) -> Response:
    code = _STATUS_OF_CODE.get(error.code, status.HTTP_409_CONFLICT)
    return _response(code, str(error), error.code, errors=getattr(error, "errors", None))


def _api_exception(error: Any) -> Response:
    codes = error.get_codes()
    words = _NOT_LOGGED_IN if isinstance(error, NotAuthenticated) else str(error.detail)
    response = _response(error.status_code, words, codes if isinstance(codes, str) else "invalid")
    if challenge := getattr(error, "auth_header", None):
        response["WWW-Authenticate"] = challenge
    if wait_s := getattr(error, "wait", None):
        response["Retry-After"] = str(ceil(wait_s))
    return response


def _no_database(error: Any) -> Response:
    log.warning("the database failed a request: %s", error)
    return _response(status.HTTP_503_SERVICE_UNAVAILABLE, NO_DATABASE, "no_database")


def _response(code: int, words: str, name: str, *, errors: Any = None) -> Response:
    body: dict[str, Any] = {"detail": words, "code": name}
    if errors is not None:
        body["errors"] = errors
    response = Response(body, status=code)
    if code == status.HTTP_503_SERVICE_UNAVAILABLE:
        response["Retry-After"] = _RETRY_S
    return response


_ANSWERS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], Callable[[Any], Response]], ...] = (
    (Refusal, _refused),
    (APIException, _api_exception),
    (TransitionRefused, lambda error: _response(status.HTTP_409_CONFLICT, str(error), "wrong_state")),
    (Http404, lambda error: _response(status.HTTP_404_NOT_FOUND, str(error) or "there is nothing here.", "not_found")),
    (
        PermissionDenied,
        lambda error: _response(status.HTTP_403_FORBIDDEN, str(error) or "this is not allowed.", "forbidden"),
    ),
    (
        DataError,
        lambda _: _response(status.HTTP_400_BAD_REQUEST, "the database cannot hold one of the values.", "invalid"),
    ),
    ((OperationalError, InterfaceError), _no_database),
)
