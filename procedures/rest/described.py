"""What OpenAPI says of each address, kept out of the views."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema

from environments.domain.states import EnvironmentState
from procedures.domain.states import ProcedureState
from procedures.models import Command
from procedures.rest.parsing import JSON
from procedures.rest.queries import DEFAULT_PAGE
from procedures.rest.schema.environments import BuildLog, EnvironmentDetail, EnvironmentSummary, Pin
from procedures.rest.schema.output import OutputPage, OutputSearch, Stack
from procedures.rest.schema.procedures import (
    SUMMARY_OR_ABORT,
    CommandRow,
    NewProcedure,
    ProcedureChange,
    ProcedureSummary,
    Transition,
)
from procedures.rest.schema.said import Answer, AttachmentRow, LogRow, QuestionRow
from procedures.rest.schema.scripts import GitArgs, NewPreset, Preset, ScriptFile
from procedures.rest.schema.site import Credentials, NodeRow, Token
from procedures.rest.schema.steering import NewEvent, Override, OverrideValue, SentEvent
from procedures.rest.schema.values import Error, InputError
from procedures.selectors import MAX_PAGE

_PATH = OpenApiParameter(
    "procedure_id", OpenApiTypes.INT64, OpenApiParameter.PATH, description="Number of the procedure."
)
_WORDS = {
    400: "The request is wrong; `errors` says where.",
    401: "Nobody is logged in, or the token has expired.",
    403: "The right is missing.",
    404: "There is no such thing.",
    409: "It cannot be done in the present state, or something else holds the resource.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    429: "Too many wrong passwords.",
    503: "No process manager is running, or the database does not answer.",
    502: "The repository cannot be read.",
    504: "The process manager, or the repository, did not answer in time.",
}


def query(name: str, words: str, kind: Any = str, **options: Any) -> OpenApiParameter:
    """A parameter of the query string."""
    return OpenApiParameter(name, kind, OpenApiParameter.QUERY, description=words, **options)


def answers(*errors: int, **good: Any) -> dict[Any, Any]:
    """The answers of an address: `_200=…`, and the usual errors."""
    found: dict[Any, Any] = {int(code.removeprefix("_")): answer for code, answer in good.items()}
    return found | {
        (code, JSON): OpenApiResponse(InputError if code == 400 else Error, _WORDS[code]) for code in errors
    }


PAGE = [
    query("limit", f"At most so many, 1 to {MAX_PAGE}; by default {DEFAULT_PAGE}.", int),
    query("before", "Only ids below this one.", int),
    query("after", "Only ids above this one.", int),
]
_EVENTS = [
    query("after", "Begin after the event with this id; 0 begins with the oldest. By default only what is new.", int),
    query("topic", "Only topics that match one of these globs, such as `procedure.lifecycle.*`.", many=True),
    query("procedure", "Only events of this procedure.", int),
]
_SUMMARY_EXAMPLE = {
    "id": 1,
    "script": {"script_type": "filesystem", "script_uri": "file:///srv/scripts/observe.py"},
    "script_args": {"init": {"args": [], "kwargs": {"subarray_id": 1}}},
    "history": {"process_states": [["CREATING", 1730114892.23]], "stacktrace": None},
    "state": "CREATING",
    "cause": "",
    "created_by": "ann",
    "created_at": 1730114892.23,
    "started_at": None,
    "finished_at": None,
    "node": "control-1",
    "pid": None,
    "resources": ["telescope"],
    "timeout": None,
    "deadline_at": None,
    "stopping": None,
    "abort_of": None,
    "output": {"bytes": 0, "lines": 0, "last_line": ""},
    "said": {
        "progress": None,
        "status": None,
        "checkpoint": None,
        "pause": None,
        "questions": [],
        "actions": None,
        "attachments": 0,
    },
    "uri": "https://oet.example.org/api/v1/procedures/1/",
}
_PREPARE_EXAMPLE = {name: _SUMMARY_EXAMPLE[name] for name in ("script", "script_args")}
_START_EXAMPLE = {"state": "RUNNING", "script_args": {"main": {"args": [], "kwargs": {"duration": 60}}}}
_STOP_EXAMPLE = {"state": "STOPPED", "abort": True, "grace": 5}
_ABORTED = "Successfully stopped script with ID 1 and aborted subarray activity"


def _sent(name: str, value: Any) -> OpenApiExample:
    return OpenApiExample(name, value, request_only=True)


def _answered(name: str, value: Any, code: int = 200) -> OpenApiExample:
    return OpenApiExample(name, value, response_only=True, status_codes=[str(code)])


procedures_list = extend_schema(
    operation_id="list_procedures",
    parameters=[
        query("state", "Only procedures in one of these states.", enum=list(ProcedureState), many=True),
        query("script", "Only scripts whose URI contains this."),
        query("since", "Only procedures created since then: Unix seconds or ISO 8601."),
        query("q", "Only where this is part of the script's URI, the person or the cause."),
        query("who", "Only procedures created by this user."),
        *PAGE,
    ],
    responses=answers(400, 401, 403, _200=ProcedureSummary(many=True)),
    examples=[_answered("newest last", _SUMMARY_EXAMPLE)],
)
procedures_create = extend_schema(
    operation_id="create_procedure",
    request=NewProcedure,
    responses=answers(400, 401, 403, 413, 415, 503, 504, _201=ProcedureSummary),
    examples=[
        _sent("file", _PREPARE_EXAMPLE),
        _sent("text", {"script": {"script_type": "embedded", "script_body": "def main():\n    print('hello')\n"}}),
        _answered("created", _SUMMARY_EXAMPLE, 201),
    ],
)
procedure_get = extend_schema(
    operation_id="get_procedure",
    parameters=[_PATH],
    responses=answers(400, 401, 403, 404, _200=ProcedureSummary),
    examples=[_answered("summary", _SUMMARY_EXAMPLE)],
)
procedure_change = extend_schema(
    operation_id="change_procedure",
    parameters=[_PATH],
    request=ProcedureChange,
    responses=answers(400, 401, 403, 404, 409, 413, 415, 503, 504, _200=SUMMARY_OR_ABORT),
    examples=[
        _sent("start", _START_EXAMPLE),
        _sent("stop", _STOP_EXAMPLE),
        _answered("stopped", {"abort_message": _ABORTED}),
    ],
)
output = extend_schema(
    operation_id="get_output",
    parameters=[
        _PATH,
        query("format", "`text` as it was printed, or `frames` with times.", enum=["text", "frames"]),
        query("offset", "Begin at this byte.", int),
        query("limit", "At most so many bytes.", int),
        query("stream", "Only what was printed there.", enum=["stdout", "stderr"]),
        query("tail", "Only the last lines, so many.", int),
        query("line", "Begin at the line with this number, from 1.", int),
        query("download", "1: have the browser save it as a file.", enum=["0", "1"]),
    ],
    responses={
        **answers(400, 401, 403, 404),
        (200, "text/plain"): OpenApiTypes.STR,
        (200, JSON): OutputPage,
    },
)
output_search = extend_schema(
    operation_id="search_output",
    parameters=[
        _PATH,
        query("q", "Lines that contain this, whatever its case."),
        query("errors", "1: where errors begin.", enum=["0", "1"]),
        query("stream", "Only what was printed there.", enum=["stdout", "stderr"]),
        query("after", "The next lines after the one with this number.", int),
        query("before", "The last lines before the one with this number.", int),
        query("offset", "Go on here: the `next_offset` of the last answer.", int),
        query("limit", "At most so many lines, 1 to 1000; by default 100.", int),
        query("count", "1: count the lines that are beyond the limit.", enum=["0", "1"]),
    ],
    responses=answers(400, 401, 403, 404, _200=OutputSearch),
)
_NUMBER = OpenApiParameter("number", OpenApiTypes.INT, OpenApiParameter.PATH, description="Number of the question.")
_NAME = OpenApiParameter("name", OpenApiTypes.STR, OpenApiParameter.PATH)
_STEERED: dict[str, Any] = {
    "parameters": [_PATH],
    "request": None,
    "responses": answers(400, 401, 403, 404, 409, 503, 504, _200=ProcedureSummary),
}
pause = extend_schema(operation_id="pause_procedure", **_STEERED)
resume = extend_schema(operation_id="resume_procedure", **_STEERED)
questions_open = extend_schema(
    operation_id="list_open_questions", responses=answers(400, 401, 403, _200=QuestionRow(many=True))
)
questions_of = extend_schema(
    operation_id="list_questions",
    parameters=[_PATH],
    responses=answers(400, 401, 403, 404, _200=QuestionRow(many=True)),
)
question_get = extend_schema(
    operation_id="get_question",
    parameters=[_PATH, _NUMBER],
    responses=answers(400, 401, 403, 404, _200=QuestionRow),
)
question_answer = extend_schema(
    operation_id="answer_question",
    parameters=[_PATH, _NUMBER],
    request=Answer,
    responses=answers(400, 401, 403, 404, 409, 503, 504, _200=QuestionRow),
)
attachments = extend_schema(
    operation_id="list_attachments",
    parameters=[_PATH],
    responses=answers(400, 401, 403, 404, _200=AttachmentRow(many=True)),
)
attachment = extend_schema(
    operation_id="get_attachment",
    parameters=[_PATH, _NAME, query("download", "1: have the browser save it as a file.", enum=["0", "1"])],
    responses={**answers(400, 401, 403, 404), (200, "application/octet-stream"): OpenApiTypes.BINARY},
)
overrides_list = extend_schema(
    operation_id="list_overrides", responses=answers(400, 401, 403, _200=Override(many=True))
)
override_get = extend_schema(
    operation_id="get_override", parameters=[_NAME], responses=answers(400, 401, 403, 404, _200=Override)
)
override_set = extend_schema(
    operation_id="set_override",
    parameters=[_NAME],
    request=OverrideValue,
    responses=answers(400, 401, 403, 404, _200=Override),
)
events_publish = extend_schema(
    operation_id="publish_event",
    request=NewEvent,
    responses=answers(400, 401, 403, 404, 413, _201=SentEvent),
)
_PRESET = OpenApiParameter("preset_id", OpenApiTypes.INT64, OpenApiParameter.PATH, description="Number of the preset.")
presets_list = extend_schema(
    operation_id="list_presets",
    parameters=[
        query("script_uri", "Only presets of this script."),
        query("git_repo", "With `script_uri`: the repository that the script comes from."),
    ],
    responses=answers(400, 401, 403, _200=Preset(many=True)),
)
presets_save = extend_schema(
    operation_id="save_preset",
    request=NewPreset,
    responses=answers(400, 401, 403, 413, _201=Preset),
)
preset_get = extend_schema(
    operation_id="get_preset", parameters=[_PRESET], responses=answers(400, 401, 403, 404, _200=Preset)
)
preset_delete = extend_schema(
    operation_id="delete_preset", parameters=[_PRESET], responses=answers(400, 401, 403, 404, _200=Preset)
)
stack = extend_schema(
    operation_id="get_stack",
    parameters=[_PATH],
    responses=answers(400, 401, 403, 404, 409, 503, 504, _200=Stack),
)
history = extend_schema(
    operation_id="get_history",
    parameters=[_PATH],
    responses=answers(400, 401, 403, 404, _200=Transition(many=True)),
)
_COMMANDS = [
    query("who", "Only what this user asked for."),
    query("kind", "Only commands of this kind.", enum=list(Command.Kind.values)),
    query("state", "Only commands in this state.", enum=list(Command.State.values)),
    *PAGE,
]
log = extend_schema(
    operation_id="get_log",
    parameters=[
        _PATH,
        query("level", "Only records of this level and above.", enum=["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]),
        query("logger", "Only this logger and those below it."),
        query("q", "Only where the message contains this."),
        *PAGE,
    ],
    responses=answers(400, 401, 403, 404, _200=LogRow(many=True)),
)
procedure_commands = extend_schema(
    operation_id="list_commands_of_procedure",
    parameters=[_PATH, *_COMMANDS],
    responses=answers(400, 401, 403, 404, _200=CommandRow(many=True)),
)
commands = extend_schema(
    operation_id="list_commands",
    parameters=[query("procedure", "Only commands for this procedure.", int), *_COMMANDS],
    responses=answers(400, 401, 403, _200=CommandRow(many=True)),
)
nodes = extend_schema(operation_id="list_nodes", responses=answers(400, 401, 403, _200=NodeRow(many=True)))
scripts = extend_schema(operation_id="list_scripts", responses=answers(400, 401, 403, _200=ScriptFile(many=True)))
environments_list = extend_schema(
    operation_id="list_environments",
    parameters=[
        query("state", "Only those in this state.", enum=[state.value for state in EnvironmentState]),
        query("limit", f"At most so many, 1 to {MAX_PAGE}; by default {DEFAULT_PAGE}.", int),
    ],
    responses=answers(400, 401, 403, _200=EnvironmentSummary(many=True)),
)
environments_build = extend_schema(
    operation_id="build_environment",
    request=GitArgs,
    responses=answers(400, 401, 403, 409, 502, 504, _201=EnvironmentDetail),
)
_ENVIRONMENT: dict[str, Any] = {
    "parameters": [
        OpenApiParameter(
            "environment_id", OpenApiTypes.INT64, OpenApiParameter.PATH, description="Number of the environment."
        )
    ]
}
environment_get = extend_schema(
    operation_id="get_environment",
    **_ENVIRONMENT,
    responses=answers(400, 401, 403, 404, _200=EnvironmentDetail),
)
environment_pin = extend_schema(
    operation_id="pin_environment",
    **_ENVIRONMENT,
    request=Pin,
    responses=answers(400, 401, 403, 404, _200=EnvironmentDetail),
)
environment_delete = extend_schema(
    operation_id="delete_environment",
    **_ENVIRONMENT,
    responses=answers(400, 401, 403, 404, 409, _200=EnvironmentDetail),
)
environment_rebuild = extend_schema(
    operation_id="rebuild_environment",
    **_ENVIRONMENT,
    request=None,
    responses=answers(400, 401, 403, 404, 409, _200=EnvironmentDetail),
)
environment_log = extend_schema(
    operation_id="get_build_log",
    parameters=[
        *_ENVIRONMENT["parameters"],
        query("offset", "Bytes before the first one wanted.", int),
        query("build", "Number of the build; by default the latest.", int),
    ],
    responses=answers(400, 401, 403, 404, _200=BuildLog),
)
stream = extend_schema(
    operation_id="stream_events",
    parameters=[
        *_EVENTS,
        OpenApiParameter(
            "Last-Event-ID", int, OpenApiParameter.HEADER, description="The last event that was seen; outranks `after`."
        ),
    ],
    responses={**answers(400, 401, 403), (200, "text/event-stream"): OpenApiTypes.STR},
)
token = extend_schema(
    operation_id="log_in",
    request=Credentials,
    responses=answers(400, 401, 429, _200=Token),
    auth=[],
    examples=[_sent("credentials", {"username": "ann", "password": "correct horse battery staple"})],
)
logout = extend_schema(operation_id="log_out", request=None, responses=answers(400, 401, _204=None))
