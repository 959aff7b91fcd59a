"""What a procedure's script usually takes, for pages that heard of the procedure by its events."""

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.views.decorators.http import require_safe

from procedures.pages.page import page_view
from procedures.pages.rows import rows_of
from procedures.selectors import procedures_for
from procedures.service import actor_of

_MOST = 50


@require_safe
@page_view
def usual(request: HttpRequest) -> HttpResponseBase:
    """By id: the fields of a record that no event tells."""
    asked = [
        int(text) for text in request.GET.getlist("id")[:_MOST] if text.isascii() and text.isdigit() and len(text) < 19
    ]
    found = procedures_for(actor_of(request.user)).filter(pk__in=asked).defer("script_body", "functions")
    return JsonResponse(
        {
            str(row.id): {
                "usual_runs": row.usual_runs or 0,
                "usual_s": row.usual_s,
                "usual_low_s": row.usual_low_s,
                "usual_high_s": row.usual_high_s,
                "commit": row.commit,
            }
            for row in rows_of(found)
        }
    )
