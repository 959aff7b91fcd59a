"""What is refused about tasks and trials, one class for each situation."""

from collections.abc import Sequence
from typing import Any

from procedures.domain.errors import Refusal
from trials.domain.errors import Problem


class BadSpecification(Refusal):
    """The document is no specification. `errors` has every fault with its path, line and remedy."""

    code = "invalid_specification"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        count = "an error" if len(self.problems) == 1 else f"{len(self.problems)} errors"
        super().__init__(f"the document has {count}; nothing was created.")

    @property
    def errors(self) -> list[dict[str, Any]]:
        """The faults as REST answers them."""
        return [problem.as_json() for problem in self.problems]


class NoSuchTask(Refusal):
    """There is no task with this id."""

    code = "not_found"

    def __init__(self, task_id: int) -> None:
        super().__init__(f"there is no task {task_id}.")


class NoSuchTrial(Refusal):
    """There is no trial with this id."""

    code = "not_found"

    def __init__(self, trial_id: int) -> None:
        super().__init__(f"there is no trial {trial_id}.")


class Finished(Refusal):
    """What is over cannot be aborted."""

    code = "wrong_state"

    def __init__(self, what: str, state: str) -> None:
        super().__init__(f"{what} is {state} already; there is nothing left to abort.")


class CannotRetry(Refusal):
    """What did not pass cannot be repeated alone."""

    code = "wrong_state"

    def __init__(self, task_id: int, why: str) -> None:
        super().__init__(f"task {task_id} cannot repeat only what did not pass: {why}. Retry the whole task.")
