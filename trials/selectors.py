"""Finding tasks and trials, and what is shown of them. Every query for a person goes through here, with the permission in it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from procedures.domain.people import Actor, Right
from procedures.keyset import page
from trials.announcing import issue_to_json, seconds
from trials.domain.states import TrialState
from trials.errors import NoSuchTask, NoSuchTrial
from trials.models import Task, Trial, TrialIssue, TrialScript

_MAX_ID = 2**63 - 1


@dataclass(frozen=True)
class Narrowing:
    """What a list of tasks or trials is narrowed to."""

    states: Sequence[TrialState] = ()
    task_id: int | None = None
    who: str = ""
    before_id: int | None = None
    after_id: int | None = None


def tasks_for(actor: Actor) -> QuerySet[Task]:
    """The tasks that `actor` may see; raises NotAllowed if that is none by right."""
    actor.require(Right.VIEW)
    return Task.objects.all()


def trials_for(actor: Actor) -> QuerySet[Trial]:
    """The trials that `actor` may see; raises NotAllowed if that is none by right."""
    actor.require(Right.VIEW)
    return Trial.objects.select_related("task").defer("task__source", "task__spec")


def task_for(actor: Actor, task_id: int) -> Task:
    """One task; raises NoSuchTask."""
    found = tasks_for(actor).filter(pk=min(task_id, _MAX_ID)).first()
    if found is None:
        raise NoSuchTask(task_id)
    return found


def trial_for(actor: Actor, trial_id: int) -> Trial:
    """One trial; raises NoSuchTrial."""
    found = trials_for(actor).filter(pk=min(trial_id, _MAX_ID)).first()
    if found is None:
        raise NoSuchTrial(trial_id)
    return found


def find_tasks(actor: Actor, wanted: Narrowing, limit: int) -> list[Task]:
    """At most `limit` tasks, newest last: the newest, or those next to `before_id` or `after_id`."""
    return _page(tasks_for(actor).defer("source", "spec"), wanted, limit)


def find_trials(actor: Actor, wanted: Narrowing, limit: int) -> list[Trial]:
    """At most `limit` trials, newest last: the newest, or those next to `before_id` or `after_id`."""
    rows = trials_for(actor)
    if wanted.task_id is not None:
        rows = rows.filter(task_id=wanted.task_id)
    return _page(rows, wanted, limit)


def _page(rows: "QuerySet[Any]", wanted: Narrowing, limit: int) -> list[Any]:
    if wanted.states:
        rows = rows.filter(state__in=wanted.states)
    if wanted.who:
        rows = rows.filter(created_by=wanted.who)
    return page(rows, limit, before_id=wanted.before_id, after_id=wanted.after_id)


# --- what is shown


def task_summaries(tasks: Iterable[Task]) -> list[dict[str, Any]]:
    """What lists show of tasks, with one query for all their trials."""
    tasks = list(tasks)
    trials: dict[int, list[dict[str, Any]]] = defaultdict(list)
    rows = Trial.objects.filter(task_id__in=[task.pk for task in tasks]).order_by("number")
    for trial in rows.only("id", "task_id", "number", "state", "started_at", "finished_at"):
        trials[trial.task_id].append(
            {
                "id": trial.pk,
                "number": trial.number,
                "state": trial.state,
                "started_at": seconds(trial.started_at),
                "finished_at": seconds(trial.finished_at),
            }
        )
    return [_task_summary(task) | {"trials": trials[task.pk]} for task in tasks]


def task_detail(task: Task) -> dict[str, Any]:
    """A task with its document, as written and resolved."""
    return task_summaries([task])[0] | {
        "description": task.description,
        "source": task.source,
        "spec": task.spec,
        "warnings": task.warnings,
    }


def _task_summary(task: Task) -> dict[str, Any]:
    return {
        "id": task.pk,
        "key": task.key,
        "name": task.name,
        "state": task.state,
        "aggregate_state": task.aggregate_state,
        "max_trials": task.max_trials,
        "eager_trials": task.eager_trials,
        "priority": task.priority,
        "load": task.load,
        "created_by": task.created_by,
        "created_at": task.created_at.timestamp(),
        "aborted_by": task.aborted_by,
        "aborted_at": seconds(task.aborted_at),
    }


def trial_summaries(trials: Iterable[Trial]) -> list[dict[str, Any]]:
    """What lists show of trials, with one query for all their scripts; `counts` has the scripts by state."""
    trials = list(trials)
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    rows = TrialScript.objects.filter(trial_id__in=[trial.pk for trial in trials])
    for trial_id, state in rows.order_by().values_list("trial_id", "state"):
        counts[trial_id][state] += 1
    return [_trial_summary(trial) | {"counts": dict(sorted(counts[trial.pk].items()))} for trial in trials]


def trial_detail(trial: Trial) -> dict[str, Any]:
    """A trial with its scripts and issues."""
    issues: dict[int | None, list[dict[str, Any]]] = defaultdict(list)
    for issue in TrialIssue.objects.filter(trial=trial).select_related("script").order_by("id"):
        issues[issue.script_id].append(issue_to_json(issue))
    return trial_summaries([trial])[0] | {
        "scripts": [script_to_json(script) | {"issues": issues[script.pk]} for script in scripts_of(trial)],
        "issues": issues[None],
    }


def scripts_of(trial: Trial) -> list[TrialScript]:
    """The scripts of a trial in their order, each with what its procedure has printed last."""
    columns = ("state", "stop_asked_at", "deadline_at", "last_line", "output_lines")
    rows = trial.scripts.select_related("procedure").order_by("position")
    return list(rows.only(*_SCRIPT_COLUMNS, *(f"procedure__{name}" for name in columns)))


_SCRIPT_COLUMNS = (
    *("trial_id", "key", "name", "state", "reason", "kill", "exit_status", "resource", "eligible_at", "started_at"),
    *("finished_at", "position", "procedure_id"),
)


def script_to_json(script: TrialScript) -> dict[str, Any]:
    """What is shown of one script of a trial."""
    procedure = script.procedure
    return {
        "key": script.key,
        "name": script.name,
        "state": script.state,
        "reason": script.reason,
        "kill": script.kill,
        "exit_status": script.exit_status,
        "resource": script.resource,
        "eligible_at": seconds(script.eligible_at),
        "started_at": seconds(script.started_at),
        "finished_at": seconds(script.finished_at),
        "procedure": script.procedure_id,
        "procedure_state": procedure.state if procedure else None,
        "deadline_at": seconds(procedure.deadline_at) if procedure else None,
        "last_line": procedure.last_line if procedure else "",
        "output_lines": procedure.output_lines if procedure else 0,
    }


def _trial_summary(trial: Trial) -> dict[str, Any]:
    return {
        "id": trial.pk,
        "task": trial.task_id,
        "task_name": trial.task.name,
        "number": trial.number,
        "state": trial.state,
        "node": trial.node,
        "working_dir": trial.working_dir,
        "ports": trial.ports,
        "created_by": trial.created_by,
        "created_at": trial.created_at.timestamp(),
        "started_at": seconds(trial.started_at),
        "finished_at": seconds(trial.finished_at),
        "abort_requested_by": trial.abort_requested_by,
        "abort_requested_at": seconds(trial.abort_requested_at),
        "retry_of": trial.retry_of_id,
        "removed_at": seconds(trial.removed_at),
        "error": trial.error,
    }
