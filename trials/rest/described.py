"""What OpenAPI says of each address, kept out of the views."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema

from procedures.rest import described
from procedures.rest.parsing import JSON
from trials.domain.states import TrialState
from trials.rest import schema
from trials.rest.parsing import YAML

_DOCUMENT = {YAML: OpenApiTypes.STR, JSON: OpenApiTypes.OBJECT}
_EXAMPLE = OpenApiExample(
    "two scripts",
    "scripts:\n  prepare: {body: sleep 1}\n  observe:\n    body: ./observe\n    start_when: {prepared: {script_key: prepare}}\n",
    request_only=True,
    media_type=YAML,
)


def _number(name: str, words: str) -> OpenApiParameter:
    return OpenApiParameter(name, OpenApiTypes.INT64, OpenApiParameter.PATH, description=words)


_TASK = _number("task_id", "Number of the task.")
_TRIAL = _number("trial_id", "Number of the trial.")
_NARROWING = [
    described.query("state", "Only those in one of these states.", enum=list(TrialState), many=True),
    described.query("who", "Only those that this user created."),
    *described.PAGE,
]


def _answers(*errors: int, **good: Any) -> dict[Any, Any]:
    return described.answers(*errors, **good)


def _document_answers(*errors: int, **good: Any) -> dict[Any, Any]:
    wrong = OpenApiResponse(schema.SpecificationError, "The document is no specification; `errors` says where and why.")
    return _answers(*errors, **good) | {(400, JSON): wrong}


tasks_list = extend_schema(
    operation_id="list_tasks",
    parameters=_NARROWING,
    responses=_answers(400, 401, 403, _200=schema.TaskSummary(many=True)),
)
tasks_create = extend_schema(
    operation_id="create_task",
    request=_DOCUMENT,
    responses=_document_answers(401, 403, 413, 415, 503, _201=schema.TaskDetail),
    examples=[_EXAMPLE],
)
tasks_validate = extend_schema(
    operation_id="validate_task",
    request=_DOCUMENT,
    responses=_document_answers(401, 403, 413, 415, _200=OpenApiTypes.OBJECT),
    examples=[_EXAMPLE],
)
tasks_rehearse = extend_schema(
    operation_id="rehearse_task",
    request=schema.RehearsalOrder,
    responses=_document_answers(401, 403, 404, 413, 415, _200=OpenApiTypes.OBJECT),
)
tasks_schema = extend_schema(
    operation_id="get_document_schema", responses=_answers(400, 401, 403, _200=OpenApiTypes.OBJECT)
)
task_get = extend_schema(
    operation_id="get_task", parameters=[_TASK], responses=_answers(400, 401, 403, 404, _200=schema.TaskDetail)
)
task_abort = extend_schema(
    operation_id="abort_task",
    parameters=[_TASK],
    request=schema.Abort,
    responses=_answers(400, 401, 403, 404, 409, 415, _200=schema.TaskDetail),
)
task_retry = extend_schema(
    operation_id="retry_task",
    parameters=[_TASK],
    request=schema.RetryOrder,
    responses=_answers(400, 401, 403, 404, 409, 415, _201=schema.TrialDetail),
)
trials_list = extend_schema(
    operation_id="list_trials",
    parameters=[described.query("task", "Only trials of this task.", int), *_NARROWING],
    responses=_answers(400, 401, 403, _200=schema.TrialSummary(many=True)),
)
trial_get = extend_schema(
    operation_id="get_trial", parameters=[_TRIAL], responses=_answers(400, 401, 403, 404, _200=schema.TrialDetail)
)
trial_abort = extend_schema(
    operation_id="abort_trial",
    parameters=[_TRIAL],
    request=schema.Abort,
    responses=_answers(400, 401, 403, 404, 409, 415, _200=schema.TrialDetail),
)
trial_graph = extend_schema(
    operation_id="get_trial_graph", parameters=[_TRIAL], responses=_answers(400, 401, 403, 404, _200=schema.TrialGraph)
)
