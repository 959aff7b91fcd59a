"""Draining a node: it takes nothing new, so that it can be taken down once what runs has ended."""

from datetime import UTC, datetime

from django.db.models import QuerySet

from procedures.bells import Role, ring_at_commit
from procedures.domain.states import ProcedureState
from procedures.models import LIVE_STATES, Node, Procedure
from procedures.recorder import recording

DRAINING_TOPIC = "node.draining"
WAITING = frozenset({ProcedureState.IDLE, ProcedureState.READY})
"""States that would last for ever without a start: a node is drained although it has such procedures."""


class NoSuchNode(Exception):
    """No manager has ever had a heartbeat under this name."""


def drain(node: str, who: str) -> None:
    """Take no new work on the node; raises NoSuchNode. Who drains it already keeps it drained."""
    _set(node, draining_since=datetime.now(UTC), draining_by=who)


def end_drain(node: str) -> None:
    """Take work again; raises NoSuchNode."""
    _set(node, draining_since=None, draining_by="")


def busy(node: str) -> list[Procedure]:
    """What still does something there, the oldest first."""
    return list(_live(node).exclude(state__in=[state.value for state in WAITING]))


def waiting(node: str) -> list[Procedure]:
    """What is prepared there and waits for a start that will not come."""
    return list(_live(node).filter(state__in=[state.value for state in WAITING]))


def _live(node: str) -> QuerySet[Procedure]:
    return Procedure.objects.filter(state__in=LIVE_STATES, node=node).defer("script_body", "functions").order_by("id")


def _set(node: str, *, draining_since: datetime | None, draining_by: str) -> None:
    with recording() as record:
        if not Node.objects.filter(name=node).update(draining_since=draining_since, draining_by=draining_by):
            raise NoSuchNode(node)
        said = {"node": node, "is_draining": draining_since is not None, "by": draining_by}
        record.announce(DRAINING_TOPIC, said)
        ring_at_commit(Role.MANAGER)  # what has waited for the node may be taken now
