"""Trials whose node is gone: nobody is left there to end them, so somebody else writes down that they are lost."""

import logging
from datetime import UTC, datetime, timedelta

from procedures.domain.states import ProcedureState
from procedures.models import Command, Node
from procedures.moves import Move
from procedures.recorder import Recording, recording
from trials.domain.states import ScriptState, TrialState
from trials.models import UNFINISHED_STATES, Trial
from trials.settling import LiveTrial, Settlement

log = logging.getLogger(__name__)

GONE_AFTER = timedelta(minutes=3)
_LATE = timedelta(days=3650)
LOST = "its node is lost: no heartbeat for 3 minutes"


def bury_lost_trials(now: datetime | None = None) -> list[int]:
    """Declare trials on nodes without heartbeat defective; their ids."""
    now = now or datetime.now(UTC)
    alive = Node.objects.filter(heartbeat_at__gte=now - GONE_AFTER).values_list("name", flat=True)
    lost = Trial.objects.filter(state__in=UNFINISHED_STATES).exclude(node="").exclude(node__in=list(alive))
    ids = list(lost.order_by("id").values_list("pk", flat=True))
    for trial_id in ids:
        with recording() as record:
            _bury(record, trial_id, now)
    return ids


def _bury(record: Recording, trial_id: int, now: datetime) -> None:
    node = Trial.objects.values_list("node", flat=True).get(pk=trial_id)
    settlement = Settlement(record, node)
    trial = settlement.load(trial_id)
    log.warning("trial %s is lost with its node %s", trial_id, node)
    for key, script in trial.scripts.items():
        match trial.states[key].state:
            case ScriptState.PENDING:
                settlement.skip(trial, script, LOST, now)
            case ScriptState.WAITING | ScriptState.EXECUTING:
                _end(record, trial, key, now)
                settlement.end_unstarted(trial, script, LOST, now)
    settlement.note_issue(trial, None, "its node is lost", LOST, now)
    settlement.finish(trial, TrialState.DEFECTIVE, now, LOST)
    settlement.close()


def _end(record: Recording, trial: LiveTrial, key: str, now: datetime) -> None:
    """Whether its process lives nobody knows; whoever manages that node next is to see to it that it does not."""
    procedure_id = trial.scripts[key].procedure_id
    if procedure_id is None:
        return
    procedure = record.procedure(procedure_id)
    if procedure.state in {ProcedureState.CREATING, ProcedureState.UNKNOWN}:
        return
    record.move(procedure_id, Move(ProcedureState.UNKNOWN, now, cause=LOST))
    arguments = {"grace": 0, "abort": False}
    record.order(Command.Kind.STOP, procedure, arguments, who=f"trial {trial.row.pk}, lost", expires_at=now + _LATE)
