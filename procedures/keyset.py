"""Pages of long tables, named by an id beside them: nothing is counted or passed over, so the last page is as fast as the first."""

from typing import TypeVar

from django.db.models import Model, QuerySet

_Row = TypeVar("_Row", bound=Model)


def page(rows: QuerySet[_Row], limit: int, *, before_id: int | None, after_id: int | None) -> list[_Row]:
    """At most `limit` rows, newest last: the newest there are, or those next to `after_id`, or else to `before_id`."""
    if after_id is not None:
        return list(rows.filter(pk__gt=after_id).order_by("pk")[:limit])
    if before_id is not None:
        rows = rows.filter(pk__lt=before_id)
    return list(rows.order_by("-pk")[:limit])[::-1]
