"""Which node takes what is asked for: one with a manager whose heart beats, and that does not drain where the work is new."""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import NamedTuple

from django.conf import settings

from procedures.domain.errors import Draining, NoManager, WrongState
from procedures.models import Node, Procedure
from procedures.statements import Question


class _Standing(NamedTuple):
    name: str
    heartbeat_at: datetime
    draining_since: datetime | None
    draining_by: str

    @property
    def is_alive(self) -> bool:
        return self.heartbeat_at >= datetime.now(UTC) - timedelta(seconds=settings.OET.heartbeat_timeout)


def require_manager(procedure: Procedure, wanted: str) -> None:
    """Raise NoManager unless the manager of the procedure's node lives; WrongState where no node has taken it yet."""
    if procedure.part_of and not procedure.node:
        remedy = f"Trial {procedure.part_of['trial']} has no node yet, so nothing of it runs; you can abort the trial."
        raise WrongState(procedure.pk, procedure.state, wanted, remedy)
    _alive(procedure.node)


def node_for_work(name: str = "") -> str:
    """The node that is to run something: `name`, or this machine, or any that can. Raises NoManager, Draining."""

    def rank(node: _Standing) -> tuple[bool, bool, str]:
        return node.draining_since is not None, node.name != settings.OET.node, node.name

    node = min(_alive(name), key=rank)
    if node.draining_since is not None:
        since = f"{node.draining_since:%Y-%m-%d %H:%M:%S} UTC"
        raise Draining(node.name, node.draining_by or "somebody", since)
    return node.name


def _alive(name: str) -> list[_Standing]:
    """The nodes whose managers live, or the one of that name; never empty."""
    nodes = [node for node in map(_Standing._make, _standings().ask(None)) if name in ("", node.name)]
    alive = [node for node in nodes if node.is_alive]
    if not alive:
        last = max((node.heartbeat_at for node in nodes), default=None)
        raise NoManager(f"{last:%Y-%m-%d %H:%M:%S} UTC" if last else "")
    return alive


@cache
def _standings() -> Question:
    return Question(Node.objects.order_by().values_list(*_Standing._fields), object())
