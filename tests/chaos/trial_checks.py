"""What in the evidence contradicts the promises about trials; pure, like `checks`."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

from tests.chaos.evidence import Answer, Evidence, ScriptFacts, TrialFacts
from trials.domain.states import TERMINAL, TRANSITIONS, UNFINISHED, ScriptState, TrialState

CLOCK_S = 0.05
_KILLS = frozenset({"abort", "terminate_when", "timeout"})


def trial_violations(evidence: Evidence) -> Iterator[str]:
    """Every contradiction, in words."""
    for trial in evidence.trials:
        yield from _trial(trial)
    yield from _submissions(evidence)
    yield from _resources([script for trial in evidence.trials for script in trial.scripts])


def _trial(trial: TrialFacts) -> Iterator[str]:
    if TrialState(trial.state) in UNFINISHED or trial.finished_at is None:
        yield f"trial {trial.id} is {trial.state} although everything was aborted"
    by_key = {script.key: script for script in trial.scripts}
    for script in trial.scripts:
        words = f"script {script.key} of trial {trial.id} ({script.state}: {script.reason})"
        if ScriptState(script.state) not in TERMINAL:
            yield f"{words} is not over"
        yield from (f"{words} {fault}" for fault in _runs(script))
        yield from (f"{words} {fault}" for fault in _story(script))
        yield from (f"{words} {fault}" for fault in _causes(script, by_key))


def _runs(script: ScriptFacts) -> Iterator[str]:
    """Never twice; never if it was skipped; certainly if it passed; and by its own procedure."""
    if len(script.proofs) > 1:
        yield f"ran {len(script.proofs)} times"
    if script.state == ScriptState.SKIPPED and script.proofs:
        yield "ran although it was skipped"
    if script.state == ScriptState.PASSED and not script.proofs:
        yield "passed and never ran"
    if script.proofs and script.proofs[0] != script.procedure:
        yield f"ran in procedure {script.proofs[0]}, not in {script.procedure}"
    if script.procedure_state not in {"COMPLETE", "STOPPED", "FAILED"}:
        yield f"has a procedure that is {script.procedure_state}"
    is_complete = script.procedure_state == "COMPLETE"  # it may have passed just after it was to be ended
    if is_complete != (script.state == ScriptState.PASSED) and not (is_complete and script.reason in _KILLS):
        yield f"has a procedure that is {script.procedure_state}"


def _story(script: ScriptFacts) -> Iterator[str]:
    """What was announced is a path from pending to where it is."""
    path = [ScriptState.PENDING, *(ScriptState(after) for _, after in script.announced)]
    for (before, _), known in zip(script.announced, path, strict=False):
        if before != known:
            yield f"was announced to leave {before} when it was {known}"
    for before, after in pairwise(path):
        if after not in TRANSITIONS[before]:
            yield f"went from {before} to {after}"
    if path[-1] != script.state:
        yield f"was last announced as {path[-1]}"


def _causes(script: ScriptFacts, others: dict[str, ScriptFacts]) -> Iterator[str]:
    """What started had the scripts before it in the states that it wanted; what cannot have started did not."""
    for key, states in script.start_when:
        other = others[key]
        if script.started_at is None:
            continue
        if set(states) <= TERMINAL and other.state not in states:
            yield f"started, and {key} is {other.state}"
        if (
            set(states) <= TERMINAL
            and other.finished_at is not None
            and other.finished_at > script.started_at + CLOCK_S
        ):
            yield f"started before {key} had ended"
        if set(states) == {ScriptState.EXECUTING} and (other.started_at or 0) > script.started_at:
            yield f"started before {key} had"
    if script.reason == "unsatisfiable" and all(others[key].state in states for key, states in script.start_when):
        yield "was called unsatisfiable, and every condition matches"


def _submissions(evidence: Evidence) -> Iterator[str]:
    found = Counter(evidence.task_keys)
    for submission in evidence.submissions:
        count = found.pop(submission.tag, 0)
        allowed = {Answer.ACCEPTED: {1}, Answer.REFUSED: {0}, Answer.AMBIGUOUS: {0, 1}}[submission.answer]
        if count not in allowed:
            yield f"task {submission.tag} was {submission.answer}, and there are {count} such tasks"
    if found:
        yield f"nobody asked for tasks {dict(found)}"


def _resources(scripts: Sequence[ScriptFacts]) -> Iterator[str]:
    holders = [s for s in scripts if s.resource and s.started_at is not None and s.finished_at is not None]
    for one, other in combinations(holders, 2):
        if not set(one.resource) & set(other.resource):
            continue
        first, second = sorted((one, other), key=lambda script: script.started_at or 0)
        if (first.finished_at or 0) > (second.started_at or 0) + CLOCK_S:
            yield f"procedures {first.procedure} and {second.procedure} held {first.resource} at the same time"
