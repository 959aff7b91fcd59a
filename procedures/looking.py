"""Looking at what a script does now: the stacks of its threads, taken while it runs."""

from typing import Any

from procedures.commanding import queue, wait_for_answer
from procedures.domain.errors import WrongState
from procedures.domain.people import Actor
from procedures.domain.states import FINAL
from procedures.models import Command
from procedures.nodes import require_manager
from procedures.recorder import recording
from procedures.selectors import procedure_for

TIMEOUT_S = 6.0
"""Asking the script takes a second at most, looking at it from outside two more."""


def look(actor: Actor, procedure_id: int) -> dict[str, Any]:
    """The stacks of all threads, as docs/rest-api.md describes them.

    Raises NoSuchProcedure, WrongState, NoManager, NoAnswer, NotAllowed. Looking changes nothing, so no trace of it is kept.
    """
    procedure = procedure_for(actor, procedure_id)
    if procedure.state in FINAL:
        raise WrongState(procedure.pk, procedure.state, "looked at", "Nothing of it runs any more.")
    require_manager(procedure, "looked at")
    with recording():
        queued = queue(actor, Command.Kind.LOOK, procedure)
    try:
        wait_for_answer(queued, TIMEOUT_S)
        seen = Command.objects.values_list("result", flat=True).get(pk=queued.pk)
        return {"procedure": procedure.pk, **(seen or {})}
    finally:
        Command.objects.filter(pk=queued.pk).delete()
