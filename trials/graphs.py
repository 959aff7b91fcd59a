"""A trial, or a task that has not run, as a graph: scripts as nodes, conditions as edges, each satisfied or not."""

from collections.abc import Mapping
from typing import Any

from trials.domain.analysis import analyse
from trials.domain.rehearsal import Fate, Rehearsal, rehearse, usual_fates
from trials.domain.scheduler import is_unsatisfiable, matches
from trials.domain.specification import Condition, ScriptSpec, TaskSpec
from trials.domain.states import ScriptState, ScriptStatus
from trials.models import Trial
from trials.selectors import script_to_json, scripts_of, trial_detail
from trials.specifications import spec_of_task


def trial_graph(trial: Trial) -> dict[str, Any]:
    """A trial with `nodes`, in the order of the specification, and `edges`.

    A node has what `trials/{id}/` shows of its script, and what its specification says of it. An edge leads from the script whose state
    is looked at to the script that starts (`use`: start_when) or is ended (terminate_when) by it; `exists` is false where no such script
    is in the trial, `is_satisfied` tells whether it matches now, `is_impossible` that it never will again.
    """
    spec = spec_of_task(trial.task)
    scripts = scripts_of(trial)
    states = {script.key: ScriptStatus(ScriptState(script.state)) for script in scripts}
    nodes = [script_to_json(script) | _described(spec.scripts[script.key]) for script in scripts]
    shown = {name: value for name, value in trial_detail(trial).items() if name != "scripts"}
    return shown | {"nodes": nodes, "edges": _edges(spec, states)}


def task_graph(spec: TaskSpec) -> dict[str, Any]:
    """`nodes`, `edges` and `findings` of a task that need not have run: every script is pending."""
    states = {key: ScriptStatus(ScriptState.PENDING) for key in spec.scripts}
    fates = usual_fates(spec)
    nodes = [
        {"key": key, "name": script.name, "state": "pending", "fate": fates[key].value, **_described(script)}
        for key, script in spec.scripts.items()
    ]
    findings = [
        {"kind": it.kind, "scripts": list(it.scripts), "message": it.message, "remedy": it.remedy}
        for it in analyse(spec)
    ]
    return {"nodes": nodes, "edges": _edges(spec, states), "findings": findings}


def rehearsal_of(
    spec: TaskSpec,
    fates: Mapping[str, Fate],
    *,
    durations_s: Mapping[str, float] | None = None,
    abort_at_s: float | None = None,
) -> dict[str, Any]:
    """What would become of a trial: its state, that of each script with its imagined times, and every transition in order."""
    return _rehearsal_to_json(rehearse(spec, fates, durations_s=durations_s, abort_at_s=abort_at_s))


def _rehearsal_to_json(played: Rehearsal) -> dict[str, Any]:
    return {
        "state": played.state.value,
        "scripts": {
            key: {
                "state": it.state.value,
                "reason": it.reason,
                "started_at": it.started_at,
                "finished_at": it.finished_at,
            }
            for key, it in played.scripts.items()
        },
        "moves": [
            {"at": at, "key": move.key, "from": move.before.value, "to": move.after.value, "reason": move.reason}
            for at, move in played.moves
        ],
    }


def _described(script: ScriptSpec) -> dict[str, Any]:
    kind = script.script["script_type"] if script.script is not None else "shell"
    return {
        "description": script.description,
        "kind": kind,
        "timeout": script.timeout,
        "ignore_state": script.ignore_state,
        "ignore_abort": script.ignore_abort,
        "exclusive_executor_resource": script.exclusive_executor_resource,
    }


def _edges(spec: TaskSpec, states: Mapping[str, ScriptStatus]) -> list[dict[str, Any]]:
    return [
        _edge(key, use, condition, states)
        for key, script in spec.scripts.items()
        for use, conditions in (("start_when", script.start_when), ("terminate_when", script.terminate_when))
        for condition in conditions
    ]


def _edge(key: str, use: str, condition: Condition, states: Mapping[str, ScriptStatus]) -> dict[str, Any]:
    return {
        "from": condition.script_key,
        "to": key,
        "use": use,
        "label": condition.label,
        "states": [state.value for state in ScriptState if state in condition.states],
        "exists": condition.script_key in states,
        "is_satisfied": matches(condition, states),
        "is_impossible": is_unsatisfiable(condition, states) or condition.script_key not in states,
    }
