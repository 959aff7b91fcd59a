"""The shapes of requests and answers, for OpenAPI alone: bodies are read by `requests`, answers are made by the selectors."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema_field
from rest_framework import serializers as s

from environments.models import Environment
from procedures.domain.messages import MAX_TOPIC_CHARACTERS
from procedures.domain.overrides import Kind
from procedures.models import STATE_CHOICES, Command, Question

_TIME = {"type": "number", "format": "double", "description": "Unix seconds."}
_TIME_OR_NULL = {**_TIME, "nullable": True}
_ANY = {"description": "Any JSON."}


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call] # its metaclass has no types
    """How programs say who they are."""

    target_class = "procedures.rest.authentication.TokenAuthentication"
    name = "token"
    priority = 1

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """The header."""
        words = "`Token …`, from `auth/token/`."
        return {"type": "apiKey", "in": "header", "name": "Authorization", "description": words}


@extend_schema_field(_TIME)
class Time(s.FloatField):
    """A moment."""


@extend_schema_field(_TIME_OR_NULL)
class TimeOrNull(s.FloatField):
    """A moment, or none."""


@extend_schema_field(_ANY)
class AnyJSON(s.JSONField):
    """Any JSON."""


class Call(s.Serializer[Any]):
    """What a function is called with."""

    args = s.ListField(child=AnyJSON(), required=False, help_text="Positional arguments.")
    kwargs = s.DictField(child=AnyJSON(), required=False, help_text="Arguments by name.")


class FileSystem(s.Serializer[Any]):
    """A Python file on the node, below OET_SCRIPT_ROOTS."""

    script_type = s.ChoiceField(["filesystem"])
    script_uri = s.CharField(help_text="`file:///srv/scripts/observe.py`")


class GitArgs(s.Serializer[Any]):
    """Where a git script comes from."""

    git_repo = s.CharField(help_text="URL; OET_GIT_ALLOW says which are allowed.")
    git_branch = s.CharField(
        required=False, allow_null=True, help_text="Branch or tag; by default the remote's default branch."
    )
    git_commit = s.CharField(
        required=False,
        allow_null=True,
        help_text="Full or abbreviated; outranks the branch. Summaries show it in full.",
    )


class Git(s.Serializer[Any]):
    """A Python file of a git commit."""

    script_type = s.ChoiceField(["git"])
    script_uri = s.CharField(help_text="`git://path/in/repo.py`")
    git_args = GitArgs()
    create_env = s.BooleanField(required=False)


class Embedded(s.Serializer[Any]):
    """The text of a script."""

    script_type = s.ChoiceField(["embedded"])
    script_body = s.CharField(required=False, help_text="Left out in lists.")
    name = s.CharField(required=False)


SCRIPT = PolymorphicProxySerializer(
    component_name="Script",
    serializers={"filesystem": FileSystem, "git": Git, "embedded": Embedded},
    resource_type_field_name="script_type",
)


@extend_schema_field(SCRIPT)
class Script(s.JSONField):
    """A script of any kind."""


@extend_schema_field(
    {"oneOf": [{"type": "number"}, {"type": "string"}], "description": "Seconds, or such as `3 minutes`."}
)
class Duration(s.JSONField):
    """A duration."""


class NewProcedure(s.Serializer[Any]):
    """The body of `POST procedures/`."""

    script = Script()
    script_args = s.DictField(child=Call(), required=False, help_text="By function; `init` runs at once.")
    resources = s.ListField(
        child=s.CharField(),
        required=False,
        allow_null=True,
        help_text="What it claims while RUNNING; by default OET_RESOURCES.",
    )
    timeout = Duration(required=False, allow_null=True, help_text="How long each function may run.")
    start = s.BooleanField(
        required=False,
        help_text="Start `main` with the arguments given here as soon as it is READY, if what it claims is free then.",
    )


class ProcedureChange(s.Serializer[Any]):
    """The body of `PUT procedures/{id}/`."""

    state = s.ChoiceField(["RUNNING", "STOPPED"])
    script_args = s.DictField(
        child=Call(),
        required=False,
        help_text="RUNNING: the one function named here (`init` aside) is started; none means `main`.",
    )
    timeout = Duration(required=False, allow_null=True, help_text="RUNNING: how long this run may take.")
    abort = s.BooleanField(required=False, help_text="STOPPED: run the abort script afterwards.")
    grace = s.FloatField(
        required=False,
        allow_null=True,
        min_value=0,
        max_value=3600,
        help_text="STOPPED: seconds to tidy up; 0 kills at once.",
    )


class NewPreset(s.Serializer[Any]):
    """The body of `POST presets/`."""

    name = s.CharField(max_length=100)
    script = Script()
    script_args = s.DictField(child=Call(), required=False, help_text="By function.")
    timeout = Duration(required=False, allow_null=True)


class Preset(s.Serializer[Any]):
    """Arguments of a script, kept under a name."""

    id = s.IntegerField()
    name = s.CharField()
    script_uri = s.CharField()
    git_repo = s.CharField(allow_null=True)
    script_args = s.DictField(child=Call())
    timeout = s.FloatField(allow_null=True)
    saved_by = s.CharField()
    saved_at = Time()


@extend_schema_field(
    {
        "type": "array",
        "items": {"type": "array", "items": {}, "minItems": 2, "maxItems": 2},
        "description": "State (RUNNING numbered: `RUNNING 1`) and Unix seconds.",
    }
)
class ProcessStates(s.JSONField):
    """States and times."""


class History(s.Serializer[Any]):
    """The states that a procedure has been in."""

    process_states = ProcessStates()
    stacktrace = s.CharField(allow_null=True)


class Stopping(s.Serializer[Any]):
    """A stop that is under way or was carried out."""

    by = s.CharField()
    at = Time()
    grace = s.FloatField(allow_null=True)


class OutputSummary(s.Serializer[Any]):
    """How much was printed."""

    bytes = s.IntegerField()
    lines = s.IntegerField()
    last_line = s.CharField()


class Progress(s.Serializer[Any]):
    """How far it is."""

    fraction = s.FloatField(allow_null=True, help_text="0 to 1; null where nobody knows.")
    message = s.CharField()
    at = Time()


class Words(s.Serializer[Any]):
    """What it does, in its own words."""

    text = s.CharField()
    at = Time()


class Checkpoint(s.Serializer[Any]):
    """The checkpoint it passed last, or waits at."""

    name = s.CharField()
    at = Time()


class Pause(s.Serializer[Any]):
    """A pause that was asked for, or is."""

    state = s.ChoiceField(["asked", "paused"])
    by = s.CharField()
    at = Time()
    checkpoint = s.CharField(allow_null=True, help_text="Where it waits.")


class OpenQuestion(s.Serializer[Any]):
    """A question that waits for an answer."""

    number = s.IntegerField()
    text = s.CharField()
    choices = s.ListField(child=s.CharField(), help_text="Empty where any text will do.")
    asked_at = Time()
    deadline_at = TimeOrNull(allow_null=True, help_text="Until when the script waits.")


class ActionsSummary(s.Serializer[Any]):
    """How far a run of the action harness is."""

    run = s.CharField()
    total = s.IntegerField()
    done = s.IntegerField()
    failed = s.IntegerField()
    current = s.CharField(help_text="The action that runs; empty if none does.")
    fraction = s.FloatField()
    at = TimeOrNull(allow_null=True)


class Said(s.Serializer[Any]):
    """What a script has said about itself."""

    progress = Progress(allow_null=True)
    status = Words(allow_null=True)
    checkpoint = Checkpoint(allow_null=True)
    pause = Pause(allow_null=True)
    questions = OpenQuestion(many=True)
    actions = ActionsSummary(allow_null=True)
    attachments = s.IntegerField(help_text="How many there are.")


class QuestionRow(OpenQuestion):
    """A question, and what became of it."""

    procedure = s.IntegerField()
    state = s.ChoiceField(Question.State.choices)
    answer = s.CharField(allow_null=True)
    answered_by = s.CharField()
    closed_at = TimeOrNull(allow_null=True)


class Answer(s.Serializer[Any]):
    """The body of `PUT procedures/{id}/questions/{number}/`."""

    answer = s.CharField(help_text="One of `choices`, where there are any.")


class AttachmentRow(s.Serializer[Any]):
    """Something that a script attached."""

    name = s.CharField()
    media_type = s.CharField()
    bytes = s.IntegerField()
    at = Time()
    uri = s.CharField()


class LogRow(s.Serializer[Any]):
    """A record of Python's `logging`."""

    id = s.IntegerField()
    at = Time()
    level = s.CharField()
    logger = s.CharField()
    message = s.CharField(help_text="With the traceback, where it had one.")


