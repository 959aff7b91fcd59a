"""What the Celery worker does for procedures."""

import logging
from datetime import UTC, datetime, timedelta

from django.conf import settings

from oet_site.celery import app
from procedures import pruning

log = logging.getLogger(__name__)

BATCHES_A_RUN = 500
"""Half a million rows an hour; more wait for the next run."""


@app.task(name="procedures.prune_events")  # type: ignore[untyped-decorator] # Celery has no types
def prune_events() -> None:
    """Forget events that are older than OET_EVENT_DAYS."""
    before = datetime.now(UTC) - timedelta(days=settings.OET.event_days)
    if deleted := pruning.prune_events(before, batches=BATCHES_A_RUN):
        log.info("%d events older than %d days deleted", deleted, settings.OET.event_days)
