"""Scripts and conditions in words. Knows no framework; `static/js/trials/model.js` judges conditions alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trials.domain.states import TERMINAL, ScriptState

_BEING_ENDED = {
    "terminate_when": "is being ended: its terminate_when came true",
    "abort": "is being ended: the trial is aborted",
    "timeout": "is being ended: it is out of time",
}
_REASONS = {
    (ScriptState.ABORTED, "terminate_when"): "ended because its terminate_when came true",
    (ScriptState.ABORTED, "abort"): "ended with the trial, which was aborted",
    (ScriptState.ABORTED, "operator"): "stopped by an operator",
    (ScriptState.SKIPPED, "unreachable"): "nothing was left that could start it",
    (ScriptState.SKIPPED, "abort"): "the trial was aborted before it could start",
    (ScriptState.SKIPPED, "setup"): "the trial could not be set up",
    (ScriptState.DEFECTIVE, "timeout"): "out of time",
}


@dataclass(frozen=True)
class ShownCondition:
    """A condition of a script, and how it stands."""

    use: str
    """start_when or terminate_when."""
    script_key: str
    exists: bool
    states: str
    label: str
    judgement: str
    """met, not yet, or never."""


def conditions_of(key: str, edges: Sequence[Mapping[str, Any]]) -> list[ShownCondition]:
    """The conditions of a script, as the table names them."""
    return [
        ShownCondition(
            edge["use"], edge["from"], edge["exists"], states_in_words(edge["states"]), edge["label"], judgement(edge)
        )
        for edge in edges
        if edge["to"] == key
    ]


def judged_edges(graph: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The edges of a trial's graph as its pages judge them: a start condition of a script that came to its turn was met.

    By itself such a condition may not match any more: whoever started while another was executing is not to be told `never` once
    that one has ended.
    """
    eligible = {node["key"] for node in graph["nodes"] if node["eligible_at"] is not None}
    return [
        {**edge, "is_satisfied": True, "is_impossible": False}
        if edge["use"] == "start_when" and edge["to"] in eligible
        else edge
        for edge in graph["edges"]
    ]


def states_in_words(states: Sequence[str]) -> str:
    """`passed`, `failed or aborted`; `in any way over` for all terminal states, `never` for none."""
    if set(states) == {state.value for state in TERMINAL}:
        return "over in any way"
    return " or ".join(states) or "in no state at all"


def judgement(edge: Mapping[str, Any]) -> str:
    """Whether a condition matches now, may yet, or cannot any more."""
    if edge["is_satisfied"]:
        return "met"
    return "never" if edge["is_impossible"] else "not yet"


def note(node: Mapping[str, Any], nodes: Sequence[Mapping[str, Any]], edges: Sequence[Mapping[str, Any]]) -> str:
    """Why a script is as it is; empty where its state says everything."""
    state, reason = ScriptState(node["state"]), str(node["reason"])
    if state is ScriptState.PENDING:
        return _awaited(node["key"], edges)
    if state is ScriptState.WAITING:
        return _holders(node, nodes)
    if state is ScriptState.EXECUTING:
        return _BEING_ENDED.get(node["kill"] or "", "")
    if state is ScriptState.SKIPPED and reason == "unsatisfiable":
        return _impossible(node["key"], edges)
    return _REASONS.get((state, reason), reason)


def counts_in_words(counts: Mapping[str, int]) -> str:
    """`8 scripts: 2 passed, 1 executing`; the states in the order of a script's life."""
    total = sum(counts.values())
    listed = ", ".join(f"{counts[state]} {state.value}" for state in ScriptState if counts.get(state))
    return f"{total} {'script' if total == 1 else 'scripts'}{f': {listed}' if listed else ''}"


def abort_effects(nodes: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """What an abort would do with each script that is not over: `ends` it, let it `never_starts`, or not touch it (`goes_on`)."""
    effects: dict[str, list[str]] = {"ends": [], "never_starts": [], "goes_on": []}
    for node in nodes:
        state = ScriptState(node["state"])
        if state in TERMINAL:
            continue
        if node["ignore_abort"]:
            effects["goes_on"].append(node["key"])
        else:
            effects["ends" if state is ScriptState.EXECUTING else "never_starts"].append(node["key"])
    return effects


def _awaited(key: str, edges: Sequence[Mapping[str, Any]]) -> str:
    open_ones = [e for e in edges if e["to"] == key and e["use"] == "start_when" and not e["is_satisfied"]]
    awaited = _listed(f"{edge['from']} is {states_in_words(edge['states'])}" for edge in open_ones)
    return f"starts once {awaited}" if awaited else ""


def _holders(node: Mapping[str, Any], nodes: Sequence[Mapping[str, Any]]) -> str:
    wanted = set(node["resource"])
    holders = [other["key"] for other in nodes if other["state"] == "executing" and wanted & set(other["resource"])]
    names = _listed(node["resource"]) or "what it needs"
    return f"waits for {names}, held by {_listed(holders) if holders else 'something outside of this trial'}"


def _impossible(key: str, edges: Sequence[Mapping[str, Any]]) -> str:
    never = [e for e in edges if e["to"] == key and e["use"] == "start_when" and e["is_impossible"] and e["exists"]]
    if not never:
        return "a start condition could no longer come true"
    return _listed(f"{e['from']} was not {states_in_words(e['states'])}" for e in never)


def _listed(words: Any) -> str:
    return ", ".join(words)
