"""Which trials a node takes: highest priority first, then the oldest, as long as it has what they need, and room."""

from collections.abc import Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Taken:
    """What a node has taken."""

    trials: Sequence[int] = ()
    has_passed_over: bool = False
    """There are waiting trials that another node was looking at, so this one has not."""


def dispatch(record: Recording, node: str, *, waits: bool = False) -> Taken:
    """Give this node every waiting trial that it has room for.

    Trials that another node is looking at are passed over, or, if it `waits`, looked at when that one is done.
    """
    if Node.objects.filter(name=node, draining_since__isnull=False).exists():
        return Taken()
    live = Trial.objects.filter(node=node, state__in=UNFINISHED_STATES).values_list("task__load", flat=True)
    loads, taken = list(live), []
    waiting = _waiting(waits=waits)
    for trial in waiting:
        if not _fits(trial, spec_of_task(trial.task), node):
            continue
        if loads and sum(loads) + trial.task.load > settings.OET.trial_load:
            break  # those behind it wait too: else small ones would keep a big one waiting for ever
        loads.append(trial.task.load)
        Procedure.objects.filter(trial_script__trial=trial).update(node=node)
        change_trial(record, trial, TrialState.DISPATCHING, datetime.now(UTC), node=node)
        taken.append(trial.pk)
    return Taken(taken, has_passed_over=_are_more_than(waiting) and not waits)


def _waiting(*, waits: bool) -> list[Trial]:
    rows = Trial.objects.filter(state=TrialState.PENDING.value).select_related("task", "retry_of")
    if connection.features.has_select_for_update:
        rows = rows.select_for_update(of=("self",), skip_locked=not waits)
    return list(rows.order_by("-priority", "pk"))


def _are_more_than(seen: Sequence[Trial]) -> bool:
    """Whether more trials wait, or waited a moment ago; only where rows are locked can some have been passed over."""
    if not connection.features.has_select_for_update:
        return False
    return Trial.objects.filter(state=TrialState.PENDING.value).exclude(pk__in=[t.pk for t in seen]).exists()


def _fits(trial: Trial, spec: TaskSpec, node: str) -> bool:
    """Whether this node has the traits; what takes over the files of another trial must run where these are."""
    if trial.retry_of is not None and trial.retry_of.node and trial.retry_of.node != node:
        return False
    return set(spec.traits) <= set(settings.OET.traits)
