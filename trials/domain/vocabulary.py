"""Every key a document may have, with its shape, default and meaning: for validation and for the published JSON Schema."""

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

from trials.domain.document import Path
from trials.domain.errors import Code
from trials.domain.report import Report
from trials.domain.shapes import (
    Duration,
    Either,
    Flag,
    Json,
    Key,
    ListOf,
    MapOf,
    Positive,
    Record,
    Schema,
    Shape,
    Text,
    Whole,
    Word,
    name_fault,
)
from trials.domain.specification import DEFAULT_TIMEOUT, MAX_BODY_BYTES, SATISFY_ANY, SATISFY_LAST
from trials.domain.states import ScriptState

MAX_NAME_CHARACTERS: Final = 200
VARIABLE_PATTERN: Final = "[A-Za-z_][A-Za-z0-9_]*"
_MAX_INTEGER: Final = 2**31 - 1
"""What the database holds."""


def _short_text_fault(text: str) -> str:
    if len(text) > MAX_NAME_CHARACTERS:
        return f"has {len(text)} characters; at most {MAX_NAME_CHARACTERS} are allowed"
    return "" if text.isprintable() else "has characters that cannot be shown, such as line breaks"


def _key_fault(text: str) -> str:
    return _short_text_fault(text) if text.strip() else "must not be blank"


def _path_fault(text: str) -> str:
    path = PurePosixPath(text)
    if not text or text.endswith("/") or path == PurePosixPath():
        return "must name a file"
    depth = 0
    for part in path.parts:
        depth += -1 if part == ".." else 1
        if depth < 0 or path.is_absolute():
            return f"{text[:60]!r} leaves the working directory; name a file inside of it"
    return "must name a file" if path.name == ".." else ""


_TEXT = Text()
_SHORT_TEXT = Text(_short_text_fault, keywords={"maxLength": MAX_NAME_CHARACTERS})
_KEY = Text(_key_fault, keywords={"minLength": 1, "maxLength": MAX_NAME_CHARACTERS})
_ANY_LIST = Json(list, "a list")
_ANY_MAP = Json(dict, "a map")
_VARIABLES = MapOf(_TEXT, name_fault("an environment variable", VARIABLE_PATTERN), f"^{VARIABLE_PATTERN}$")

CONDITION: Final = Record(
    "condition",
    {
        "script_key": Key(_TEXT, "the key of the script whose state is looked at", is_required=True),
        "states": Key(
            ListOf(Word(tuple(sorted(ScriptState)), "state", Code.ILLEGAL_STATE)),
            "it matches while that script is in one of these",
            ["passed"],
        ),
    },
)

_GIT_ARGS = Record(
    "git_args",
    {
        "git_repo": Key(_TEXT, "the URL of the repository", is_required=True),
        "git_branch": Key(_TEXT, "a branch or tag"),
        "git_commit": Key(_TEXT, "a commit; outranks the branch"),
    },
)

_PYTHON = Record(
    "python_procedure",
    {
        "script_type": Key(
            Word(("filesystem", "git", "embedded"), "type of script"), "where the script is", is_required=True
        ),
        "script_uri": Key(_TEXT, "file:///… or git://path/in/repo.py"),
        "script_body": Key(Text(most_bytes=MAX_BODY_BYTES), "the text of an embedded script"),
        "name": Key(_TEXT, "what to call an embedded script"),
        "git_args": Key(_GIT_ARGS, "the commit of a git script"),
        "create_env": Key(Flag(), "build an environment for the commit"),
    },
)

_INIT = Record(
    "init_input",
    {
        "args": Key(_ANY_LIST, "positional arguments of init", []),
        "kwargs": Key(_ANY_MAP, "keyword arguments of init", {}),
    },
)

_ENVIRONMENT = Key(_VARIABLES, "environment variables; null removes one", {})
_DESCRIPTION = Key(_TEXT, "for people", "")

_SCRIPT_ONLY: Final[dict[str, Key]] = {
    "body": Key(
        Text(most_bytes=MAX_BODY_BYTES), "the script itself, run by its #! line or a shell; an empty one passes", ""
    ),
    "script": Key(_PYTHON, "a Python procedure instead of body"),
    "function": Key(_TEXT, "which function of the Python procedure runs", "main"),
    "args": Key(_ANY_LIST, "positional arguments of the function", []),
    "kwargs": Key(_ANY_MAP, "keyword arguments of the function", {}),
    "init": Key(_INIT, "arguments of the procedure's init"),
    "template_environment_variables": Key(
        Flag(), "replace {{NAME}} in the values of this script's variables", default=True
    ),
    "exclusive_executor_resource": Key(
        _TEXT, "scripts with the same value never execute at once on one node; {{NAME}} is replaced"
    ),
    "start_when": Key(MapOf(CONDITION), "starts as soon as all of these match; without any, at once", {}),
    "terminate_when": Key(MapOf(CONDITION), "is ended as soon as all of these match; without any, never", {}),
    "timeout": Key(Duration(), "is ended after this time and then counts as defective", DEFAULT_TIMEOUT),
    "ignore_state": Key(Flag(), "its state does not count for the trial", default=False),
    "ignore_abort": Key(Flag(), "an abort of the trial neither skips nor stops it", default=False),
}

