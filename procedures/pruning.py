"""Forgets old events. History stays; the event log is only there to be followed."""

from datetime import datetime

from django.db import transaction
from django.db.models import Max

from procedures.models import Event

BATCH = 1000
"""Rows in one transaction: a few milliseconds, so that nobody who writes has to wait."""


def prune_events(before: datetime, *, batches: int) -> int:
    """Delete events older than `before`, at most `batches` times BATCH; how many were deleted.

    The newest event stays, however old it is: it tells a new reader where the log ends.
    """
    newest = Event.objects.aggregate(newest=Max("id"))["newest"]
    total = 0
    for _ in range(batches):
        with transaction.atomic():
            old = Event.objects.filter(at__lt=before).exclude(pk=newest).order_by("pk")
            ids = list(old.values_list("pk", flat=True)[:BATCH])
            Event.objects.filter(pk__in=ids).delete()
        total += len(ids)
        if len(ids) < BATCH:
            break
    return total
