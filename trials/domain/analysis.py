"""What can be told of a task before it runs: scripts that never start, cycles, services that nothing ends.

The possible states of every script are worked out from below: a script can start only if each of its conditions can match, given
what the others can become. Whatever the scripts do, those left out never start; of the others this says nothing.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from trials.domain.specification import Condition, ScriptSpec, TaskSpec
from trials.domain.states import TERMINAL, ScriptState

_S = ScriptState
_STARTED = frozenset({_S.EXECUTING, _S.PASSED, _S.FAILED, _S.ABORTED, _S.DEFECTIVE})


@dataclass(frozen=True)
class Finding:
    """Something about a task that is legal but worth a look."""

    kind: str
    """unreachable, cycle, endless_service or nothing_counts."""
    scripts: tuple[str, ...]
    message: str
    remedy: str


def analyse(spec: TaskSpec) -> tuple[Finding, ...]:
    """All findings, in the order of the specification."""
    possible = possible_states(spec)
    never = {key: script for key, script in spec.scripts.items() if _S.EXECUTING not in possible[key]}
    cycles = list(_cycles(never, spec))
    in_cycles = {key for cycle in cycles for key in cycle.scripts}
    unreachable = [_unreachable(script, spec, possible) for key, script in never.items() if key not in in_cycles]
    return (*cycles, *unreachable, *_endless_services(spec, possible), *_nothing_counts(spec))


def possible_states(spec: TaskSpec) -> dict[str, frozenset[ScriptState]]:
    """The states each script can ever be in, at most."""
    possible = {key: frozenset({_S.PENDING}) for key in spec.scripts}
    wanted = {key: _wanted(script.start_when) for key, script in spec.scripts.items()}
    dependents = defaultdict(list)
    for key, others in wanted.items():
        for other in others:
            dependents[other].append(key)
    due = dict.fromkeys(spec.scripts)  # each once, however many of those it looks at have changed
    while due:
        key = next(iter(due))
        del due[key]
        more = possible[key] | _reached(spec.scripts[key], wanted[key], possible, spec)
        if more != possible[key]:
            possible[key] = more
            due |= dict.fromkeys(dependents[key])
    return possible


def _reached(
    script: ScriptSpec,
    wanted: Mapping[str, frozenset[ScriptState]],
    possible: Mapping[str, frozenset[ScriptState]],
    spec: TaskSpec,
) -> frozenset[ScriptState]:
    reached: frozenset[ScriptState] = frozenset()
    if all(_can_match(key, states, script, possible, spec) for key, states in wanted.items()):
        reached |= _STARTED | ({_S.WAITING} if script.resources else frozenset())
    if any(possible.get(key, frozenset()) & TERMINAL - states for key, states in wanted.items()):
        reached |= {_S.SKIPPED}
    return reached


def _wanted(conditions: tuple[Condition, ...]) -> dict[str, frozenset[ScriptState]]:
    """The states wanted of each script at once: two conditions about one script must match together."""
    wanted: dict[str, frozenset[ScriptState]] = {}
    for _, key, states in conditions:
        wanted[key] = wanted.get(key, states) & states
    return wanted


def _can_match(
    key: str,
    states: frozenset[ScriptState],
    script: ScriptSpec,
    possible: Mapping[str, frozenset[ScriptState]],
    spec: TaskSpec,
) -> bool:
    if key not in possible:
        return False
    # An abort skips scripts that nothing else would skip; only those that ignore it are still there to see that.
    by_abort = {_S.SKIPPED} if script.ignore_abort and not spec.scripts[key].ignore_abort else frozenset()
    return bool((possible[key] | by_abort) & states)


def _cycles(never: Mapping[str, ScriptSpec], spec: TaskSpec) -> Iterator[Finding]:
    """Scripts that never start because each waits for another of them."""
    edges = {key: [c.script_key for c in script.start_when if c.script_key in never] for key, script in never.items()}
    for group in _strongly_connected(edges):
        members = set(group)
        if len(group) > 1 or group[0] in edges[group[0]]:
            keys = tuple(key for key in spec.scripts if key in members)
            names = " → ".join([*keys, keys[0]]) if len(keys) > 1 else f"{keys[0]} on itself"
            message = (
                f"wait for each other and end as skipped: {names}"
                if len(keys) > 1
                else f"waits for itself and ends as skipped: {names}"
            )
            yield Finding(
                "cycle", keys, message, "take one of the start conditions away, or let it match an earlier state"
            )


def _strongly_connected(edges: Mapping[str, list[str]]) -> Iterator[list[str]]:
    """The groups of keys that reach each other, by two walks (Kosaraju); without recursion, as a chain may have 1000 links."""
    order = list(_walk(edges, edges))
    backwards: dict[str, list[str]] = {key: [] for key in edges}
    for key, targets in edges.items():
        for target in targets:
            backwards[target].append(key)
    seen: set[str] = set()
    for key in reversed(order):
        if key not in seen:
            yield list(_walk(backwards, [key], seen))


def _walk(
    edges: Mapping[str, list[str]], starts: Mapping[str, object] | list[str], seen: set[str] | None = None
) -> Iterator[str]:
    """The keys that can be reached from `starts` and are not in `seen`, each after all that it leads to."""
    seen = set() if seen is None else seen
    for start in starts:
        if start in seen:
            continue
        seen.add(start)
        trail = [(start, iter(edges[start]))]
        while trail:
            key, targets = trail[-1]
            target = next((target for target in targets if target not in seen), None)
            if target is None:
                trail.pop()
                yield key
            else:
                seen.add(target)
                trail.append((target, iter(edges[target])))


def _unreachable(script: ScriptSpec, spec: TaskSpec, possible: Mapping[str, frozenset[ScriptState]]) -> Finding:
    for key, states in _wanted(script.start_when).items():
        if _can_match(key, states, script, possible, spec):
            continue
        if key not in spec.scripts:
            why, remedy = f"there is no script '{key}'", "correct script_key"
        elif not states:
            why, remedy = f"no state of '{key}' is wanted, or none that all its conditions allow", "widen states"
        elif _S.EXECUTING not in possible[key]:
            why, remedy = f"'{key}' never starts either", f"look at '{key}' first"
        else:
            why, remedy = f"'{key}' is never {' or '.join(sorted(states))}", "widen states"
        return Finding("unreachable", (script.key,), f"'{script.key}' never starts: {why}", remedy)
    raise AssertionError(f"{script.key} can start")


def _endless_services(spec: TaskSpec, possible: Mapping[str, frozenset[ScriptState]]) -> Iterator[Finding]:
    """Scripts that others need executing, and that only their own end or their timeout ends."""
    needed = {
        condition.script_key
        for script in spec.scripts.values()
        for condition in script.start_when
        if condition.states == {_S.EXECUTING} and condition.script_key != script.key
    }
    for key, script in spec.scripts.items():
        if key not in needed or _S.EXECUTING not in possible[key]:
            continue
        wanted = _wanted(script.terminate_when).items()
        if not wanted or not all(states & possible.get(other, frozenset()) for other, states in wanted):
            message = (
                f"others start while '{key}' executes, and nothing ends it: unless it ends by itself, "
                f"its timeout of {script.timeout:g} seconds does, and it is defective"
            )
            yield Finding(
                "endless_service",
                (key,),
                message,
                "give it terminate_when, with all five terminal states of the last script that needs it, and ignore_state",
            )


def _nothing_counts(spec: TaskSpec) -> Iterator[Finding]:
    if all(script.ignore_state for script in spec.scripts.values()):
        what = "every script has ignore_state" if spec.scripts else "there are no scripts"
        yield Finding(
            "nothing_counts", tuple(spec.scripts), f"{what}: the trial can only be defective", "let one script count"
        )
