"""Carries out what the scheduler decides, inside the transaction in which something has happened.

A `Settlement` is told one event after the other (`end`, `time_out`, `abort`, `begin`) and evaluates after each until nothing is decided
any more, in that trial and in those that its resources concern. `close` writes what has changed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from procedures import statements
from procedures.claims import SITE
from procedures.domain.durations import in_words
from procedures.domain.errors import ResourceHeld
from procedures.domain.states import FINAL, ProcedureState
from procedures.models import Command, Procedure, ResourceClaim
from procedures.moves import Move
from procedures.recorder import ConcurrentChange, Recording
from trials.announcing import announce_issue, announce_kill, announce_script, announce_trial
from trials.creation import settle_task
from trials.domain.aggregation import trial_state
from trials.domain.ledger import ResourceLedger
from trials.domain.outcome import Ending, outcome
from trials.domain.rendering import SITE as SITE_PREFIX
from trials.domain.scheduler import step
from trials.domain.specification import TaskSpec
from trials.domain.states import (
    TERMINAL,
    TRANSITIONS,
    UNFINISHED,
    Decision,
    Kill,
    ScriptRef,
    ScriptState,
    ScriptStatus,
    TrialState,
)
from trials.models import UNFINISHED_STATES, Task, Trial, TrialIssue, TrialScript
from trials.specifications import resources_of_scripts, spec_of_trial

STOPPING_TOPIC = "procedure.stopping"
_LATE = timedelta(days=3650)
"""A stop that was decided is carried out whenever the manager of the node is back."""
_OUTSIDE = 0
"""In place of a trial, for whoever holds a resource and is no script of a trial."""
_LARGE = ("spec", "environment")
"""Columns of TrialScript that no transition needs."""


class ForbiddenMove(Exception):
    """A transition of a script that is not in the table."""

    def __init__(self, script: TrialScript, wanted: ScriptState) -> None:
        super().__init__(f"script {script.key} of trial {script.trial_id} is {script.state}; {wanted} cannot follow")


@dataclass
class LiveTrial:
    """A trial with its scripts, as this settlement leaves them."""

    row: Trial
    spec: TaskSpec
    scripts: dict[str, TrialScript]
    states: dict[str, ScriptStatus]
    stored: dict[str, str] = field(default_factory=dict)
    """State, as it is stored, of each script that has changed."""

    @property
    def is_aborting(self) -> bool:
        """An abort was asked for."""
        return self.row.abort_requested_at is not None

    @property
    def is_set_up(self) -> bool:
        """Its scripts may start."""
        return self.row.started_at is not None and TrialState(self.row.state) in UNFINISHED


class Settlement:
    """What one transaction does to the trials of one node."""

    def __init__(self, record: Recording, node: str, unreleased: Iterable[Procedure] = ()) -> None:
        """`unreleased` have given back their resources in this recording; here they hold them until their end is told."""
        self._record = record
        self._node = node
        self._unreleased = list(unreleased)
        self._trials: dict[int, LiveTrial] = {}
        self._ledger: ResourceLedger | None = None

    # --- events

    def end(
        self, trial_id: int, key: str, ending: Ending, at: datetime, *, is_gone: bool, exit_status: int | None
    ) -> None:
        """The process of a script has ended, or will never be there. If it `is_gone` its resources are free, else they stay taken."""
        trial = self.load(trial_id)
        script = trial.scripts[key]
        state = ScriptState(script.state)
        if state is ScriptState.EXECUTING:
            after, reason = outcome(trial.states[key].kill, ending)
            script.finished_at = at
            script.exit_status = exit_status if after in {ScriptState.PASSED, ScriptState.FAILED} else None
            self._move(trial, script, after, reason, at)
            if after is ScriptState.DEFECTIVE and (reason != "timeout" or not is_gone):
                why = ending.could_not_run or reason
                self.note_issue(trial, script, why.partition("\n")[0], why, at)
        elif state not in TERMINAL:
            after = ScriptState.SKIPPED if ending.stopped_by_operator else ScriptState.DEFECTIVE
            self._move(trial, script, after, "operator" if ending.stopped_by_operator else ending.could_not_run, at)
        if is_gone and self._ledger is not None:
            self._ledger.release(ScriptRef(trial_id, key), script.resource)
        self.settle(trial_id, at)

    def abort(self, trial_id: int, who: str, at: datetime) -> None:
        """Everything is being stopped: nothing of the trial may start by itself after that."""
        trial = self.load(trial_id)
        if TrialState(trial.row.state) in UNFINISHED and not trial.is_aborting:
            asked = {"abort_requested_at": at, "abort_requested_by": who, "is_abort_taken": True}
            change_trial(self._record, trial.row, TrialState.ABORTING, at, **asked)

    def free(self, procedure: Procedure, at: datetime) -> None:
        """A procedure that is no part of a trial has given back what it held."""
        names = [SITE_PREFIX + name for name in procedure.resources]
        self.ledger.release(_outside(procedure.pk), names)
        self._settle_woken(at)

    def time_out(self, trial_id: int, key: str, at: datetime) -> None:
        """The deadline of a script has come; whoever tells it sees to its end."""
        trial = self.load(trial_id)
        script = trial.scripts[key]
        if trial.states[key] == (ScriptState.EXECUTING, None):
            self._set_kill(trial, script, "timeout", at)
            timeout = in_words(trial.spec.scripts[key].timeout)
            words = f"it is out of time: its timeout is {timeout}, counted from its start; it is being ended"
            self.note_issue(trial, script, f"timed out after {timeout}", words, at)
        self.settle(trial_id, at)

    def settle(self, trial_id: int, at: datetime) -> None:
        """Evaluate until nothing is decided any more."""
        self._evaluate(self.load(trial_id), at)
        self._settle_woken(at)

    def _settle_woken(self, at: datetime) -> None:
        while self._ledger is not None and any(
            [self._evaluate(self.load(number), at) for number in self._ledger.woken]  # noqa: C419 - each of them, not up to the first
        ):
            pass

    # --- what is known

    def load(self, trial_id: int) -> LiveTrial:
        """A trial; locked, where the database can."""
        known = self._trials.get(trial_id)
        if known is not None:
            return known
        rows = Trial.objects.select_related("task").filter(pk=trial_id)
        if connection.features.has_select_for_update:
            rows = rows.select_for_update(of=("self",))
        row = rows.get()
        scripts = {script.key: script for script in row.scripts.order_by("position").defer(*_LARGE)}
        for script in scripts.values():
            script.trial = row
        states = {key: ScriptStatus(ScriptState(s.state), _kill(s.kill)) for key, s in scripts.items()}
        trial = LiveTrial(row, spec_of_trial(row, resources_of_scripts(scripts)), scripts, states)
        self._trials[trial_id] = trial
        if self._ledger is None and any(script.resource for script in scripts.values()):
            self._read_ledger()
        return trial

    @property
    def ledger(self) -> ResourceLedger:
        """Who holds and who waits for the resources that scripts of this node may need."""
        if self._ledger is None:
            self._read_ledger()
        assert self._ledger is not None
        return self._ledger

    def _read_ledger(self) -> None:
        self._ledger = ledger = ResourceLedger()
        claims = ResourceClaim.objects.filter(scope__in=(self._node, SITE))
        for scope, name, procedure_id, part_of in claims.values_list(
            "scope", "name", "procedure_id", "procedure__part_of"
        ):
            ledger.take(_ref(procedure_id, part_of), [SITE_PREFIX + name if scope == SITE else name])
        for procedure in self._unreleased:
            names = procedure.resources if procedure.part_of else [SITE_PREFIX + name for name in procedure.resources]
            free = [name for name in names if name not in ledger.resources.held]
            ledger.take(_ref(procedure.pk, procedure.part_of), free)
        waiting = TrialScript.objects.filter(
            state=ScriptState.WAITING.value, trial__node=self._node, trial__state__in=UNFINISHED_STATES
        )
        for trial_id, key, names in waiting.order_by("eligible_at", "position").values_list(
            "trial_id", "key", "resource"
        ):
            ledger.queue(ScriptRef(trial_id, key), names)

    # --- decisions

    def _evaluate(self, trial: LiveTrial, at: datetime) -> bool:
        """Carry out all that is due in one trial; whether there was anything."""
        if not trial.is_set_up:
            return False
        has_changed = False
        resources = (self._ledger or ResourceLedger()).resources
        while decisions := step(trial.spec, trial.row.pk, trial.states, resources, aborting=trial.is_aborting):
            has_changed = True
            for decision in decisions:
                self._carry_out(trial, decision, max(at, datetime.now(UTC)))
        if all(status.state in TERMINAL for status in trial.states.values()):
            self.finish(trial, trial_state(trial.spec, trial.states, aborting=trial.is_aborting), at)
        return has_changed

    def _carry_out(self, trial: LiveTrial, decision: Decision, now: datetime) -> None:
        script = trial.scripts[decision.key]
        ref = ScriptRef(trial.row.pk, decision.key)
        if decision.act == "kill":
            self._kill(trial, script, "abort" if decision.reason == "abort" else "terminate_when", now)
        elif decision.act == "skip":
            self.skip(trial, script, decision.reason, now)
        elif decision.act == "wait":
            self.ledger.queue(ref, script.resource)
            script.eligible_at = now
            self._move(trial, script, ScriptState.WAITING, "", now)
        else:
            self._start(trial, script, now)

    def skip(self, trial: LiveTrial, script: TrialScript, reason: str, now: datetime) -> None:
        """It never starts."""
        if script.procedure_id is not None:
            procedure = self._record.procedure(script.procedure_id)
            if procedure.state == ProcedureState.CREATING:
                self._record.move(procedure.pk, Move(ProcedureState.STOPPED, now, cause=reason, who=_who(trial)))
        self._move(trial, script, ScriptState.SKIPPED, reason, now)

    def end_unstarted(self, trial: LiveTrial, script: TrialScript, why: str, now: datetime) -> None:
        """It is defective without its process having ended: there never was one, or nobody can see it."""
        if script.procedure_id is not None:
            procedure = self._record.procedure(script.procedure_id)
            if procedure.state == ProcedureState.CREATING:
                self._record.move(procedure.pk, Move(ProcedureState.FAILED, now, cause=why, who=_who(trial)))
        if script.started_at is not None:
            script.finished_at = now
        self._move(trial, script, ScriptState.DEFECTIVE, why, now)
        self.note_issue(trial, script, why, why, now)

    def _start(self, trial: LiveTrial, script: TrialScript, now: datetime) -> None:
        """Take the resource, and have the process made; in this one transaction."""
        assert script.procedure_id is not None, "what was taken over has passed"
        if script.resource:
            self.ledger.take(ScriptRef(trial.row.pk, script.key), script.resource)
            self._claim(script.procedure_id, script.resource, now)
        script.eligible_at = script.eligible_at or now
        script.started_at = now
        self._move(trial, script, ScriptState.EXECUTING, "", now)
        deadline_at = now + timedelta(seconds=trial.spec.scripts[script.key].timeout)
        self._record.change(script.procedure_id, deadline_at=deadline_at)
        procedure = self._record.procedure(script.procedure_id)
        self._record.order(Command.Kind.PREPARE, procedure, {}, who=_who(trial), expires_at=deadline_at)

    def _claim(self, procedure_id: int, names: list[str], now: datetime) -> None:
        for scope, wanted in (
            (SITE, [name.removeprefix(SITE_PREFIX) for name in names if name.startswith(SITE_PREFIX)]),
            (self._node, [name for name in names if not name.startswith(SITE_PREFIX)]),
        ):
            try:
                self._record.claim(procedure_id, scope, wanted, now)
            except ResourceHeld as held:  # another node was faster: look again
                raise ConcurrentChange(str(held)) from held

    def _kill(self, trial: LiveTrial, script: TrialScript, kill: Kill, now: datetime) -> None:
        self._set_kill(trial, script, kill, now)
        assert script.procedure_id is not None
        procedure = self._record.procedure(script.procedure_id)
        if ProcedureState(procedure.state) in FINAL:
            return
        who = f"{_who(trial)}, {kill}"
        if procedure.stop_asked_at is None or procedure.state == ProcedureState.UNKNOWN:
            grace_s = settings.OET.grace
            self._record.change(procedure.pk, stop_asked_at=now, stop_asked_by=who, stop_grace_s=grace_s)
            said: dict[str, Any] = {"by": who, "grace_s": grace_s, "abort": False}
            self._record.announce(STOPPING_TOPIC, said, procedure_id=procedure.pk, at=now)
        arguments = {"grace": None, "abort": False}
        self._record.order(Command.Kind.STOP, procedure, arguments, who=who, expires_at=now + _LATE)

    def _set_kill(self, trial: LiveTrial, script: TrialScript, kill: Kill, now: datetime) -> None:
        trial.stored.setdefault(script.key, script.state)
        script.kill = kill
        trial.states[script.key] = ScriptStatus(trial.states[script.key].state, kill)
        announce_kill(self._record, trial.row, script, now)

    def _move(self, trial: LiveTrial, script: TrialScript, after: ScriptState, reason: str, at: datetime) -> None:
        before = ScriptState(script.state)
        if after not in TRANSITIONS[before]:
            raise ForbiddenMove(script, after)
        trial.stored.setdefault(script.key, before.value)
        script.state, script.reason = after.value, reason
        trial.states[script.key] = ScriptStatus(after, trial.states[script.key].kill)
        if after in TERMINAL and self._ledger is not None:
            self._ledger.leave(ScriptRef(trial.row.pk, script.key), script.resource)
        announce_script(self._record, trial.row, script, before.value, at)

    # --- the trial as a whole

    def finish(self, trial: LiveTrial, state: TrialState, at: datetime, error: str = "") -> None:
        """The trial is over."""
        now = max(at, datetime.now(UTC))
        self._write_scripts(trial)
        change_trial(self._record, trial.row, state, now, finished_at=now, **({"error": error} if error else {}))

    def note_issue(
        self,
        trial: LiveTrial,
        script: TrialScript | None,
        title: str,
        description: str,
        at: datetime,
        *,
        level: str = "error",
    ) -> None:
        """Store an issue, once."""
        title = title[:200]
        known = TrialIssue.objects.filter(trial=trial.row, script=script, level=level, title=title)
        if not known.exists():
            issue = TrialIssue.objects.create(
                trial=trial.row, script=script, level=level, title=title, description=description, at=at
            )
            announce_issue(self._record, trial.row, issue)

    def close(self) -> None:
        """Write down what has changed."""
        for trial in self._trials.values():
            self._write_scripts(trial)

    def _write_scripts(self, trial: LiveTrial) -> None:
        for key, stored in trial.stored.items():
            script = trial.scripts[key]
            columns = {name: getattr(script, name) for name in _WRITTEN}
            if not statements.update(TrialScript, script.pk, stored, columns):
                raise ConcurrentChange(f"script {key} of trial {trial.row.pk}")
        trial.stored.clear()


_WRITTEN = ("state", "reason", "kill", "exit_status", "eligible_at", "started_at", "finished_at")


def change_trial(record: Recording, trial: Trial, state: TrialState, at: datetime, **columns: Any) -> None:
    """Move a trial on, and its task with it; raises ConcurrentChange where it has been moved meanwhile."""
    before, trial.state = trial.state, state.value
    for name, value in columns.items():
        setattr(trial, name, value)
    if not statements.update(Trial, trial.pk, before, {"state": state.value, **columns}):
        raise ConcurrentChange(f"trial {trial.pk}")
    if before != state.value:
        announce_trial(record, trial, before, at)
        task = Task.objects.filter(pk=trial.task_id).defer("source", "spec", "warnings")
        settle_task(record, (task.select_for_update() if connection.features.has_select_for_update else task).get(), at)


def _who(trial: LiveTrial) -> str:
    return f"trial {trial.row.pk}"


def _kill(text: str | None) -> Kill:
    assert text is None or text in {"terminate_when", "abort", "timeout"}
    return text  # type: ignore[return-value] # one of the three


def _ref(procedure_id: int, part_of: dict[str, Any] | None) -> ScriptRef:
    return ScriptRef(part_of["trial"], part_of["key"]) if part_of else _outside(procedure_id)


def _outside(procedure_id: int) -> ScriptRef:
    return ScriptRef(_OUTSIDE, f"procedure {procedure_id}")
