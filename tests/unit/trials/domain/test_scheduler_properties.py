"""What must hold for every graph and every order of events."""

from collections.abc import Callable, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.trials.domain.graphs import TERMINAL_ONLY, graphs
from trials.domain.outcome import Ending
from trials.domain.scheduler import all_match, is_unsatisfiable, step
from trials.domain.simulation import SimulatedNode
from trials.domain.specification import ScriptSpec, TaskSpec
from trials.domain.states import (
    TERMINAL,
    TRANSITIONS,
    UNFINISHED,
    Decision,
    Resources,
    ScriptRef,
    ScriptState,
    ScriptStatus,
)

S = ScriptState
ENDINGS = [
    Ending(exit_status=0),
    Ending(exit_status=1),
    Ending(signal=9),
    Ending(could_not_run="lost"),
    Ending(stopped_by_operator=True),
]


def executing(node: SimulatedNode) -> list[ScriptRef]:
    return [ScriptRef(n, key) for n, trial in node.trials.items() for key in trial.keys(S.EXECUTING)]


def check(node: SimulatedNode) -> None:
    """What holds after every event, for the whole node."""
    for name in {name for trial in node.trials.values() for s in trial.spec.scripts.values() for name in s.resources}:
        holders = [ref for ref in executing(node) if name in node.trials[ref.trial].spec.scripts[ref.key].resources]
        assert len(holders) <= 1, f"{name} is held twice"
        assert node.ledger.resources.held.get(name) == (holders[0] if holders else None)
    for number, trial in node.trials.items():
        assert step(trial.spec, number, trial.states, node.ledger.resources, aborting=trial.is_aborting) == ()
        waiting = {ScriptRef(number, key) for key in trial.keys(S.WAITING)}
        queued = {ref for queue in node.ledger.resources.queue.values() for ref in queue if ref.trial == number}
        assert waiting == queued
        if not trial.is_finished:
            live = trial.keys(S.EXECUTING) or trial.keys(S.WAITING)
            assert live, "a trial that is not finished has something that will go on"


def play(node: SimulatedNode, data: st.DataObject) -> None:
    """Let events come in any order until nothing executes any more."""
    for _ in range(60):
        refs = executing(node)
        if not refs:
            break
        ref = data.draw(st.sampled_from(refs))
        event = data.draw(st.sampled_from(["end", "end", "time out", "abort"]))
        if event == "end":
            node.end(*ref, data.draw(st.sampled_from(ENDINGS)))
        elif event == "time out":
            node.time_out(*ref)
        else:
            node.abort(ref.trial)
        check(node)
    for ref in iter(lambda: next(iter(executing(node)), None), None):
        node.end(*ref, ENDINGS[0])
        check(node)


@settings(max_examples=150)
@given(st.lists(graphs(), min_size=1, max_size=3), st.data())
def test_every_trial_ends_and_no_resource_is_ever_held_twice(specs: list[TaskSpec], data: st.DataObject) -> None:
    node = SimulatedNode()
    for number, spec in enumerate(specs):
        node.begin(number, spec)
        check(node)
    play(node, data)
    assert all(trial.is_finished and trial.state not in UNFINISHED for trial in node.trials.values())
    assert not node.ledger.resources.held
    assert not node.ledger.resources.queue
    for move in node.moves:
        assert move.after in TRANSITIONS[move.before]
    ended = [(move.trial, move.key) for move in node.moves if move.after in TERMINAL]
    assert len(ended) == len(set(ended)) == sum(len(spec.scripts) for spec in specs)


@given(TERMINAL_ONLY, st.fixed_dictionaries({key: st.sampled_from(ENDINGS) for key in "abcde"}), st.data())
def test_where_only_endings_matter_the_order_of_events_does_not(
    spec: TaskSpec, endings: Mapping[str, Ending], data: st.DataObject
) -> None:
    results = []
    choices: list[Callable[[list[ScriptRef]], ScriptRef]] = [
        lambda refs: refs[0],
        lambda refs: refs[-1],
        lambda refs: data.draw(st.sampled_from(refs)),
    ]
    for choose in choices:
        node = SimulatedNode()
        node.begin(1, spec)
        while refs := executing(node):
            ref = choose(refs)
            node.end(ref.trial, ref.key, endings[ref.key])
        results.append((node.trials[1].states, node.trials[1].state, {(m.key, m.after, m.reason) for m in node.moves}))
    assert results[0] == results[1] == results[2]


