"""What is answered where no view could: JSON to programs, a page to people; and 503 where it is the database that failed."""

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.views import defaults

from procedures.domain.errors import Refusal
from procedures.pages.page import refused
from procedures.rest.errors import NO_DATABASE

API = "/api/"
_PATH_SHOWN = 100


class NoSuchPage(Refusal):
    """The address leads nowhere."""

    code = "not_found"

    def __init__(self, path: str) -> None:
        super().__init__(f"there is nothing at {path[:_PATH_SHOWN]}: look for it from Now or in the history.")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """400: a request that Django itself refuses, such as one for a host that is not ours."""
    if request.path.startswith(API):
        return JsonResponse({"detail": f"the request cannot be served: {exception}", "code": "malformed"}, status=400)
    return defaults.bad_request(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """404: an address that leads nowhere. Who is logged in still sees what runs, and how to stop it."""
    if request.path.startswith(API) or not request.user.is_authenticated:
        return defaults.page_not_found(request, exception)
    return refused(request, NoSuchPage(request.path))


def server_error(request: HttpRequest) -> HttpResponseBase:
    """500, or 503 if the database failed. Django has written the traceback to the log."""
    is_database = isinstance(sys.exception(), OperationalError | InterfaceError)
    if request.path.startswith(API):
        words = NO_DATABASE if is_database else "OET failed; the reason is in its log."
        code = "no_database" if is_database else "failure"
        return JsonResponse({"detail": words, "code": code}, status=503 if is_database else 500)
    answer = defaults.server_error(request)
    if is_database:
        answer.status_code = 503
    return answer
