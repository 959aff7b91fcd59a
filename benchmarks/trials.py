"""What the scheduler of trials costs with 1000 scripts, and what trials take beyond their scripts (`nights`)."""

import json
import time
from typing import TYPE_CHECKING, Any

from benchmarks import nights
from benchmarks.figures import HEAD, Sample, show, timed
from trials.domain.analysis import analyse
from trials.domain.outcome import Ending
from trials.domain.parsing import parse
from trials.domain.rehearsal import rehearse
from trials.domain.scheduler import step
from trials.domain.simulation import SimulatedNode
from trials.domain.specification import task_from_json, task_to_json
from trials.domain.states import ScriptState

if TYPE_CHECKING:
    from collections.abc import Callable

SCRIPTS = 1000
GOAL = "goal: under 2 ms for each transition"

Graph = dict[str, dict[str, Any]]


def main(scale: float) -> None:
    """Print the tables."""
    count = max(20, int(SCRIPTS * scale))
    graphs = {
        "chain": _chain(count),
        "parallel": _parallel(count),
        "layers of 20": _layers(count),
        "one resource": _queue(count),
    }
    show(
        f"Settling one transition among {count} scripts ({GOAL})",
        HEAD,
        [_settling(n, g).row() for n, g in graphs.items()],
    )
    show(f"One evaluation that decides nothing, {count} scripts", HEAD, [_quiet(n, g).row() for n, g in graphs.items()])
    text = json.dumps({"scripts": graphs["layers of 20"]})
    spec = parse(text)
    stored = task_to_json(spec)
    rounds: list[tuple[str, Callable[[], object]]] = [
        (f"parse {len(text) // 1000} kB of JSON", lambda: parse(text)),
        ("read the stored form", lambda: task_from_json(stored)),
        ("analyse", lambda: analyse(spec)),
        ("rehearse", lambda: rehearse(spec)),
    ]
    show(f"A specification of {count} scripts", HEAD, [timed(name, 3, action).row() for name, action in rounds])
    nights.main(scale)


def _after(*keys: str) -> dict[str, Any]:
    return {"start_when": {key: {"script_key": key} for key in keys}}


def _chain(count: int) -> Graph:
    return {f"s{i}": _after(f"s{i - 1}") if i else {} for i in range(count)}


def _parallel(count: int) -> Graph:
    return {f"s{i}": {} for i in range(count)}


def _layers(count: int) -> Graph:
    """Each script waits for all 20 of the layer before, and is ended early if the first script ends."""
    end = {"terminate_when": {"first": {"script_key": "s0", "states": ["failed"]}}}
    layers = {
        f"s{i}": _after(*(f"s{j}" for j in range(i // 20 * 20 - 20, i // 20 * 20) if j >= 0)) for i in range(count)
    }
    return {key: {**script, **end} for key, script in layers.items()}


def _queue(count: int) -> Graph:
    return {f"s{i}": {"exclusive_executor_resource": "R"} for i in range(count)}


def _settling(name: str, graph: Graph) -> Sample:
    """Each end of a script, divided by the transitions that follow from it."""
    node, sample = SimulatedNode(), Sample(name)
    spec = parse(json.dumps({"scripts": graph}))
    begin = time.perf_counter()
    node.begin(1, spec)
    sample.seconds += _shares(time.perf_counter() - begin, len(node.moves))
    while keys := node.trials[1].keys(ScriptState.EXECUTING):
        seen, begin = len(node.moves), time.perf_counter()
        node.end(1, keys[0], Ending(exit_status=0))
        sample.seconds += _shares(time.perf_counter() - begin, len(node.moves) - seen)
    return sample


def _shares(seconds: float, moves: int) -> list[float]:
    return [seconds / moves] * moves


def _quiet(name: str, graph: Graph) -> Sample:
    node, spec = SimulatedNode(), parse(json.dumps({"scripts": graph}))
    node.begin(1, spec)
    return timed(name, 100, lambda: step(spec, 1, node.trials[1].states, node.ledger.resources))
