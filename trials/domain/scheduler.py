"""What is to be done now with the scripts of a trial: a pure function of specification, states and resources.

`step` returns the first decision of the first rule that has one, scripts in the order of the specification. The caller applies it
and calls again, until there is none. So a script that starts or waits is seen so by all others, however briefly.
"""

from collections.abc import Mapping, Sequence

from trials.domain.specification import Condition, ScriptSpec, TaskSpec
from trials.domain.states import TERMINAL, Decision, Resources, ScriptRef, ScriptState, ScriptStatus

States = Mapping[str, ScriptStatus]

_PENDING, _WAITING, _EXECUTING = ScriptState.PENDING, ScriptState.WAITING, ScriptState.EXECUTING


def step(
    spec: TaskSpec, trial: int, states: States, resources: Resources, *, aborting: bool = False
) -> tuple[Decision, ...]:
    """The decisions that are due now: one, several skips at once if nothing can happen any more, or none."""
    if aborting and (decision := _abort(spec, states)):
        return (decision,)
    kill = go_on = None
    pending: list[str] = []
    is_idle = True
    # One pass finds the first decision of each rule; 1000 scripts must not cost one pass for each.
    for key, script in spec.scripts.items():
        status = states[key]
        if status.state is _PENDING:
            is_ready = _readiness(script.start_when, states)
            if is_ready is None:
                return (Decision(key, "skip", "unsatisfiable"),)
            go_on = go_on or (_start_of_pending(key, script, resources) if is_ready else None)
            pending.append(key)
        elif status.state not in TERMINAL:
            is_idle = False
            kill = kill or _kill(key, script, status, states)
            go_on = go_on or _start_of_waiting(ScriptRef(trial, key), script, status, resources)
    if decision := kill or go_on:
        return (decision,)
    return tuple(Decision(key, "skip", "unreachable") for key in pending) if is_idle else ()


def matches(condition: Condition, states: States) -> bool:
    """Whether there is such a script, and its present state is one of those wanted."""
    status = states.get(condition.script_key)
    return status is not None and status.state in condition.states


def all_match(conditions: Sequence[Condition], states: States) -> bool:
    """Whether every condition matches."""
    return all(matches(condition, states) for condition in conditions)


def is_unsatisfiable(condition: Condition, states: States) -> bool:
    """Whether it can no longer match: its script is terminal, in a state that is not wanted."""
    status = states.get(condition.script_key)
    return status is not None and status.state in TERMINAL and status.state not in condition.states


def _abort(spec: TaskSpec, states: States) -> Decision | None:
    for key, script in spec.scripts.items():
        if script.ignore_abort:
            continue
        state, kill = states[key]
        if state is _PENDING or state is _WAITING:
            return Decision(key, "skip", "abort")
        if state is _EXECUTING and kill is None:
            return Decision(key, "kill", "abort")
    return None


def _kill(key: str, script: ScriptSpec, status: ScriptStatus, states: States) -> Decision | None:
    if status.kill is None and status.state is _EXECUTING and script.terminate_when:
        return Decision(key, "kill", "terminate_when") if all_match(script.terminate_when, states) else None
    return None


def _start_of_waiting(
    ref: ScriptRef, script: ScriptSpec, status: ScriptStatus, resources: Resources
) -> Decision | None:
    if status.state is _WAITING and _is_next(script, ref, resources):
        return Decision(ref.key, "start", "")
    return None


def _start_of_pending(key: str, script: ScriptSpec, resources: Resources) -> Decision:
    return Decision(key, "start" if _is_free(script, resources) else "wait", "")


def _readiness(conditions: Sequence[Condition], states: States) -> bool | None:
    """Whether all conditions match; None if one never can again."""
    ready = True
    for _, key, wanted in conditions:
        status = states.get(key)
        if status is None:
            ready = False
        elif status.state not in wanted:
            if status.state in TERMINAL:
                return None
            ready = False
    return ready


def _is_free(script: ScriptSpec, resources: Resources) -> bool:
    """Whether nobody holds or waits for what the script needs."""
    return not any(name in resources.held or resources.queue.get(name) for name in script.resources)


def _is_next(script: ScriptSpec, ref: ScriptRef, resources: Resources) -> bool:
    """Whether what the script needs is free, and it is the first in every queue for it."""
    return all(name not in resources.held and resources.queue.get(name, ())[:1] == (ref,) for name in script.resources)