STATUSES = st.one_of(
    st.sampled_from([ScriptStatus(state) for state in S]),
    st.sampled_from([ScriptStatus(S.EXECUTING, kill) for kill in ("terminate_when", "abort", "timeout")]),
)
REFS = st.builds(ScriptRef, st.integers(1, 2), st.sampled_from("abcde"))
RESOURCES = st.builds(
    Resources,
    st.dictionaries(st.sampled_from("RS"), REFS),
    st.dictionaries(st.sampled_from("RS"), st.lists(REFS, unique=True, max_size=3).map(tuple)),
)


def literal(  # noqa: C901 - as long as the text it repeats
    spec: TaskSpec, trial: int, states: Mapping[str, ScriptStatus], resources: Resources, *, aborting: bool
) -> tuple[Decision, ...]:
    """The rules as the specification states them, one after the other."""
    of = spec.scripts.items()
    state = {key: states[key].state for key in spec.scripts}
    held, queue = resources.held, resources.queue

    def is_next(key: str, script: ScriptSpec) -> bool:
        return all(r not in held and queue.get(r, ())[:1] == (ScriptRef(trial, key),) for r in script.resources)

    def is_taken(script: ScriptSpec) -> bool:
        return any(r in held or queue.get(r) for r in script.resources)

    for key, script in of:
        if aborting and not script.ignore_abort and state[key] in {S.PENDING, S.WAITING}:
            return (Decision(key, "skip", "abort"),)
        if aborting and not script.ignore_abort and state[key] is S.EXECUTING and states[key].kill is None:
            return (Decision(key, "kill", "abort"),)
    for key, script in of:
        if state[key] is S.PENDING and any(is_unsatisfiable(condition, states) for condition in script.start_when):
            return (Decision(key, "skip", "unsatisfiable"),)
    for key, script in of:
        is_due = script.terminate_when and all_match(script.terminate_when, states)
        if state[key] is S.EXECUTING and states[key].kill is None and is_due:
            return (Decision(key, "kill", "terminate_when"),)
    for key, script in of:
        if state[key] is S.WAITING and is_next(key, script):
            return (Decision(key, "start", ""),)
        if state[key] is S.PENDING and all_match(script.start_when, states):
            return (Decision(key, "wait" if is_taken(script) else "start", ""),)
    if {S.WAITING, S.EXECUTING}.isdisjoint(state.values()):
        return tuple(Decision(key, "skip", "unreachable") for key in spec.scripts if state[key] is S.PENDING)
    return ()


@settings(max_examples=400)
@given(graphs(), st.fixed_dictionaries(dict.fromkeys("abcde", STATUSES)), RESOURCES, st.booleans(), st.randoms())
def test_decisions_are_those_of_the_rules_and_depend_on_nothing_else(
    spec: TaskSpec, by_key: dict[str, ScriptStatus], resources: Resources, aborting: bool, random: object
) -> None:
    states = {key: by_key[key] for key in spec.scripts}
    decided = step(spec, 1, states, resources, aborting=aborting)
    assert decided == literal(spec, 1, states, resources, aborting=aborting)
    shuffled = list(states)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert step(spec, 1, {key: states[key] for key in shuffled}, resources, aborting=aborting) == decided


@pytest.mark.parametrize("before", S)
@pytest.mark.parametrize("after", S)
def test_only_the_moves_of_the_table_exist(before: ScriptState, after: ScriptState) -> None:
    allowed = {
        "pending": {"waiting", "executing", "skipped", "defective"},
        "waiting": {"executing", "skipped", "defective"},
        "executing": {"passed", "failed", "aborted", "defective"},
    }
    assert (after in TRANSITIONS[before]) == (after.value in allowed.get(before.value, set()))
