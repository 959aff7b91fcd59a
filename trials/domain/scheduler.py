"""What is to be done now with the scripts of a trial: a pure function of specification, states and resources.

`step` returns the first decision of the first rule that has one, scripts in the order of the specification. The caller applies it
and calls again, until there is none. So a script that starts or waits is seen so by all others, however briefly.
"""

from collections.abc import Mapping, Sequence

from trials.domain.specification import Condition, ScriptSpec, TaskSpec
from trials.domain.states import TERMINAL, Decision, Resources, ScriptState, ScriptStatus

States = Mapping[str, ScriptStatus]

_PENDING, _WAITING, _EXECUTING = ScriptState.PENDING, ScriptState.WAITING, ScriptState.EXECUTING


def step(
    spec: TaskSpec, trial: int, states: States, resources: Resources, *, aborting: bool = False
) -> tuple[Decision, ...]:
    """The decisions that are due now: one, several skips at once if nothing can happen any more, or none."""
    executing = [key for key in spec.scripts if states[key].state is _EXECUTING]
    queued = [key for key in spec.scripts if states[key].state is _PENDING or states[key].state is _WAITING]
    decision = (
        (_abort(spec, states) if aborting else None)
        or _unsatisfiable(spec, states)
        or _termination(spec, executing, states)
        or _start(spec, queued, trial, states, resources)
    )
    if decision:
        return (decision,)
    is_idle = not executing and all(states[key].state is _PENDING for key in queued)
    return tuple(Decision(key, "skip", "unreachable") for key in queued) if is_idle else ()


def matches(condition: Condition, states: States) -> bool:
    """Whether there is such a script, and its present state is one of those wanted."""
    status = states.get(condition.script_key)
    return status is not None and status.state in condition.states


def all_match(conditions: Sequence[Condition], states: States) -> bool:
    """Whether every condition matches."""
    for _, key, wanted in conditions:  # without calls: this is done for every script, after every transition
        status = states.get(key)
        if status is None or status.state not in wanted:
            return False
    return True


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


def _unsatisfiable(spec: TaskSpec, states: States) -> Decision | None:
    """The first pending script with a condition that can no longer match.

    It is looked for from the scripts that have ended: few ends make others impossible, but a script may have many conditions.
    """
    doomed: set[str] = set()
    for key, by_state in spec.doomed_by.items():
        if keys := by_state.get(states[key].state):
            doomed.update(other for other in keys if states[other].state is _PENDING)
    if not doomed:
        return None
    return Decision(next(key for key in spec.scripts if key in doomed), "skip", "unsatisfiable")


def _termination(spec: TaskSpec, executing: Sequence[str], states: States) -> Decision | None:
    for key in executing:
        conditions = spec.scripts[key].terminate_when
        if conditions and states[key].kill is None and all_match(conditions, states):
            return Decision(key, "kill", "terminate_when")
    return None


def _start(spec: TaskSpec, queued: Sequence[str], trial: int, states: States, resources: Resources) -> Decision | None:
    for key in queued:
        script = spec.scripts[key]
        if states[key].state is _WAITING:
            if _is_next(script, trial, resources):
                return Decision(key, "start", "")
        elif all_match(script.start_when, states):
            return Decision(key, "start" if _is_free(script, resources) else "wait", "")
    return None


def _is_free(script: ScriptSpec, resources: Resources) -> bool:
    """Whether nobody holds or waits for what the script needs."""
    return not any(name in resources.held or resources.queue.get(name) for name in script.resources)


def _is_next(script: ScriptSpec, trial: int, resources: Resources) -> bool:
    """Whether what the script needs is free, and it is the first in every queue for it."""
    for name in script.resources:
        queue = resources.queue.get(name)
        if name in resources.held or not queue or queue[0].key != script.key or queue[0].trial != trial:
            return False
    return True
