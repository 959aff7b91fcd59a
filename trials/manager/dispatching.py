"""Which trials a node takes: highest priority first, then the oldest, as long as it has what they need, and room."""

from datetime import UTC, datetime

from django.conf import settings
from django.db import connection

from procedures.models import Node, Procedure
from procedures.recorder import Recording
from trials.domain.specification import TaskSpec
from trials.domain.states import TrialState
from trials.models import UNFINISHED_STATES, Trial
from trials.settling import change_trial
from trials.specifications import spec_of_task


def dispatch(record: Recording, node: str) -> list[int]:
    """Give this node every waiting trial that it has room for; their ids."""
    if Node.objects.filter(name=node, draining_since__isnull=False).exists():
        return []
    live = Trial.objects.filter(node=node, state__in=UNFINISHED_STATES).values_list("task__load", flat=True)
    loads, taken = list(live), []
    for trial in _waiting():
        if not _fits(trial, spec_of_task(trial.task), node):
            continue
        if loads and sum(loads) + trial.task.load > settings.OET.trial_load:
            break  # those behind it wait too: else small ones would keep a big one waiting for ever
        loads.append(trial.task.load)
        Procedure.objects.filter(trial_script__trial=trial).update(node=node)
        change_trial(record, trial, TrialState.DISPATCHING, datetime.now(UTC), node=node)
        taken.append(trial.pk)
    return taken


def _waiting() -> list[Trial]:
    rows = Trial.objects.filter(state=TrialState.PENDING.value).select_related("task", "retry_of")
    if connection.features.has_select_for_update:
        rows = rows.select_for_update(of=("self",), skip_locked=True)
    return list(rows.order_by("-priority", "pk"))


def _fits(trial: Trial, spec: TaskSpec, node: str) -> bool:
    """Whether this node has the traits; what takes over the files of another trial must run where these are."""
    if trial.retry_of is not None and trial.retry_of.node and trial.retry_of.node != node:
        return False
    return set(spec.traits) <= set(settings.OET.traits)
