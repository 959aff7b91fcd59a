"""Finding environments, for lists and pages."""

from datetime import UTC, datetime, timedelta
from typing import Final

from django.db.models import Count, QuerySet

from environments.domain.states import EnvironmentState
from environments.models import Environment

UNANSWERED_S: Final = 5.0


def environments() -> "QuerySet[Environment]":
    """All of them, the most recently requested first, with the number of their users as `users`."""
    return Environment.objects.annotate(users=Count("uses")).order_by("-requested_at", "-pk")


def is_unanswered(environment: Environment) -> bool:
    """No builder has taken it for a while: none runs on its node, or all are busy."""
    waiting_since = environment.state_at or environment.requested_at
    return environment.state == EnvironmentState.REQUESTED and datetime.now(UTC) - waiting_since > timedelta(
        seconds=UNANSWERED_S
    )
