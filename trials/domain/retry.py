"""Which scripts a retry runs again that takes over what has passed."""

from collections.abc import Mapping

from trials.domain.specification import TaskSpec
from trials.domain.states import ScriptState


def to_be_repeated(spec: TaskSpec, states: Mapping[str, ScriptState]) -> frozenset[str]:
    """The scripts that run again: all that did not pass, what starts after one of these, and what these need to see running.

    So a clean-up that passed is repeated after the test that failed, and a service that passed is started again for it; a preparation
    that passed is taken over.
    """
    due = [key for key in spec.scripts if states.get(key) is not ScriptState.PASSED]
    dependents: dict[str, list[str]] = {}
    for key, script in spec.scripts.items():
        for condition in script.start_when:
            dependents.setdefault(condition.script_key, []).append(key)
    repeated: set[str] = set()
    while due:
        key = due.pop()
        if key in repeated:
            continue
        repeated.add(key)
        due += dependents.get(key, [])
        due += [
            condition.script_key
            for condition in spec.scripts[key].start_when
            if condition.script_key in spec.scripts and ScriptState.PASSED not in condition.states
        ]
    return frozenset(repeated)
