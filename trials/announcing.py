"""What the event log tells of tasks and trials: `task.statechange`, `trial.statechange`, `trial.script.…`, `trial.issue`."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from procedures.recorder import Recording
from trials.domain.states import ScriptState
from trials.models import Task, Trial, TrialIssue, TrialScript

TASK_TOPIC = "task.statechange"
TRIAL_TOPIC = "trial.statechange"
SCRIPT_TOPIC = "trial.script.statechange"
KILL_TOPIC = "trial.script.kill"
ISSUE_TOPIC = "trial.issue"


def announce_task(record: Recording, task: Task, before: str, at: datetime) -> None:
    """The task has come about (`before` is empty) or changed its state."""
    said = {"task": task.pk, "name": task.name, "from": before, "to": task.state, "at": at.timestamp()}
    record.announce(TASK_TOPIC, said, at=at)


def announce_new_trial(record: Recording, trial: Trial, scripts: Iterable[TrialScript], at: datetime) -> None:
    """The trial has come about: with what lists show of it, and the scripts that are not pending."""
    states = {script.key: script.state for script in scripts}
    changed = {key: state for key, state in states.items() if state != ScriptState.PENDING}
    more = {"name": trial.task.name, "scripts": len(states), "states": changed}
    record.announce(TRIAL_TOPIC, {**_of_trial(trial, "", at), **more}, at=at)


def announce_trial(record: Recording, trial: Trial, before: str, at: datetime) -> None:
    """The trial has changed its state."""
    record.announce(TRIAL_TOPIC, _of_trial(trial, before, at), at=at)


def _of_trial(trial: Trial, before: str, at: datetime) -> dict[str, Any]:
    return {
        "task": trial.task_id,
        "trial": trial.pk,
        "number": trial.number,
        "from": before,
        "to": trial.state,
        "node": trial.node,
        "error": trial.error,
        "by": trial.abort_requested_by or trial.created_by,
        "started_at": seconds(trial.started_at),
        "finished_at": seconds(trial.finished_at),
        "at": at.timestamp(),
    }


def announce_script(record: Recording, trial: Trial, script: TrialScript, before: str, at: datetime) -> None:
    """A script of a trial has changed its state."""
    said = {
        **_of_script(trial, script),
        "from": before,
        "to": script.state,
        "reason": script.reason,
        "exit_status": script.exit_status,
        "eligible_at": seconds(script.eligible_at),
        "started_at": seconds(script.started_at),
        "finished_at": seconds(script.finished_at),
        "at": at.timestamp(),
    }
    record.announce(SCRIPT_TOPIC, said, procedure_id=script.procedure_id, at=at)


def announce_kill(record: Recording, trial: Trial, script: TrialScript, at: datetime) -> None:
    """A script of a trial is being ended."""
    said = {**_of_script(trial, script), "kill": script.kill, "at": at.timestamp()}
    record.announce(KILL_TOPIC, said, procedure_id=script.procedure_id, at=at)


def announce_issue(record: Recording, trial: Trial, issue: TrialIssue) -> None:
    """Something is wrong with a trial."""
    said: dict[str, Any] = {"task": trial.task_id, "trial": trial.pk, **issue_to_json(issue)}
    record.announce(ISSUE_TOPIC, said, at=issue.at)


def issue_to_json(issue: TrialIssue) -> dict[str, Any]:
    """What is shown of an issue."""
    return {
        "key": issue.script.key if issue.script is not None else None,
        "level": issue.level,
        "title": issue.title,
        "description": issue.description,
        "at": issue.at.timestamp(),
    }


def seconds(time: datetime | None) -> float | None:
    """Unix seconds."""
    return time.timestamp() if time else None


def _of_script(trial: Trial, script: TrialScript) -> dict[str, Any]:
    return {"task": trial.task_id, "trial": trial.pk, "key": script.key, "procedure": script.procedure_id}
