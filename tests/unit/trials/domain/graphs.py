"""Random specifications for properties; names, states and resources are few, so that they meet often."""

from hypothesis import strategies as st

from trials.domain.rehearsal import Fate
from trials.domain.specification import Condition, ScriptSpec, TaskSpec
from trials.domain.states import TERMINAL, ScriptState

KEYS = "abcde"
FATES = list(Fate)


def conditions(states: frozenset[ScriptState]) -> st.SearchStrategy[tuple[Condition, ...]]:
    """Up to two conditions; "x" is a script that never exists."""
    wanted = st.frozensets(st.sampled_from(sorted(states)), max_size=4)
    condition = st.builds(Condition, st.just("d"), st.sampled_from([*KEYS, *KEYS, "x"]), wanted)
    return st.lists(condition, max_size=2).map(tuple)


@st.composite
def graphs(
    draw: st.DrawFn, states: frozenset[ScriptState] = frozenset(ScriptState), *, has_ends: bool = True
) -> TaskSpec:
    """A task of up to five scripts; without `has_ends`, none has terminate_when or a resource."""
    scripts = {}
    for key in draw(st.lists(st.sampled_from(KEYS), unique=True, max_size=5)):
        scripts[key] = ScriptSpec(
            key=key,
            start_when=draw(conditions(states)),
            terminate_when=draw(conditions(states)) if has_ends else (),
            resources=draw(st.lists(st.sampled_from("RS"), unique=True, max_size=2).map(tuple)) if has_ends else (),
            ignore_state=draw(st.booleans()),
            ignore_abort=draw(st.booleans()),
        )
    return TaskSpec(scripts=scripts)


TERMINAL_ONLY = graphs(TERMINAL, has_ends=False)
"""Graphs in which only how scripts end matters, not when."""
