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
    """Bytes in equal spans of its whole life, or of its `last` seconds."""
    procedure = procedure_for(actor_of(request.user), procedure_id)
    end = procedure.finished_at or datetime.now(UTC)
    last = request.GET.get("last", "")
    if last and not (last.isascii() and last.isdigit() and 0 < int(last[:9]) < _LONGEST_S):
        raise InvalidInput({"last": f"must be a number of seconds, not “{last[:40]}”."})
    begin = max(procedure.created_at, end - timedelta(seconds=int(last))) if last else procedure.created_at
    found = volume_of(procedure, begin, end)
    answer = JsonResponse(
        {
            "begin": found.begin.timestamp(),
            "span_s": found.span_s,
            "sizes": [round(size) for size in found.sizes],
        }
    )
    answer["Cache-Control"] = "no-store"
    return answer
