"""The lease of a build: whoever holds it builds; who does not renew it is dead, and another takes over."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Q

from environments.domain.errors import TransitionRefused
from environments.domain.states import EnvironmentState
from environments.models import Environment, Use
from environments.transitions import locked, move

LEASE_S: Final = 15.0
"""Seconds after which a builder that is not heard of counts as dead."""
RENEW_S: Final = 2.0
"""Seconds between two renewals; within them a builder notices that nobody wants the build any more."""
SEND_AGAIN_S: Final = 20.0
"""Seconds after which a build that nobody has begun is sent to the builders once more."""
MAX_ATTEMPTS: Final = 3
"""How often a build is begun whose programs are killed, before it counts as failed."""


class LeaseLost(Exception):
    """Another builder has taken over, or nobody wants the build any more: end it and touch nothing."""


@dataclass(frozen=True)
class Lease:
    """The right to build an environment."""

    environment: Environment
    """As it was when the lease was taken."""
    token: str
    """Names the builder and the folder it builds in."""
    former: str
    """Token of the builder that died over it, if one did."""

    @property
    def environment_id(self) -> int:
        """The environment's id."""
        return self.environment.pk

    def renew(self) -> None:
        """Say that the builder lives; raises LeaseLost."""
        mine = Environment.objects.filter(pk=self.environment_id, state=EnvironmentState.BUILDING, builder=self.token)
        if not mine.update(lease_until=_lease_end()):
            raise LeaseLost(self.token)

    def finish(self, **columns: Any) -> None:
        """The environment is READY; raises LeaseLost, and then it is not."""
        self._end(EnvironmentState.READY, "", folder=self.token, attempts=0, last_used_at=datetime.now(UTC), **columns)

    def fail(self, reason: str) -> None:
        """The build did not work; raises LeaseLost."""
        self._end(EnvironmentState.FAILED, reason)

    def give_back(self, reason: str) -> None:
        """Somebody is to try again; raises LeaseLost."""
        self._end(EnvironmentState.REQUESTED, reason)

    def _end(self, state: EnvironmentState, reason: str, **columns: Any) -> None:
        mine = Q(builder=self.token, state=EnvironmentState.BUILDING)
        columns |= {"builder": "", "lease_until": None, "finished_at": datetime.now(UTC)}
        try:
            with transaction.atomic():
                move(self.environment_id, state, reason=reason, only_if=mine, **columns)
                if state is not EnvironmentState.REQUESTED:
                    Use.objects.filter(environment_id=self.environment_id, is_until_built=True).delete()
        except TransitionRefused as error:
            raise LeaseLost(self.token) from error


def claim(environment_id: int, has_died: Callable[[str], bool] = lambda _: False) -> Lease | None:
    """Take the lease of an environment that is REQUESTED or whose builder died; None where there is nothing to build.

    `has_died(token)` tells of builders that are certainly dead although their lease has not run out.
    """
    with transaction.atomic():
        environment = locked(environment_id)
        token = f"{environment_id}.{uuid.uuid4().hex[:16]}"
        former = environment.builder
        free = _free()
        if environment.state == EnvironmentState.BUILDING and has_died(former):
            free |= Q(state=EnvironmentState.BUILDING, builder=former)
        if environment.attempts >= MAX_ATTEMPTS and Environment.objects.filter(free, pk=environment_id).exists():
            _give_up(environment)
            return None
        try:
            claimed = move(
                environment_id,
                EnvironmentState.BUILDING,
                reason="The builder before this one died; the build begins anew." if former else "",
                only_if=free,
                builder=token,
                lease_until=_lease_end(),
                started_at=datetime.now(UTC),
                finished_at=None,
                build=environment.build + 1,
                attempts=environment.attempts + 1,
                log_bytes=0,
                folder="",
            )
        except TransitionRefused:
            return None  # somebody builds it, or nobody wants it any more
        return Lease(claimed, token, former)


def neglected(
    node: str, *, at_once: bool = False, has_died: Callable[[str], bool] = lambda _: False
) -> list[Environment]:
    """Environments of the node that should be built and that nobody builds: the message got lost, or the builder died.

    `at_once` has also those that were sent to the builders a moment ago; `has_died` as for `claim`.
    """
    now = datetime.now(UTC)
    sent_before = now if at_once else now - timedelta(seconds=SEND_AGAIN_S)
    requested = Q(state=EnvironmentState.REQUESTED) & (Q(sent_at=None) | Q(sent_at__lte=sent_before))
    building = Q(state=EnvironmentState.BUILDING) & (Q(sent_at=None) | Q(sent_at__lt=now - timedelta(seconds=2)))
    found = Environment.objects.filter(requested | building, node=node).order_by("requested_at")
    return [row for row in found if row.state == EnvironmentState.REQUESTED or _is_abandoned(row, now, has_died)]


def _is_abandoned(environment: Environment, now: datetime, has_died: Callable[[str], bool]) -> bool:
    return environment.lease_until is None or environment.lease_until < now or has_died(environment.builder)


def _give_up(environment: Environment) -> None:
    """Its builders died too often: it kills them, by taking all memory perhaps."""
    reason = f"{environment.attempts} builders died over it in a row, or their programs were killed. The log tells how far they came."
    changes: dict[str, Any] = {"builder": "", "lease_until": None, "finished_at": datetime.now(UTC)}
    move(environment.pk, EnvironmentState.FAILED, reason=reason, **changes)
    Use.objects.filter(environment=environment, is_until_built=True).delete()


def _free() -> Q:
    return Q(state=EnvironmentState.REQUESTED) | Q(state=EnvironmentState.BUILDING, lease_until__lt=datetime.now(UTC))


def _lease_end() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=LEASE_S)
