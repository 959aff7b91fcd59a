"""Moving an environment from state to state: the one place where `Environment.state` changes."""

from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from environments import hooks
from environments.domain.errors import NoSuchEnvironment, TransitionRefused
from environments.domain.states import EnvironmentState, sources
from environments.models import Environment, Use


def locked(environment_id: int) -> Environment:
    """The environment, which nobody else changes until the transaction ends; raises NoSuchEnvironment."""
    rows = for_update(Environment.objects.filter(pk=environment_id))
    if (environment := rows.first()) is None:
        raise NoSuchEnvironment(environment_id)
    return environment


def for_update(rows: "QuerySet[Environment]") -> "QuerySet[Environment]":
    """The rows, locked where the database locks rows; SQLite's transactions have the whole database from their start."""
    return rows.select_for_update() if connection.features.has_select_for_update else rows


def move(
    environment_id: int, to: EnvironmentState, *, reason: str = "", only_if: Q | None = None, **columns: Any
) -> Environment:
    """Take one transition, in a transaction, and tell the listeners; raises TransitionRefused and changes nothing.

    `only_if` is a further condition on the row, such as who holds its lease; `columns` change along.
    """
    with transaction.atomic():
        environment = locked(environment_id)
        current = EnvironmentState(environment.state)
        rows = Environment.objects.filter(only_if or Q(), pk=environment_id, state__in=sources(to))
        changes: dict[str, Any] = {"state": to.value, "state_at": datetime.now(UTC), "reason": reason, **columns}
        if not rows.update(**changes):
            raise TransitionRefused(environment_id, current, to)
        environment.refresh_from_db()
        announce(environment, current, reason)
        return environment


def announce(environment: Environment, previous: EnvironmentState | None, reason: str = "") -> None:
    """Tell the listeners of a change that has just been written."""
    holders = tuple(Use.objects.filter(environment=environment).order_by("pk").values_list("holder", flat=True))
    hooks.tell(hooks.Change(environment, previous, EnvironmentState(environment.state), reason, holders))
