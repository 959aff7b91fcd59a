"""A node without processes: carries out the scheduler's decisions in memory, and is told which scripts end, and how.

It stands for the ProcessManager in tests and rehearsals: everything here has to be done by that one, in one transaction each.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from trials.domain.aggregation import trial_state
from trials.domain.ledger import ResourceLedger
from trials.domain.outcome import Ending, outcome
from trials.domain.scheduler import step
from trials.domain.specification import TaskSpec
from trials.domain.states import TERMINAL, TRANSITIONS, Decision, Kill, ScriptRef, ScriptState, ScriptStatus, TrialState


class Move(NamedTuple):
    """A transition of a script."""

    trial: int
    key: str
    before: ScriptState
    after: ScriptState
    reason: str


class ForbiddenMove(Exception):
    """A transition that is not in the table."""

    def __init__(self, ref: ScriptRef, before: ScriptState, after: ScriptState) -> None:
        super().__init__(f"script {ref.key} of trial {ref.trial} is {before}; {after} cannot follow")


@dataclass
class SimulatedTrial:
    """A trial that has been set up."""

    spec: TaskSpec
    states: dict[str, ScriptStatus] = field(default_factory=dict)
    is_aborting: bool = False

    @property
    def state(self) -> TrialState:
        """Aggregated over its scripts."""
        return trial_state(self.spec, self.states, aborting=self.is_aborting)

    @property
    def is_finished(self) -> bool:
        """Whether every script is terminal."""
        return all(status.state in TERMINAL for status in self.states.values())

    def keys(self, state: ScriptState) -> list[str]:
        """The scripts in this state, in order."""
        return [key for key, status in self.states.items() if status.state is state]


class SimulatedNode:
    """The trials of one node. Each event is evaluated to its end before the next is taken."""

    def __init__(self) -> None:
        self.trials: dict[int, SimulatedTrial] = {}
        self.ledger = ResourceLedger()
        self.moves: list[Move] = []
        """Everything that happened, in order."""
        self.kills: list[tuple[ScriptRef, Kill]] = []
        """Whose processes are to be ended, in order."""

    def begin(self, trial: int, spec: TaskSpec) -> None:
        """A trial has been set up."""
        states = {key: ScriptStatus(ScriptState.PENDING) for key in spec.scripts}
        self.trials[trial] = SimulatedTrial(spec, states)
        self._settle(trial)

    def end(self, trial: int, key: str, ending: Ending, *, is_gone: bool = True) -> None:
        """An executing script has ended. If its process tree `is_gone` its resources are free, else they stay taken."""
        kill = self.trials[trial].states[key].kill
        self._move(ScriptRef(trial, key), *outcome(kill, ending))
        if is_gone:
            self._release(ScriptRef(trial, key))
        self._settle(trial)

    def confirm_gone(self, trial: int, key: str) -> None:
        """What could not be confirmed dead at its end is gone now."""
        self._release(ScriptRef(trial, key))
        self._settle(trial)

    def time_out(self, trial: int, key: str) -> None:
        """The deadline of an executing script has come; without effect if it is being ended already."""
        if self.trials[trial].states[key].kill is None:
            self._kill(ScriptRef(trial, key), "timeout")
        self._settle(trial)

    def abort(self, trial: int) -> None:
        """Somebody aborts the trial; without effect if it is finished."""
        if not self.trials[trial].is_finished:
            self.trials[trial].is_aborting = True
        self._settle(trial)

    def _settle(self, trial: int) -> None:
        """Evaluate until nothing is decided any more, in this trial and in those that its resources concern."""
        self._evaluate(trial)
        while any([self._evaluate(number) for number in self.ledger.woken]):  # noqa: C419 - each of them, not up to the first
            pass

    def _evaluate(self, trial: int) -> bool:
        """Carry out all that is due in one trial; whether there was anything."""
        it, has_changed = self.trials[trial], False
        while decisions := step(it.spec, trial, it.states, self.ledger.resources, aborting=it.is_aborting):
            has_changed = True
            for decision in decisions:
                self._carry_out(trial, decision)
        return has_changed

    def _carry_out(self, trial: int, decision: Decision) -> None:
        ref = ScriptRef(trial, decision.key)
        resources = self.trials[trial].spec.scripts[decision.key].resources
        if decision.act == "kill":
            self._kill(ref, "abort" if decision.reason == "abort" else "terminate_when")
        elif decision.act == "skip":
            self._move(ref, ScriptState.SKIPPED, decision.reason)
        elif decision.act == "wait":
            self.ledger.queue(ref, resources)
            self._move(ref, ScriptState.WAITING, "")
        else:
            self.ledger.take(ref, resources)
            self._move(ref, ScriptState.EXECUTING, "")

    def _kill(self, ref: ScriptRef, kill: Kill) -> None:
        self.trials[ref.trial].states[ref.key] = ScriptStatus(ScriptState.EXECUTING, kill)
        self.kills.append((ref, kill))

    def _move(self, ref: ScriptRef, after: ScriptState, reason: str) -> None:
        states = self.trials[ref.trial].states
        before, kill = states[ref.key]
        if after not in TRANSITIONS[before]:
            raise ForbiddenMove(ref, before, after)
        states[ref.key] = ScriptStatus(after, kill)
        self.moves.append(Move(ref.trial, ref.key, before, after, reason))
        if after in TERMINAL:
            self.ledger.leave(ref, self.trials[ref.trial].spec.scripts[ref.key].resources)

    def _release(self, ref: ScriptRef) -> None:
        self.ledger.release(ref, self.trials[ref.trial].spec.scripts[ref.key].resources)