class OverrideValue(s.Serializer[Any]):
    """The body of `PUT overrides/{name}/`."""

    value = AnyJSON()


class Override(OverrideValue):
    """An operator override."""

    name = s.CharField()
    type = s.ChoiceField([(kind.value, kind.value) for kind in Kind])
    choices = s.ListField(child=s.CharField())
    default = AnyJSON()
    description = s.CharField()
    set_by = s.CharField()
    set_at = TimeOrNull(allow_null=True)


class NewEvent(s.Serializer[Any]):
    """The body of `POST events/`."""

    topic = s.CharField(max_length=MAX_TOPIC_CHARACTERS)
    payload = s.DictField(child=AnyJSON(), required=False)


class SentEvent(NewEvent):
    """An event that was sent."""

    id = s.IntegerField()
    at = Time()
    procedure = s.IntegerField(allow_null=True)
    who = s.CharField()


class ProcedureSummary(s.Serializer[Any]):
    """A procedure."""

    id = s.IntegerField()
    script = Script()
    script_args = s.DictField(child=Call())
    history = History()
    state = s.ChoiceField(STATE_CHOICES)
    cause = s.CharField(help_text="Why it is in this state.")
    created_by = s.CharField()
    created_at = Time()
    started_at = TimeOrNull(allow_null=True, help_text="When a function was last started.")
    finished_at = TimeOrNull(allow_null=True)
    node = s.CharField()
    pid = s.IntegerField(allow_null=True)
    environment = s.IntegerField(allow_null=True, help_text="The environment that was made for its commit.")
    resources = s.ListField(child=s.CharField())
    timeout = s.FloatField(allow_null=True, help_text="Seconds each function may run.")
    deadline_at = TimeOrNull(allow_null=True)
    stopping = Stopping(allow_null=True)
    abort_of = s.IntegerField(allow_null=True)
    part_of = AnyJSON(allow_null=True, help_text="`task`, `trial` and `key` of the script of a trial that it is.")
    output = OutputSummary()
    said = Said()
    uri = s.CharField()