_SCRIPT_KEYS: Final[dict[str, Key]] = {
    "key": Key(_KEY, "the name others use in script_key; default: the key in the map"),
    "name": Key(_SHORT_TEXT, "for people; default: the key"),
    "description": _DESCRIPTION,
    "environment_variables": _ENVIRONMENT,
    **_SCRIPT_ONLY,
}

_PORT = Record(
    "port",
    {
        "min": Key(Whole(1, 65535), "the lowest number", is_required=True),
        "max": Key(Whole(1, 65535), "the highest number", is_required=True),
    },
)

_FILE = Text(_path_fault)
_TEMPLATE = Record(
    "template",
    {
        "src": Key(_FILE, "the file to render, in the working directory", is_required=True),
        "dest": Key(_FILE, "where the result goes, in the working directory", is_required=True),
    },
)

_TASK_ONLY_NAMES: Final = (
    *("scripts", "script_defaults", "aggregate_state", "max_trials", "eager_trials", "priority", "load", "traits"),
    *("git_args", "ports", "templates"),
)
_OF_A_TASK = {key: f"'{key}' belongs to the task, not to a script" for key in _TASK_ONLY_NAMES}
_OF_A_SCRIPT = {
    key: f"'{key}' belongs to a script, or to script_defaults" for key in _SCRIPT_ONLY if key not in {"body", "script"}
}

SCRIPT: Final = Record("script", _SCRIPT_KEYS, _OF_A_TASK)
SCRIPT_DEFAULTS: Final = Record(
    "script_defaults",
    {key: shape for key, shape in _SCRIPT_KEYS.items() if key != "key"},
    {**_OF_A_TASK, "key": "every script has a key of its own"},
)

_BODY = Text(most_bytes=MAX_BODY_BYTES)
_TASK_KEYS: Final[dict[str, Key]] = {
    "key": Key(_SHORT_TEXT, "the name programs use", ""),
    "name": Key(_SHORT_TEXT, "for people; default: the key"),
    "description": _DESCRIPTION,
    "scripts": Key(
        MapOf(Either(str, _BODY, SCRIPT), _key_fault), "the scripts by their keys; a string is short for {body: …}"
    ),
    "script_defaults": Key(SCRIPT_DEFAULTS, "merged under every script", {}),
    "environment_variables": _ENVIRONMENT,
    "aggregate_state": Key(
        Word((SATISFY_ANY, SATISFY_LAST), "way to aggregate"),
        "one passed trial is enough, or the last counts",
        SATISFY_ANY,
    ),
    "max_trials": Key(Whole(1, _MAX_INTEGER), "trials made automatically, at most", 2),
    "eager_trials": Key(Whole(1, _MAX_INTEGER), "trials unfinished at once", 1),
    "priority": Key(Whole(-_MAX_INTEGER, _MAX_INTEGER), "the highest is dispatched first", 0),
    "load": Key(Positive(), "share of a node", 1.0),
    "traits": Key(Either(list, ListOf(_KEY), MapOf(Flag(), _key_fault)), "only nodes that have them", []),
    "git_args": Key(_GIT_ARGS, "the working directory is a checkout of this commit"),
    "ports": Key(
        MapOf(_PORT, name_fault("an environment variable", VARIABLE_PATTERN), f"^{VARIABLE_PATTERN}$"),
        "one free port each, exported under the name",
        {},
    ),
    "templates": Key(MapOf(_TEMPLATE), "files rendered with the task's environment before any script", {}),
}

TASK: Final = Record("task", _TASK_KEYS, _OF_A_SCRIPT)
SHORT_TASK: Final = Record(
    "task_with_one_script",
    {**{key: shape for key, shape in _TASK_KEYS.items() if key != "scripts"}, **_SCRIPT_ONLY},
)


@dataclass(frozen=True)
class _Later(Shape):
    """A task or a context inside of a context: it is checked when its turn comes."""

    described_as: Schema

    def _check(self, value: Any, path: Path, report: Report) -> None: ...

    def _schema(self) -> Schema:
        return self.described_as


_INNER_TASK: Final = _Later({"anyOf": [{"type": "string"}, TASK.schema(), SHORT_TASK.schema()]})
_TASK_DEFAULTS: Final = _Later({"anyOf": [TASK.schema(), SHORT_TASK.schema()]})
_INNER_CONTEXT: Final = _Later({"$ref": "#/$defs/context"})

CONTEXT: Final = Record(
    "context",
    {
        "tasks": Key(MapOf(_INNER_TASK, _key_fault), "tasks by their keys"),
        "contexts": Key(MapOf(_INNER_CONTEXT), "contexts inside of this one"),
        "task_defaults": Key(_TASK_DEFAULTS, "merged under every task"),
        "script_defaults": Key(SCRIPT_DEFAULTS, "merged under every script of every task"),
    },
)

_RECORDS: Final = (
    *(CONDITION, _GIT_ARGS, _PYTHON, _INIT, SCRIPT, SCRIPT_DEFAULTS),
    *(_PORT, _TEMPLATE, TASK, SHORT_TASK, CONTEXT),
)


def document_schema() -> Schema:
    """The JSON Schema of a document, for editors. What `parse` accepts is valid by it; `parse` knows more than it can say."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "OET trial specification",
        "description": "A task, its only script as text, or a context of several tasks.",
        "anyOf": [
            {"type": "string", "description": "the body of the task's only script"},
            TASK.schema(),
            SHORT_TASK.schema(),
            CONTEXT.schema(),
        ],
        "$defs": {record.title: record.definition() for record in _RECORDS},
    }
