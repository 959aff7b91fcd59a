"""How much a procedure printed when, for its timeline: JSON for a script of ours."""

from datetime import UTC, datetime, timedelta

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.views.decorators.http import require_safe

from procedures.domain.errors import InvalidInput
from procedures.output_volume import volume_of
from procedures.pages.page import page_view
from procedures.selectors import procedure_for
from procedures.service import actor_of

_LONGEST_S = 10**8


@require_safe
@page_view
def volume(request: HttpRequest, procedure_id: int) -> HttpResponseBase:
    """Parts of all of it, or of its `last` seconds: begin, end, bytes."""
    procedure = procedure_for(actor_of(request.user), procedure_id)
    last = request.GET.get("last", "")
    if last and not (last.isascii() and last.isdigit() and 0 < int(last[:9]) < _LONGEST_S):
        raise InvalidInput({"last": f"must be a number of seconds, not “{last[:40]}”."})
    end = procedure.finished_at or datetime.now(UTC)
    answer = JsonResponse({"parts": volume_of(procedure, end - timedelta(seconds=int(last)) if last else None)})
    answer["Cache-Control"] = "no-store"
    return answer