class EnvironmentSummary(s.Serializer[Any]):
    """An environment."""

    id = s.IntegerField()
    state = s.ChoiceField(Environment.State.choices)
    state_at = TimeOrNull(allow_null=True)
    reason = s.CharField(help_text="Why it is in this state; the last lines of a failed build.")
    is_unanswered = s.BooleanField(help_text="No builder has taken it for a while.")
    git_repo = s.CharField()
    git_branch = s.CharField(help_text="Branch or tag it was last asked by.")
    git_commit = s.CharField()
    python = s.CharField()
    python_version = s.CharField()
    node = s.CharField()
    is_pinned = s.BooleanField()
    recipe = s.CharField(help_text="What it was installed from.")
    size_bytes = s.IntegerField()
    users = s.IntegerField(help_text="How many use it or wait for it.")
    requested_by = s.CharField()
    requested_at = Time()
    last_used_at = TimeOrNull(allow_null=True)
    started_at = TimeOrNull(allow_null=True, help_text="When its latest build began.")
    finished_at = TimeOrNull(allow_null=True)
    build = s.IntegerField(help_text="Number of its latest build.")
    log_bytes = s.IntegerField()


class Package(s.Serializer[Any]):
    """A package that is installed."""

    name = s.CharField()
    version = s.CharField()


class EnvironmentDetail(EnvironmentSummary):
    """An environment with its packages."""

    packages = Package(many=True)
    holders = s.ListField(child=s.CharField(), help_text="Who uses it, such as `procedure:12`.")
    procedures = s.ListField(child=s.IntegerField(), help_text="The latest that ran in it, the newest first.")


class Pin(s.Serializer[Any]):
    """The body of `PATCH environments/{id}/`."""

    is_pinned = s.BooleanField()


class BuildLog(s.Serializer[Any]):
    """A part of a build log."""

    build = s.IntegerField()
    offset = s.IntegerField()
    text = s.CharField()
    next_offset = s.IntegerField()
    missing_bytes = s.IntegerField(help_text="Bytes that were dropped before this part.")
    state = s.ChoiceField(Environment.State.choices)
    is_building = s.BooleanField()


class AbortSummary(s.Serializer[Any]):
    """The answer to a stop."""

    abort_message = s.CharField()


SUMMARY_OR_ABORT = PolymorphicProxySerializer(
    component_name="SummaryOrAbort", serializers=[ProcedureSummary, AbortSummary], resource_type_field_name=None
)
"""The answer to a start or to a stop."""


class Transition(s.Serializer[Any]):
    """One row of a history."""

    sequence = s.IntegerField()
    state = s.ChoiceField(STATE_CHOICES)
    at = Time()
    cause = s.CharField()
    who = s.CharField()
    function = s.CharField()
    stacktrace = s.CharField(allow_null=True)
    details = AnyJSON(allow_null=True, help_text="Results, and the report of a stop.")


