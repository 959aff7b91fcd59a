"""TrialService: what people and programs can ask for about tasks and trials. Each call is one transaction."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from django.conf import settings
from django.db import connection
from django.db.models import Model

from procedures.bells import Role, ring_at_commit
from procedures.domain.errors import InvalidInput
from procedures.domain.people import Actor, Right
from procedures.domain.scripts import FileSystemScript, GitScript
from procedures.git_scripts import check_git_script
from procedures.recorder import ConcurrentChange, Recording, recording
from procedures.script_files import resolve_script
from trials.creation import Retry, add_trials, create_task, settle_task
from trials.domain.errors import Code, Problem, SpecError
from trials.domain.parsing import parse_all
from trials.domain.retry import to_be_repeated
from trials.domain.specification import ScriptSpec, TaskSpec
from trials.domain.states import TERMINAL, UNFINISHED, ScriptState, TrialState
from trials.errors import BadSpecification, CannotRetry, Finished
from trials.models import UNFINISHED_STATES, Task, Trial
from trials.selectors import task_for, trial_for
from trials.settling import Settlement, change_trial
from trials.specifications import spec_of_task

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet

T = TypeVar("T")
M = TypeVar("M", bound=Model)

_TRIES = 5


class TrialService:
    """Create, retry and abort, on behalf of one Actor."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor

    def check(self, text: str) -> tuple[TaskSpec, ...]:
        """The tasks that a document describes; raises BadSpecification with all its errors, NotAllowed."""
        self.actor.require(Right.VIEW)
        return _specs(text)

    def create(self, text: str) -> list[Task]:
        """Create the tasks that a document describes, with their first trials. Raises BadSpecification, NotAllowed."""
        self._require_running()
        specs = _specs(text)
        now = datetime.now(UTC)
        with recording() as record:
            return [create_task(record, text, spec, self.actor.name, now) for spec in specs]

    def retry(self, task_id: int, *, only_not_passed: bool = False) -> Trial:
        """One more trial, whatever the limits say; perhaps without what has passed in the last one. Raises CannotRetry."""
        self._require_running()
        task_for(self.actor, task_id)
        with recording() as record:
            task = _lock(
                Task.objects.filter(pk=task_id)
            )  # as it is now: a manager may have moved it since it was looked for
            spec, now = spec_of_task(task), datetime.now(UTC)
            retry = _retry(task, spec) if only_not_passed else None
            trial = add_trials(record, task, spec, 1, now, self.actor.name, retry)[0]
            settle_task(record, task, now)
        return trial

    def abort_trial(self, trial_id: int) -> Trial:
        """Abort a trial; asking for it again changes nothing. Raises Finished, NoSuchTrial, NotAllowed."""
        self.actor.require(Right.STOP)
        trial_for(self.actor, trial_id)
        return self._again_if_moved(lambda record: self._abort(record, trial_id))

    def abort_task(self, task_id: int) -> Task:
        """Abort the unfinished trials of a task, and let it make no more of them. Raises Finished, NoSuchTask, NotAllowed."""
        self.actor.require(Right.STOP)
        task_for(self.actor, task_id)
        return self._again_if_moved(lambda record: self._abort_task(record, task_id))

    def _require_running(self) -> None:
        for right in (Right.PREPARE, Right.START):
            self.actor.require(right)

    def _again_if_moved(self, work: "Callable[[Recording], T]") -> T:
        """The manager may move on what is being aborted."""
        for attempt in range(_TRIES):
            try:
                with recording() as record:
                    return work(record)
            except ConcurrentChange:
                if attempt == _TRIES - 1:
                    raise
        raise AssertionError

    def _abort_task(self, record: Recording, task_id: int) -> Task:
        unfinished = Trial.objects.filter(task=task_id, state__in=UNFINISHED_STATES).order_by("id")
        for trial_id in unfinished.values_list("pk", flat=True):
            _lock(Trial.objects.filter(pk=trial_id))  # before their task, as whoever ends one of them
        task = _lock(Task.objects.filter(pk=task_id))
        trials = list(task.trials.filter(state__in=UNFINISHED_STATES).order_by("id"))
        if not trials and TrialState(task.state) not in UNFINISHED:
            raise Finished(f"task {task_id}", task.state)
        if task.aborted_at is None:
            task.aborted_at, task.aborted_by = datetime.now(UTC), self.actor.name
            Task.objects.filter(pk=task_id).update(aborted_at=task.aborted_at, aborted_by=task.aborted_by)
        for trial in trials:
            self._abort(record, trial.pk)
        task.refresh_from_db()
        settle_task(record, task, datetime.now(UTC))
        return task

    def _abort(self, record: Recording, trial_id: int) -> Trial:
        trial = _lock(Trial.objects.filter(pk=trial_id))
        state = TrialState(trial.state)
        if state not in UNFINISHED:
            raise Finished(f"trial {trial_id}", trial.state)
        if trial.abort_requested_at is not None:
            return trial
        asked = {"abort_requested_at": datetime.now(UTC), "abort_requested_by": self.actor.name}
        if state is TrialState.PENDING:
            return self._end_undispatched(record, trial_id, asked)
        change_trial(record, trial, TrialState.ABORTING, asked["abort_requested_at"], **asked)  # type: ignore[arg-type] # the first is a time
        ring_at_commit(Role.MANAGER)
        return trial

    def _end_undispatched(self, record: Recording, trial_id: int, asked: dict[str, Any]) -> Trial:
        """Nobody has begun with it: it is over at once, and every script skipped."""
        settlement = Settlement(record, "")
        trial, now = settlement.load(trial_id), asked["abort_requested_at"]
        trial.row.abort_requested_at, trial.row.abort_requested_by = now, asked["abort_requested_by"]
        Trial.objects.filter(pk=trial_id).update(**asked, is_abort_taken=True)
        for key, script in trial.scripts.items():
            if trial.states[key].state not in TERMINAL:
                settlement.skip(trial, script, "abort", now)
        settlement.finish(trial, TrialState.ABORTED, now)
        settlement.close()
        return trial.row


