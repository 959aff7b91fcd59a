"""What would happen if this script failed, timed out, was stopped: a trial played in imagined time, on a node of its own."""

import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from trials.domain.outcome import Ending
from trials.domain.simulation import Move, SimulatedNode
from trials.domain.specification import ScriptSpec, TaskSpec
from trials.domain.states import ScriptState, TrialState


class Fate(StrEnum):
    """What becomes of a script once it executes, unless it is ended before."""

    PASSES = "passes"
    FAILS = "fails"
    TIMES_OUT = "times out"
    IS_ABORTED = "is aborted"
    """An operator stops its procedure."""
    IS_LOST = "is lost"
    """It cannot be run, or is lost with its launcher."""
    RUNS_ON = "runs on"
    """A service: it ends only when it is ended."""


_ENDINGS = {
    Fate.PASSES: Ending(exit_status=0),
    Fate.FAILS: Ending(exit_status=1),
    Fate.IS_ABORTED: Ending(stopped_by_operator=True),
    Fate.IS_LOST: Ending(could_not_run="could not be started"),
}

USUAL_DURATION_S = 1.0
"""Of a script about which nothing is known, in imagined seconds; never longer than its timeout."""

_TRIAL = 1


@dataclass(frozen=True)
class ScriptResult:
    """What became of one script; times in imagined seconds since the trial began, None if it never started."""

    state: ScriptState
    reason: str
    started_at: float | None
    finished_at: float | None


@dataclass(frozen=True)
class Rehearsal:
    """What became of the trial."""

    state: TrialState
    scripts: Mapping[str, ScriptResult]
    moves: tuple[tuple[float, Move], ...]
    """All transitions, with their imagined times."""


def rehearse(
    spec: TaskSpec,
    fates: Mapping[str, Fate] | None = None,
    *,
    durations_s: Mapping[str, float] | None = None,
    abort_at_s: float | None = None,
) -> Rehearsal:
    """Play the trial to its end, with these fates of scripts, and perhaps an abort of the trial at a time.

    A script that is not named passes after a second; one that others need executing, and that something ends, runs on.
    """
    stage = _Stage(spec, fates or {}, durations_s or {})
    if abort_at_s is not None:
        stage.plan(abort_at_s, "abort", "")
    return stage.play()


def usual_fates(spec: TaskSpec) -> dict[str, Fate]:
    """What each script is taken to do, as nothing can be known of its text."""
    needed = {
        condition.script_key
        for script in spec.scripts.values()
        for condition in script.start_when
        if ScriptState.EXECUTING in condition.states
    }
    return {
        key: Fate.RUNS_ON if script.terminate_when and key in needed else Fate.PASSES
        for key, script in spec.scripts.items()
    }


class _Stage:
    """Imagined time, and what is to happen when."""

    def __init__(self, spec: TaskSpec, fates: Mapping[str, Fate], durations_s: Mapping[str, float]) -> None:
        self._spec, self._fates, self._durations_s = spec, usual_fates(spec) | dict(fates), durations_s
        self._node = SimulatedNode()
        self._now = 0.0
        self._agenda: list[tuple[float, int, str, str]] = []
        """When, a number that keeps the order, what, and which script."""
        self._numbers = 0
        self._moves: list[tuple[float, Move]] = []
        self._seen_kills = 0

    def plan(self, at_s: float, what: str, key: str) -> None:
        self._numbers += 1
        heapq.heappush(self._agenda, (at_s, self._numbers, what, key))

    def play(self) -> Rehearsal:
        self._node.begin(_TRIAL, self._spec)
        self._follow()
        while self._agenda:
            self._now, _, what, key = heapq.heappop(self._agenda)
            self._happen(what, key)
            self._follow()
        return self._result()

    def _happen(self, what: str, key: str) -> None:
        trial = self._node.trials[_TRIAL]
        if what == "abort":
            self._node.abort(_TRIAL)
        elif trial.states[key].state is not ScriptState.EXECUTING:
            return
        elif what == "deadline":
            self._node.time_out(_TRIAL, key)
        else:
            self._node.end(_TRIAL, key, _ENDINGS.get(self._fates[key], Ending(signal=15)))

    def _follow(self) -> None:
        """Plan what follows from the scripts that have started or are being ended since the last look."""
        for move in self._node.moves[len(self._moves) :]:
            self._moves.append((self._now, move))
            if move.after is ScriptState.EXECUTING:
                self._plan_end(self._spec.scripts[move.key])
        for ref, _ in self._node.kills[self._seen_kills :]:
            self._seen_kills += 1
            self.plan(self._now, "end", ref.key)

    def _plan_end(self, script: ScriptSpec) -> None:
        self.plan(self._now + script.timeout, "deadline", script.key)
        if self._fates[script.key] in _ENDINGS:
            usual = min(USUAL_DURATION_S, script.timeout / 2)
            self.plan(self._now + self._durations_s.get(script.key, usual), "end", script.key)

    def _result(self) -> Rehearsal:
        trial = self._node.trials[_TRIAL]
        started = {move.key: at for at, move in self._moves if move.after is ScriptState.EXECUTING}
        ended = {
            move.key: (at, move.reason)
            for at, move in self._moves
            if move.after not in {ScriptState.EXECUTING, ScriptState.WAITING}
        }
        scripts = {
            key: ScriptResult(status.state, ended[key][1], started.get(key), ended[key][0] if key in started else None)
            for key, status in trial.states.items()
        }
        return Rehearsal(trial.state, scripts, tuple(self._moves))
