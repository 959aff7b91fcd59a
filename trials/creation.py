"""Making tasks and trials: all rows of a trial, its procedures included, in the recording of whoever wants it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings

from procedures.bells import Role, ring_at_commit
from procedures.domain.arguments import ProcedureInput
from procedures.domain.errors import InvalidInput
from procedures.domain.scripts import FileSystemScript, ShellScript
from procedures.models import Procedure
from procedures.recorder import Recording
from procedures.script_files import resolve_script
from procedures.service import PrepareProcessCommand, new_procedure
from trials.announcing import announce_new_trial, announce_task
from trials.domain.aggregation import new_trials, task_state
from trials.domain.specification import ScriptSpec, TaskSpec, script_to_json, task_to_json
from trials.domain.states import ScriptState, TrialState
from trials.models import Task, Trial, TrialIssue, TrialScript
from trials.specifications import spec_of_task

_MAX_TITLE_CHARACTERS = 200


@dataclass(frozen=True)
class Retry:
    """A trial that takes over what has passed in another one."""

    of: Trial
    taken_over: Mapping[str, TrialScript] = field(default_factory=dict)


def create_task(record: Recording, source: str, spec: TaskSpec, who: str, at: datetime) -> Task:
    """A task with its first trials."""
    task = Task.objects.create(
        key=spec.key,
        name=spec.name,
        description=spec.description,
        source=source,
        spec=task_to_json(spec),
        warnings=[warning.as_json() for warning in spec.warnings],
        aggregate_state=spec.aggregate_state,
        max_trials=spec.max_trials,
        eager_trials=spec.eager_trials,
        priority=spec.priority,
        load=spec.load,
        created_by=who,
        created_at=at,
    )
    announce_task(record, task, "", at)
    add_trials(record, task, spec, new_trials(spec, []), at)
    settle_task(record, task, at)
    return task


def settle_task(record: Recording, task: Task, at: datetime) -> None:
    """Bring a task up to date after a change of one of its trials: new trials first, then its own state."""
    spec = spec_of_task(task)
    states = _trial_states(task)
    if task.aborted_at is None and (count := new_trials(spec, states)):
        add_trials(record, task, spec, count, at)
        states = _trial_states(task)
    before, task.state = task.state, task_state(spec.aggregate_state, states).value
    if task.state != before:
        Task.objects.filter(pk=task.pk).update(state=task.state)
        announce_task(record, task, before, at)


def add_trials(
    record: Recording,
    task: Task,
    spec: TaskSpec,
    count: int,
    at: datetime,
    who: str = "",
    retry: Retry | None = None,
) -> list[Trial]:
    """So many new trials of a task; `who` is empty where they come about by themselves."""
    first = task.trials.count() + 1
    trials = []
    for number in range(first, first + count):
        trial = Trial.objects.create(
            task=task,
            number=number,
            priority=spec.priority,
            created_by=who,
            created_at=at,
            retry_of=retry.of if retry else None,
        )
        scripts = _add_scripts(record, trial, spec, task, retry)
        _add_warnings(trial, task, spec, scripts)
        announce_new_trial(record, trial, scripts.values(), at)
        trials.append(trial)
    if trials:
        ring_at_commit(Role.MANAGER)
    return trials


def _trial_states(task: Task) -> list[TrialState]:
    return [TrialState(state) for state in task.trials.order_by("number").values_list("state", flat=True)]


def _add_scripts(
    record: Recording, trial: Trial, spec: TaskSpec, task: Task, retry: Retry | None
) -> dict[str, TrialScript]:
    taken_over = retry.taken_over if retry else {}
    who = trial.created_by or task.created_by
    made = {key: _procedure(trial, script, who) for key, script in spec.scripts.items() if key not in taken_over}
    record.create_all([(procedure, _inputs(spec.scripts[key])) for key, procedure in made.items()])
    rows = [
        _script(trial, position, script, made.get(key), taken_over.get(key))
        for position, (key, script) in enumerate(spec.scripts.items())
    ]
    return {script.key: script for script in TrialScript.objects.bulk_create(rows, batch_size=200)}


def _procedure(trial: Trial, script: ScriptSpec, who: str) -> Procedure:
    """The procedure that a script of a trial is; where it runs is known when the trial is set up."""
    executable = script.executable or ShellScript(script.body, script.key)
    errand, path = {"function": _function(script)}, ""
    if isinstance(executable, FileSystemScript):
        try:
            path = str(resolve_script(executable.path, settings.OET.script_root_paths))
        except InvalidInput as refused:  # the site's rules were others when the task was created
            errand["refused"] = str(refused)
    wanted = PrepareProcessCommand(executable, {}, resources=[], timeout_s=script.timeout)
    procedure = new_procedure(wanted, path=path, node="", who=who, at=trial.created_at)
    procedure.errand = errand
    procedure.part_of = {"task": trial.task_id, "trial": trial.pk, "key": script.key}
    return procedure


def _function(script: ScriptSpec) -> str:
    return script.function if script.script is not None else "main"


def _inputs(script: ScriptSpec) -> Mapping[str, ProcedureInput]:
    """What a Python procedure is called with, as far as anything was given."""
    if script.script is None:
        return {}
    return {name: call for name, call in script.inputs.items() if call.args or call.kwargs}


def _script(
    trial: Trial, position: int, script: ScriptSpec, procedure: Procedure | None, earlier: TrialScript | None
) -> TrialScript:
    row = TrialScript(
        trial=trial,
        key=script.key,
        position=position,
        name=script.name,
        spec=script_to_json(script),
        procedure=procedure,
    )
    if earlier is not None:
        row.state = ScriptState.PASSED.value
        row.reason = f"taken over from trial {earlier.trial_id}"
        row.exit_status, row.environment, row.resource = earlier.exit_status, earlier.environment, earlier.resource
    return row


def _add_warnings(trial: Trial, task: Task, spec: TaskSpec, scripts: Mapping[str, TrialScript]) -> None:
    """What the document is warned of, as issues; a script's own where the path of the warning names it."""
    warnings: Sequence[Mapping[str, Any]] = task.warnings
    issues = [
        TrialIssue(
            trial=trial,
            script=next((scripts[key] for key in spec.scripts if f"scripts.{key}." in f"{warning['path']}."), None),
            level=TrialIssue.Level.WARNING,
            title=f"{warning['path']}: {warning['message']}"[:_MAX_TITLE_CHARACTERS],
            description=str(warning["hint"]),
            at=trial.created_at,
        )
        for warning in warnings
    ]
    TrialIssue.objects.bulk_create(issues, ignore_conflicts=True)
