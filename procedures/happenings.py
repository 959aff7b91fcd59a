"""Finding what a procedure has published: the events of its action harness, and those it sent into the world."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Q

from procedures.domain import actions
from procedures.domain.people import Actor
from procedures.models import Event, Procedure
from procedures.selectors import procedure_for

OWN_TOPICS = "procedure."
"""OET's own words about a procedure, which are shown elsewhere."""
HARNESS_TOPICS = "script."
_MOST_EVENTS = 5000
_MOST_PROGRESS = 2000
_LOOKED_THROUGH = 20_000
"""Events that are read back through for the published ones; whoever asks for earlier ones goes on from there."""

Told = tuple[str, Any]


def harness_events(procedure: Procedure) -> list[Told]:
    """(topic, payload) of the latest run of the harness, oldest first; of very much progress the latest."""
    rows = Event.objects.filter(procedure=procedure)
    start = rows.filter(topic=actions.RUN_STARTED).order_by("-id").values_list("id", flat=True).first()
    if start is None:
        return []
    rows = rows.filter(id__gte=start).order_by("-id")
    others = actions.TOPICS - {actions.ACTION_PROGRESS}
    columns = ("id", "topic", "payload")
    found = [*rows.filter(topic__in=others).order_by("id").values_list(*columns)[:_MOST_EVENTS]]
    found += rows.filter(topic=actions.ACTION_PROGRESS).values_list(*columns)[:_MOST_PROGRESS]
    return [(topic, payload) for _, topic, payload in sorted(found, key=lambda row: row[0])]


def published(
    actor: Actor, procedure_id: int, limit: int, *, before: int | None = None, after: int | None = None
) -> list[Event]:
    """At most `limit` events that the script published, newest last: the newest, or those next to an id.

    Those of its action harness are among them only where they are asked for by an id.
    """
    rows = Event.objects.filter(procedure=procedure_for(actor, procedure_id))
    if after is not None:
        later = rows.filter(id__gt=after).order_by("id")
        return list(later.exclude(topic__startswith=OWN_TOPICS)[:limit])
    if before is not None:
        rows = rows.filter(id__lt=before)
    oldest = _id_before(rows.order_by("-id").values_list("id", flat=True)[_LOOKED_THROUGH : _LOOKED_THROUGH + 1])
    rows = rows.exclude(Q(topic__startswith=OWN_TOPICS) | Q(id__lte=oldest))
    if before is None:
        rows = rows.exclude(topic__startswith=HARNESS_TOPICS)
    return list(rows.order_by("-id")[:limit])[::-1]


def _id_before(ids: Iterable[int]) -> int:
    return next(iter(ids), 0)
