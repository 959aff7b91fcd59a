"""What the views of trials share."""

from typing import Any

from django.http import QueryDict
from django.urls import reverse

from procedures.rest.queries import PAGE, Query
from procedures.rest.view import View
from trials.domain.states import TrialState
from trials.selectors import Narrowing
from trials.service import TrialService


class TrialView(View):
    """A view whose service is that of trials."""

    @property
    def trials(self) -> TrialService:
        """What they can ask for."""
        return TrialService(self.actor)

    def with_task_uri(self, shown: dict[str, Any]) -> dict[str, Any]:
        """What is shown of a task, with its address."""
        return shown | {"uri": self.request.build_absolute_uri(reverse("trials_api:task", args=[shown["id"]]))}

    def with_trial_uri(self, shown: dict[str, Any]) -> dict[str, Any]:
        """What is shown of a trial, with its address."""
        return shown | {"uri": self.request.build_absolute_uri(reverse("trials_api:trial", args=[shown["id"]]))}


def narrowing(parameters: QueryDict, *further: str) -> tuple[Narrowing, int]:
    """What a list is narrowed to, and how many are wanted; raises InvalidInput."""
    query = Query(parameters, ("state", "who", *further, *PAGE))
    states = query.texts("state")
    if unknown := [state for state in states if state not in set(TrialState)]:
        query.errors["state"] = f"“{unknown[0][:60]}” is no state; there are: {', '.join(TrialState)}."
    task_id = query.number("task") if "task" in further else None
    who = query.text("who")
    limit, before, after = query.page()
    query.check()
    return Narrowing([TrialState(s) for s in states], task_id, who, before, after), limit
