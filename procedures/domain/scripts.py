"""What can be run: a script of the file system, of a git commit, or as text, and its JSON form."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, ClassVar
from urllib.parse import unquote

from procedures.domain.encodable import is_encodable
from procedures.domain.errors import InvalidInput

MAX_URI_CHARACTERS = 2000


@dataclass(frozen=True)
class FileSystemScript:
    """A Python file on the node."""

    script_type: ClassVar[str] = "filesystem"
    script_uri: str

    @property
    def path(self) -> str:
        """The absolute path that the URI names."""
        return unquote(self.script_uri.removeprefix("file://"))

    @property
    def name(self) -> str:
        """The file's name, as people speak of the script."""
        return PurePosixPath(self.path).name


@dataclass(frozen=True)
class GitArgs:
    """Where a git script comes from. A commit outranks a branch; neither means the repository's default branch."""

    git_repo: str
    git_branch: str = ""
    git_commit: str = ""


@dataclass(frozen=True)
class GitScript:
    """A Python file of a git commit, perhaps with an environment built for that commit."""

    script_type: ClassVar[str] = "git"
    script_uri: str
    git_args: GitArgs
    create_env: bool = False

    @property
    def path(self) -> str:
        """The path inside the repository."""
        return unquote(self.script_uri.removeprefix("git://"))

    @property
    def name(self) -> str:
        """The file's name, as people speak of the script."""
        return PurePosixPath(self.path).name


@dataclass(frozen=True)
class EmbeddedStringScript:
    """The text of a script, sent along with the request."""

    script_type: ClassVar[str] = "embedded"
    script_body: str
    name: str = "embedded script"

    @property
    def script_uri(self) -> str:
        """A URI for lists and searches; the text itself is the script."""
        return f"embedded:{self.name}"


@dataclass(frozen=True)
class ShellScript:
    """A text for its #! line, or for a shell. Only trials run these; it cannot be asked for as a procedure of its own."""

    script_type: ClassVar[str] = "shell"
    script_body: str
    name: str = "shell script"

    @property
    def script_uri(self) -> str:
        """A URI for lists and searches; the text itself is the script."""
        return f"shell:{self.name}"


ExecutableScript = FileSystemScript | GitScript | EmbeddedStringScript | ShellScript

_PLAIN = re.compile(r"[^A-Za-z0-9._-]")
_MAX_FILE_NAME_CHARACTERS = 100

_KEYS: Mapping[str, frozenset[str]] = {
    "filesystem": frozenset({"script_type", "script_uri"}),
    "git": frozenset({"script_type", "script_uri", "git_args", "create_env"}),
    "embedded": frozenset({"script_type", "script_body", "name"}),
}


def script_from_json(data: Any, *, max_body_bytes: int) -> ExecutableScript:
    """The script that `data`, the `script` of a request, describes; raises InvalidInput with every fault."""
    if not isinstance(data, Mapping):
        raise InvalidInput(
            {"script": 'must be an object, such as {"script_type": "filesystem", "script_uri": "file:///…"}.'}
        )
    kind = data.get("script_type")
    if not isinstance(kind, str) or kind not in _KEYS:
        raise InvalidInput({"script.script_type": f"must be one of {', '.join(_KEYS)}, not {_short(kind)}."})
    # SKA's clients also send `create_env` and `git_args: null` with scripts from the file system.
    errors = {
        f"script.{key}": f"is not a field of a {kind} script."
        for key in data.keys() - _KEYS[kind]
        if not (key in {"create_env", "git_args"} and not data[key])
    }
    if kind == "embedded":
        return _embedded(data, errors, max_body_bytes)
    return _filesystem(data, errors) if kind == "filesystem" else _git(data, errors)