def _lock(rows: "QuerySet[M]") -> M:
    """The one row, locked where the database can."""
    return (rows.select_for_update() if connection.features.has_select_for_update else rows).get()


def _retry(task: Task, spec: TaskSpec) -> Retry:
    """What a retry of the last trial takes over; raises CannotRetry."""
    last = task.trials.order_by("-number").first()
    if last is None or TrialState(last.state) in UNFINISHED:
        raise CannotRetry(task.pk, f"trial {last.number} is {last.state}" if last else "it has no trial")
    scripts = {script.key: script for script in last.scripts.all()}
    repeated = to_be_repeated(spec, {key: ScriptState(script.state) for key, script in scripts.items()})
    if not repeated:
        raise CannotRetry(task.pk, f"every script of trial {last.number} has passed")
    taken_over = {key: script for key, script in scripts.items() if key not in repeated}
    if taken_over and last.removed_at is not None:
        raise CannotRetry(
            task.pk, f"the working directory of trial {last.number}, which holds their results, is removed"
        )
    return Retry(last, taken_over)


def _specs(text: str) -> tuple[TaskSpec, ...]:
    try:
        specs = parse_all(text, resource_templates=settings.OET.resources)
    except SpecError as error:
        raise BadSpecification(error.errors) from error
    problems = [
        problem
        for number, spec in enumerate(specs)
        for problem in _site_problems(spec, f"tasks.{number}." if len(specs) > 1 else "")
    ]
    if problems:
        raise BadSpecification(problems)
    return specs


def _site_problems(spec: TaskSpec, prefix: str) -> Sequence[Problem]:
    """What this site does not allow: files outside of its script roots, repositories that are not on its list."""
    problems: list[Problem] = []
    for key, script in spec.scripts.items():
        problems += _faults(f"{prefix}scripts.{key}.", script)
    if spec.git_args is not None:
        problems += _faults(prefix, ScriptSpec("", script=_as_script(spec)))
    return problems


def _as_script(spec: TaskSpec) -> dict[str, Any]:
    assert spec.git_args is not None
    args = {name: getattr(spec.git_args, name) for name in ("git_repo", "git_branch", "git_commit")}
    return {"script_type": "git", "script_uri": "git://any", "git_args": args}


def _faults(path: str, script: ScriptSpec) -> list[Problem]:
    executable = script.executable
    try:
        if isinstance(executable, FileSystemScript):
            resolve_script(executable.path, settings.OET.script_root_paths)
        elif isinstance(executable, GitScript):
            check_git_script(executable)
    except InvalidInput as invalid:
        return [
            Problem(
                path + (name if script.key else name.removeprefix("script.")), Code.INVALID_VALUE, words.rstrip(".")
            )
            for name, messages in invalid.errors.items()
            for words in messages
        ]
    return []
