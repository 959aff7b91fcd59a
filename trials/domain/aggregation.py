"""The state of a trial from its scripts, of a task from its trials, and how many more trials there should be."""

from collections.abc import Mapping, Sequence

from trials.domain.specification import SATISFY_LAST, TaskSpec
from trials.domain.states import TERMINAL, UNFINISHED, ScriptState, ScriptStatus, TrialState

_T = TrialState


def trial_state(spec: TaskSpec, states: Mapping[str, ScriptStatus], *, aborting: bool = False) -> TrialState:
    """The state of a trial that has been set up; `aborting`: an abort was asked for before its last script ended."""
    if any(status.state not in TERMINAL for status in states.values()):
        return _T.ABORTING if aborting else _T.EXECUTING
    counted = {states[key].state for key, script in spec.scripts.items() if not script.ignore_state}
    if counted == {ScriptState.PASSED}:
        return _T.PASSED
    if aborting:
        return _T.ABORTED
    for state, result in _WORST_FIRST:
        if state in counted:
            return result
    return _T.DEFECTIVE


_WORST_FIRST = (
    (ScriptState.DEFECTIVE, _T.DEFECTIVE),
    (ScriptState.FAILED, _T.FAILED),
    (ScriptState.ABORTED, _T.ABORTED),
)


def task_state(aggregate_state: str, trials: Sequence[TrialState]) -> TrialState:
    """The state of a task whose trials, in the order of their numbers, have these states."""
    if not trials:
        return _T.DEFECTIVE
    if aggregate_state == SATISFY_LAST:
        return _T.EXECUTING if trials[-1] is _T.DISPATCHING else trials[-1]
    if _T.PASSED in trials:
        return _T.PASSED
    if _T.EXECUTING in trials or _T.DISPATCHING in trials:
        return _T.EXECUTING
    if trials[-1] is _T.ABORTED:
        return _T.ABORTED
    return next((state for state in (_T.PENDING, _T.ABORTING, _T.FAILED) if state in trials), _T.DEFECTIVE)


def new_trials(spec: TaskSpec, trials: Sequence[TrialState]) -> int:
    """How many trials are to be created now, automatically, for a task that has not been aborted."""
    if _T.PASSED in trials or (trials and trials[-1] is _T.ABORTED):
        return 0
    unfinished = sum(state in UNFINISHED for state in trials)
    return max(0, min(spec.eager_trials - unfinished, spec.max_trials - len(trials)))
