"""Who uses which commit and environment. What is used is never removed; a build that nobody waits for is given up."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from environments.domain.errors import TransitionRefused
from environments.domain.states import UNDER_WAY, EnvironmentState
from environments.models import Environment, Use
from environments.transitions import locked, move

NOBODY_WAITS = "Nobody waited for it any more."


def hold(holder: str, **what: Any) -> None:
    """Say that `holder` uses it from now on, instead of whatever it held before; inside the caller's transaction."""
    now = datetime.now(UTC)
    for former in _environments_of([holder]):
        if former != getattr(what.get("environment"), "pk", None):
            release(holder)
    Use.objects.update_or_create(holder=holder, defaults={"environment": None, **what, "since": now})


def hold_at_once(
    holder: str, *, repository: str, commit: str, node: str, environment: Environment | None = None
) -> bool:
    """`hold` in few statements, for a holder that holds nothing yet, or this; False, and nothing is changed, where it is not so easy.

    An `environment` must still be READY and in the same folder: the condition is part of the statement that says it is used, so
    whoever wants to take it away comes before, and then this is False, or after, and finds it in use.
    """
    held = Use.objects.filter(holder=holder).values_list("environment_id", "repository", "commit").first()
    environment_id = environment.pk if environment is not None else None
    if held not in {None, (environment_id, repository, commit)}:
        return False
    now = datetime.now(UTC)
    if environment is not None:
        same = Environment.objects.filter(pk=environment.pk, state=EnvironmentState.READY, folder=environment.folder)
        if not same.update(last_used_at=now, branch=environment.branch):
            return False
    if held is None:
        what = {"environment_id": environment_id, "repository": repository, "commit": commit, "node": node}
        Use(holder=holder, since=now, **what).save(force_insert=True)
    return True


def release(holder: str) -> None:
    """Say that `holder` needs nothing any more; harmless if it held nothing. A build that nobody else waits for is given up."""
    release_all([holder])


def release_all(holders: Iterable[str]) -> None:
    """The same for many, in one transaction."""
    names = list(holders)
    with transaction.atomic():
        # Rows of environments are locked before those of uses, by everybody, in one order.
        environments = sorted(_environments_of(names))
        for environment_id in environments:
            locked(environment_id)
        Environment.objects.filter(pk__in=environments).update(last_used_at=datetime.now(UTC))
        Use.objects.filter(holder__in=names).delete()
        for environment_id in environments:
            _give_up_if_unwanted(environment_id)


def release_others(prefix: str, holders: Iterable[str]) -> list[str]:
    """Release every holder whose name begins with `prefix` and is not among `holders`: those that were forgotten; their names."""
    wanted = set(holders)
    held = Use.objects.filter(holder__startswith=prefix).values_list("holder", flat=True)
    forgotten = [name for name in held if name not in wanted]
    if forgotten:
        release_all(forgotten)
    return forgotten


def _give_up_if_unwanted(environment_id: int) -> None:
    environment = Environment.objects.get(pk=environment_id)
    if environment.state not in UNDER_WAY or environment.is_pinned or environment.uses.exists():
        return
    try:
        move(environment_id, EnvironmentState.EVICTED, reason=NOBODY_WAITS, builder="", lease_until=None, folder="")
    except TransitionRefused:
        return  # it was finished in between


def _environments_of(holders: Iterable[str]) -> set[int]:
    found = Use.objects.filter(holder__in=list(holders), environment__isnull=False)
    return {pk for pk in found.values_list("environment_id", flat=True) if pk is not None}
