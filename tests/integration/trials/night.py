"""A station that runs trials, and what became of them."""

from dataclasses import dataclass

from procedures.domain.people import Actor, Right
from tests.integration.procedures.manager.station import TIMEOUT_S, Station
from tests.waiting import wait_until
from trials.domain.states import UNFINISHED, TrialState
from trials.models import Task, Trial, TrialScript
from trials.service import TrialService


@dataclass
class Night(Station):
    """A station with trials."""

    @property
    def service(self) -> TrialService:
        """The service, on behalf of somebody who may do everything."""
        return TrialService(Actor("ann", frozenset(Right)))

    def submit(self, document: str) -> Task:
        """Create a task."""
        return self.service.create(document)[0]

    def trial(self, task: Task, number: int = 1) -> Trial:
        """A trial of a task, as it is now."""
        return Trial.objects.get(task=task, number=number)

    def finished(self, task: Task, number: int = 1, timeout_s: float = TIMEOUT_S) -> Trial:
        """A trial of a task, once it is over."""

        def found() -> Trial | None:
            trial = self.trial(task, number)
            return None if TrialState(trial.state) in UNFINISHED else trial

        return wait_until(found, what=f"the end of trial {number} of task {task.pk}", timeout_s=timeout_s)

    def script_of(self, task: Task, key: str, *, number: int = 1, state: str = "") -> TrialScript:
        """A script of a trial, once it is in a state."""

        def found() -> TrialScript | None:
            script = TrialScript.objects.select_related("procedure").get(
                trial__task=task, trial__number=number, key=key
            )
            return script if state in {"", script.state} else None

        return wait_until(found, what=f"script {key} to be {state}", timeout_s=TIMEOUT_S)

    def states(self, trial: Trial) -> dict[str, str]:
        """The states of its scripts."""
        return dict(TrialScript.objects.filter(trial=trial).values_list("key", "state"))