def script_to_json(script: ExecutableScript) -> dict[str, Any]:
    """The JSON form of `script`, as requests send it and summaries show it."""
    shown: dict[str, Any] = {"script_type": script.script_type}
    if isinstance(script, EmbeddedStringScript | ShellScript):
        return shown | {"script_body": script.script_body, "name": script.name}
    shown["script_uri"] = script.script_uri
    if isinstance(script, GitScript):
        args = script.git_args
        shown["git_args"] = {"git_repo": args.git_repo, "git_branch": args.git_branch, "git_commit": args.git_commit}
        shown["create_env"] = script.create_env
    return shown


def file_name(name: str) -> str:
    """`name` as the name of a file: what could mean something to a file system or a shell is replaced."""
    plain = _PLAIN.sub("_", name)[:_MAX_FILE_NAME_CHARACTERS]
    return plain if plain.strip(".") else "script"


def _filesystem(data: Mapping[str, Any], errors: dict[str, str]) -> FileSystemScript:
    uri = _uri(data, "file://", "file:///srv/scripts/observe.py", errors)
    if uri and not uri.startswith("file:///"):
        errors["script.script_uri"] = "must name an absolute path on this machine: file:///… with three slashes."
    if errors:
        raise InvalidInput(errors)
    return FileSystemScript(uri)


def _git(data: Mapping[str, Any], errors: dict[str, str]) -> GitScript:
    uri = _uri(data, "git://", "git://path/in/repo.py", errors)
    args = data.get("git_args")
    if not isinstance(args, Mapping):
        errors["script.git_args"] = 'must be an object: {"git_repo": …, "git_branch": …, "git_commit": …}.'
        args = {}
    for key in args:
        if key not in {"git_repo", "git_branch", "git_commit"}:
            errors[f"script.git_args.{key}"] = "is not a field of git_args."
        elif not isinstance(args[key], str | None):
            errors[f"script.git_args.{key}"] = "must be text."
    if not args.get("git_repo"):
        errors.setdefault("script.git_args.git_repo", "is required: the URL of the repository.")
    if not isinstance(data.get("create_env", False), bool):
        errors["script.create_env"] = "must be true or false."
    if errors:
        raise InvalidInput(errors)
    git_args = GitArgs(args["git_repo"], args.get("git_branch") or "", args.get("git_commit") or "")
    return GitScript(uri, git_args, create_env=data.get("create_env", False))


def _embedded(data: Mapping[str, Any], errors: dict[str, str], max_body_bytes: int) -> EmbeddedStringScript:
    body = data.get("script_body")
    name = data.get("name", EmbeddedStringScript.name)
    if not isinstance(body, str) or not body.strip():
        errors["script.script_body"] = "must be the text of a Python script."
    elif "\0" in body:
        errors["script.script_body"] = "must not contain NUL characters."
    elif not is_encodable(body):
        errors["script.script_body"] = "must be valid Unicode; it has half of a surrogate pair."
    elif (size := len(body.encode())) > max_body_bytes:
        errors["script.script_body"] = (
            f"has {size} bytes; at most {max_body_bytes} are allowed. Put the script into a file."
        )
    if not isinstance(name, str) or not 0 < len(name) <= 200 or not name.isprintable():
        errors["script.name"] = "must be printable text of 1 to 200 characters."
    if errors:
        raise InvalidInput(errors)
    return EmbeddedStringScript(str(body), str(name))


def _uri(data: Mapping[str, Any], prefix: str, example: str, errors: dict[str, str]) -> str:
    uri = data.get("script_uri")
    if not isinstance(uri, str) or not uri:
        errors["script.script_uri"] = f"is required, such as {example}."
    elif not uri.startswith(prefix):
        errors["script.script_uri"] = f"must begin with {prefix}, such as {example}; {_short(uri)} does not."
    elif len(uri) > MAX_URI_CHARACTERS:
        errors["script.script_uri"] = f"has {len(uri)} characters; at most {MAX_URI_CHARACTERS} are allowed."
    elif not is_encodable(unquote(uri)) or not unquote(uri).isprintable():
        errors["script.script_uri"] = "has characters that no path should have (control characters or broken Unicode)."
    else:
        return uri
    return ""


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
