"""Exclusive resources: taken by one procedure at a time, which the database sees to."""

from collections.abc import Sequence
from datetime import datetime

from procedures import statements
from procedures.domain.errors import ResourceHeld
from procedures.domain.states import ProcedureState
from procedures.models import ProcedureHistory, ResourceClaim

SITE = "site"
"""Scope of a claim that holds for all nodes."""


def take(procedure_id: int, scope: str, names: Sequence[str], at: datetime) -> bool:
    """Take every resource in `names` for the procedure. Raises ResourceHeld and takes none; False where others were faster each time."""
    holders = ResourceClaim.objects.filter(scope=scope, name__in=names)
    for _ in range(2):
        for held in holders.select_related("procedure").only("name", "procedure__script_name", "procedure__state"):
            if held.procedure_id != procedure_id:
                holder = f"procedure {held.procedure_id} ({held.procedure.script_name})"
                raise ResourceHeld(procedure_id, held.name, holder, _starter(held.procedure_id))
        claims = [ResourceClaim(scope=scope, name=name, procedure_id=procedure_id, taken_at=at) for name in names]
        statements.insert(claims, ignore_conflicts=True)
        if holders.filter(procedure_id=procedure_id).count() == len(names):
            return True
        # Another node was faster for one of them: give back the others, and name the holder in the second round.
        ResourceClaim.objects.filter(procedure_id=procedure_id).delete()
    return False


def release(procedure_id: int) -> None:
    """Give back whatever the procedure holds."""
    statements.delete(ResourceClaim, "procedure", procedure_id)


def _starter(procedure_id: int) -> str:
    started = ProcedureHistory.objects.filter(procedure_id=procedure_id, state=ProcedureState.RUNNING.value)
    return started.order_by("-sequence").values_list("who", flat=True).first() or ""
