"""`tasks/`: create from YAML or JSON, check, rehearse, look, abort, retry."""

from typing import Any

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from procedures.domain.errors import InvalidInput
from procedures.domain.people import Right
from procedures.rest.queries import Query, cut_page, link_header
from procedures.rest.requests import json_object, unknown_fields
from trials.domain.specification import TaskSpec, task_to_json
from trials.domain.vocabulary import document_schema
from trials.graphs import rehearsal_of, task_graph
from trials.rest import described
from trials.rest.parsing import (
    DocumentNegotiation,
    DocumentParser,
    document_of,
    only_not_passed,
    rehearsal_wanted,
    state_wanted,
)
from trials.rest.view import TrialView, narrowing
from trials.selectors import find_tasks, task_detail, task_for, task_summaries, trial_detail
from trials.specifications import spec_of_task


class _Documents(TrialView):
    """Takes a document as its body."""

    parser_classes = (DocumentParser,)
    content_negotiation_class = DocumentNegotiation


class TasksView(_Documents):
    """All tasks."""

    @described.tasks_list
    def get(self, request: Request) -> Response:
        """Tasks with the states of their trials, newest last; the `Link` header leads to older and newer ones."""
        wanted, limit = narrowing(request.query_params)
        rows, has_more = cut_page(find_tasks(self.actor, wanted, limit + 1), limit, wanted.after_id)
        shown = [self.with_task_uri(summary) for summary in task_summaries(rows)]
        return Response(shown, headers=link_header(request, [row.pk for row in rows], has_more=has_more))

    @described.tasks_create
    def post(self, request: Request) -> Response:
        """Create a task with its first trials; a context creates all of its tasks, and answers with the list of them."""
        made = [self.with_task_uri(task_detail(task)) for task in self.trials.create(document_of(request.data))]
        headers = {"Location": made[0]["uri"]} if len(made) == 1 else {}
        return Response(made[0] if len(made) == 1 else made, status=status.HTTP_201_CREATED, headers=headers)


class ValidateView(_Documents):
    """Checks documents."""

    @described.tasks_validate
    def post(self, request: Request) -> Response:
        """What the document describes: each task resolved, its graph, and what is legal but hardly meant. Nothing is created."""
        specs = self.trials.check(document_of(request.data))
        return Response({"tasks": [_checked(spec) for spec in specs]})


class RehearseView(TrialView):
    """Plays tasks that need not exist."""

    @described.tasks_rehearse
    def post(self, request: Request) -> Response:
        """What would become of a trial if these scripts failed, timed out, were stopped; a script that is not named passes."""
        data = json_object(request.data)
        errors = unknown_fields(data, ("document", "task", "fates", "durations", "abort_at"))
        document, task_id = data.get("document"), data.get("task")
        if document is not None and not isinstance(document, str):
            errors["document"] = "must be the text of a specification."
        if task_id is not None and (isinstance(task_id, bool) or not isinstance(task_id, int)):
            errors["task"] = "must be the number of a task."
        if not errors and (document is None) == (task_id is None):
            errors["document"] = "give either document, the text of a specification, or task, the number of a task."
        if errors:
            raise InvalidInput(errors)
        spec = self._spec(document) if document is not None else spec_of_task(task_for(self.actor, data["task"]))
        return Response(rehearsal_of(spec, **rehearsal_wanted(data, spec)))

    def _spec(self, text: str) -> TaskSpec:
        specs = self.trials.check(text)
        if len(specs) != 1:
            raise InvalidInput({"document": f"describes {len(specs)} tasks; one is rehearsed at a time."})
        return specs[0]


class SchemaView(TrialView):
    """JSON Schema of documents."""

    @described.tasks_schema
    def get(self, request: Request) -> Response:
        """For editors: they complete keys, and mark what is wrong, while somebody types."""
        self.actor.require(Right.VIEW)
        Query(request.query_params, ()).check()
        return Response(document_schema())


class TaskView(TrialView):
    """One task."""

    @described.task_get
    def get(self, request: Request, task_id: str) -> Response:
        """It, with its document as written and resolved."""
        Query(request.query_params, ()).check()
        return Response(self.with_task_uri(task_detail(task_for(self.actor, int(task_id)))))

    @described.task_abort
    def put(self, request: Request, task_id: str) -> Response:
        """Abort its unfinished trials, and make no new ones."""
        task_for(self.actor, int(task_id))  # an id that does not exist outranks a fault in the body
        state_wanted(request.data)
        return Response(self.with_task_uri(task_detail(self.trials.abort_task(int(task_id)))))


class TaskTrialsView(TrialView):
    """The trials of a task."""

    @described.task_retry
    def post(self, request: Request, task_id: str) -> Response:
        """One more trial, whatever the limits of the task say; with `only_not_passed`, what has passed is taken over from the last one."""
        task_for(self.actor, int(task_id))
        trial = self.trials.retry(int(task_id), only_not_passed=only_not_passed(request.data))
        made = self.with_trial_uri(trial_detail(trial))
        return Response(made, status=status.HTTP_201_CREATED, headers={"Location": made["uri"]})


def _checked(spec: TaskSpec) -> dict[str, Any]:
    return {
        "key": spec.key,
        "name": spec.name,
        "spec": task_to_json(spec),
        "warnings": [warning.as_json() for warning in spec.warnings],
        "graph": task_graph(spec),
    }