class CommandRow(s.Serializer[Any]):
    """What somebody asked for, and what became of it."""

    id = s.IntegerField()
    kind = s.ChoiceField(Command.Kind.choices)
    procedure = s.IntegerField()
    node = s.CharField()
    arguments = AnyJSON()
    issued_by = s.CharField()
    issued_at = Time()
    expires_at = Time()
    state = s.ChoiceField(Command.State.choices)
    reason = s.CharField()
    refusal = s.CharField()
    answered_at = TimeOrNull(allow_null=True)


class NodeRow(s.Serializer[Any]):
    """A machine that runs scripts."""

    name = s.CharField()
    heartbeat_at = Time()
    heartbeat_age_s = s.FloatField()
    is_alive = s.BooleanField()
    problems = s.ListField(child=s.CharField())
    condition = AnyJSON()
    versions = AnyJSON()


class ScriptFile(s.Serializer[Any]):
    """A file that may be run."""

    path = s.CharField()
    script_uri = s.CharField()


class OutputFrame(s.Serializer[Any]):
    """A piece of output, or a gap where something was not kept."""

    offset = s.IntegerField(help_text="Bytes before it.")
    line = s.IntegerField(help_text="Newlines before it.")
    time = TimeOrNull(allow_null=True)
    stream = s.ChoiceField(["stdout", "stderr", "gap"])
    text = s.CharField()
    bytes = s.IntegerField(required=False, help_text="Of a gap: what is missing.")
    lines = s.IntegerField(required=False, help_text="Of a gap: what is missing.")


class OutputPage(s.Serializer[Any]):
    """A page of output."""

    offset = s.IntegerField()
    next_offset = s.IntegerField(help_text="Where to go on; it is `total_bytes` once everything was read.")
    total_bytes = s.IntegerField()
    lines_total = s.IntegerField()
    frames = OutputFrame(many=True)


class StackFrame(s.Serializer[Any]):
    """A call that has not returned."""

    file = s.CharField()
    line = s.IntegerField()
    function = s.CharField()
    kind = s.ChoiceField(["script", "library", "oet"], help_text="Whose code it is.")
    code = s.ListField(child=s.ListField(), help_text="Lines of source around it, as [number, text].")


class StackThread(s.Serializer[Any]):
    """A thread, or a task of asyncio."""

    name = s.CharField()
    is_main = s.BooleanField()
    is_task = s.BooleanField()
    frames = StackFrame(many=True, help_text="Outermost first.")


class Stack(s.Serializer[Any]):
    """What a script does now."""

    procedure = s.IntegerField()
    at = Time()
    took_s = s.FloatField()
    how = s.ChoiceField(["asked", "signal", "none"])
    note = s.CharField(help_text="What kept it from answering; empty where it answered.")
    threads = StackThread(many=True)
    left_out = s.IntegerField(help_text="Threads that are not listed.")


class OutputHit(s.Serializer[Any]):
    """A line that was looked for."""

    offset = s.IntegerField(help_text="Bytes before it.")
    line = s.IntegerField(help_text="Its number, from 1.")
    time = Time()
    stream = s.ChoiceField(["stdout", "stderr"])
    text = s.CharField(help_text="Its beginning.")


class OutputSearch(s.Serializer[Any]):
    """Lines of output that were looked for."""

    hits = OutputHit(many=True)
    count = s.IntegerField(help_text="How many were found by this request.")
    next_offset = s.IntegerField(
        allow_null=True, help_text="Where to go on; null where there is nothing more to search."
    )
    total_bytes = s.IntegerField()


class Credentials(s.Serializer[Any]):
    """Who logs in."""

    username = s.CharField()
    password = s.CharField()


class Token(s.Serializer[Any]):
    """A token, and until when it is good."""

    expiry = s.DateTimeField()
    token = s.CharField()


class Error(s.Serializer[Any]):
    """Why something was not done."""

    detail = s.CharField(help_text="In words.")
    code = s.CharField(help_text="For programs.")


class InputError(Error):
    """Why a request was wrong."""

    def get_fields(self) -> dict[str, Any]:
        """`errors` cannot be an attribute: serializers have one of that name."""
        texts = s.ListField(child=s.CharField())
        return {
            **super().get_fields(),
            "errors": s.DictField(child=texts, required=False, help_text="What is wrong, by field."),
        }
