"""The transactions around a set-up: what is read for it, and what becomes of the trial after it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from procedures import statements
from procedures.domain.states import ProcedureState
from procedures.models import Procedure
from procedures.recorder import Recording
from trials.domain.rendering import Rendered
from trials.domain.specification import TaskSpec
from trials.domain.states import TERMINAL, UNFINISHED, ScriptState, TrialState
from trials.models import UNFINISHED_STATES, Trial, TrialIssue, TrialScript
from trials.settling import LiveTrial, Settlement, change_trial
from trials.specifications import spec_of_task


@dataclass(frozen=True)
class Plan:
    """What is to be set up."""

    trial_id: int
    task_id: int
    node: str
    who: str
    spec: TaskSpec
    procedures: Mapping[str, int]
    """Ids of the procedures of the scripts that will run, by key."""
    copies: int | None
    """The trial whose working directory is taken over."""

    @property
    def is_wanted_after_abort(self) -> bool:
        """Whether some script may start although the trial is aborted."""
        return any(self.spec.scripts[key].ignore_abort for key in self.procedures)


@dataclass
class Outfit:
    """What a trial is given."""

    folder: Path
    ports: dict[str, int] = field(default_factory=dict)
    scripts: dict[str, Rendered] = field(default_factory=dict)
    unknown_in_templates: dict[str, list[str]] = field(default_factory=dict)


def read_plan(trial_id: int) -> Plan | None:
    """What is to be set up; None if that is not wanted any more."""
    trial = Trial.objects.select_related("task").get(pk=trial_id)
    if TrialState(trial.state) not in UNFINISHED or trial.started_at is not None:
        return None
    scripts = list(trial.scripts.values_list("key", "procedure_id"))
    has_taken_over = any(procedure_id is None for _, procedure_id in scripts)
    return Plan(
        trial.pk,
        trial.task_id,
        trial.node,
        trial.created_by or trial.task.created_by,
        spec_of_task(trial.task),
        {key: procedure_id for key, procedure_id in scripts if procedure_id is not None},
        trial.retry_of_id if has_taken_over else None,
    )


def ports_taken(plan: Plan) -> set[int]:
    """The ports that live trials of the node hold."""
    others = Trial.objects.filter(node=plan.node, state__in=UNFINISHED_STATES).exclude(pk=plan.trial_id)
    return {int(port) for ports in others.values_list("ports", flat=True) for port in ports.values()}


def hold_ports(_record: Recording, trial_id: int, ports: Mapping[str, int]) -> None:
    """From now on the trial has these."""
    Trial.objects.filter(pk=trial_id).update(ports=dict(ports))


def begin(record: Recording, trial_id: int, plan: Plan, outfit: Outfit) -> None:
    """It is set up: its scripts may start."""
    if not Trial.objects.filter(pk=trial_id, state__in=UNFINISHED_STATES, started_at__isnull=True).exists():
        return
    _write_scripts(trial_id, plan, outfit)
    settlement = Settlement(record, plan.node)
    trial, now = settlement.load(trial_id), datetime.now(UTC)
    _warn(settlement, trial, outfit, now)
    state = TrialState.ABORTING if trial.is_aborting else TrialState.EXECUTING
    change_trial(record, trial.row, state, now, started_at=now, working_dir=str(outfit.folder), ports=outfit.ports)
    settlement.settle(trial_id, now)
    settlement.close()


def fail(record: Recording, trial_id: int, error: str, scripts: Mapping[str, str]) -> None:
    """It cannot be set up: it is defective, and no script stays pending."""
    trial, settlement, now = _load(record, trial_id)
    if TrialState(trial.row.state) not in UNFINISHED:
        return
    for key, script in trial.scripts.items():
        if trial.states[key].state in TERMINAL:
            continue
        if key in scripts:
            settlement.end_unstarted(trial, script, scripts[key], now)
        else:
            settlement.skip(trial, script, "setup", now)
    settlement.note_issue(trial, None, "it could not be set up", error, now)
    settlement.finish(trial, TrialState.DEFECTIVE, now, error)
    settlement.close()


def give_up(record: Recording, trial_id: int) -> None:
    """It was aborted while it was being set up."""
    trial, settlement, now = _load(record, trial_id)
    if TrialState(trial.row.state) not in UNFINISHED:
        return
    for key, script in trial.scripts.items():
        if trial.states[key].state not in TERMINAL:
            settlement.skip(trial, script, "abort", now)
    settlement.finish(trial, TrialState.ABORTED, now)
    settlement.close()


def _load(record: Recording, trial_id: int) -> tuple[LiveTrial, Settlement, datetime]:
    node = Trial.objects.values_list("node", flat=True).get(pk=trial_id)
    settlement = Settlement(record, node)
    return settlement.load(trial_id), settlement, datetime.now(UTC)


def _write_scripts(trial_id: int, plan: Plan, outfit: Outfit) -> None:
    """What was rendered, where it is needed: with the scripts, and with the procedures that they are."""
    scripts = list(TrialScript.objects.filter(trial_id=trial_id, state=ScriptState.PENDING.value).only("key"))
    for script in scripts:
        rendered = outfit.scripts[script.key]
        given = {"resource": list(rendered.resources), "environment": dict(rendered.environment)}
        statements.update(TrialScript, script.pk, ScriptState.PENDING.value, given)
    keys = {procedure_id: key for key, procedure_id in plan.procedures.items()}
    procedures = list(Procedure.objects.filter(pk__in=keys).only("errand", "resources"))
    for procedure in procedures:
        rendered = outfit.scripts[keys[procedure.pk]]
        told: dict[str, Any] = {"folder": str(outfit.folder), "environment": dict(rendered.environment)}
        told = {**(procedure.errand or {}), **told, "removed": sorted(rendered.removed)}
        given = {"errand": told, "resources": list(rendered.resources)}
        statements.update(Procedure, procedure.pk, ProcedureState.CREATING.value, given)


def _warn(settlement: Settlement, trial: LiveTrial, outfit: Outfit, now: datetime) -> None:
    for name, unknown in outfit.unknown_in_templates.items():
        for variable in unknown:
            title, words = f"template {name}: {variable} is unknown", "nothing was put in its place"
            settlement.note_issue(trial, None, title, words, now, level=TrialIssue.Level.WARNING.value)
    for key, rendered in outfit.scripts.items():
        for variable in rendered.unknown:
            words = "a template names it, and nobody sets it; nothing was put in its place"
            level = TrialIssue.Level.WARNING.value
            settlement.note_issue(trial, trial.scripts[key], f"{variable} is unknown", words, now, level=level)
