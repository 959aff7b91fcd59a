"""`/healthz` and `/readyz`: for load balancers and supervisors, without login and without anything worth knowing to a stranger."""

import logging

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from procedures.selectors import nodes

log = logging.getLogger(__name__)

OK, ABSENT, FAILING = "ok", "absent", "failing"


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200: this web process lives."""
    return JsonResponse({"status": OK})


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 where the database answers and a manager has a fresh heartbeat; else 503, with what is missing."""
    try:
        database, manager = OK, OK if any(node["is_alive"] for node in nodes()) else ABSENT
    except DatabaseError as error:  # one line: probes come every few seconds
        log.warning("the database does not answer: %s", error)
        database, manager = FAILING, "unknown"
    is_ready = database == manager == OK
    words = {"status": OK if is_ready else FAILING, "database": database, "manager": manager}
    return JsonResponse(words, status=200 if is_ready else 503)
