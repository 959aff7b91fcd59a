"""What a procedure is to be prepared with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from oet.rundir import Script
from procedures.domain.arguments import ProcedureInput
from procedures.domain.scripts import EmbeddedStringScript, GitArgs, GitScript, ShellScript, file_name
from procedures.domain.states import FINAL
from procedures.models import ArgCapture, Procedure
from procedures.statements import Question

_COLUMNS = (
    "state",
    "abort_of_id",
    "created_by",
    "script_uri",
    "script_options",
    "script_type",
    "script_path",
    "script_body",
    "errand",
    "script_name",
)
_STAND_IN = -1


@dataclass(frozen=True)
class GitSource:
    """Which file of which commit is meant, in whose name."""

    script: GitScript
    who: str


@dataclass(frozen=True)
class Errand:
    """What a procedure does by itself, and where."""

    function: str
    call: ProcedureInput
    folder: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    removed: Sequence[str] = ()
    """Variables that it does not get although scripts have them usually."""
    label: str = ""
    """File name for the text of a shell script."""
    refused: str = ""
    """Why it cannot be run at all."""


@dataclass(frozen=True)
class Preparation:
    """What a procedure is to be prepared with."""

    procedure_id: int
    script: Script
    init: ProcedureInput
    abort_of: int | None = None
    git: GitSource | None = None
    """Where the script comes from, if that is a repository; its path is known when its commit is there."""
    errand: Errand | None = None
    known: Mapping[str, Any] = field(default_factory=dict)
    """What the script may know about itself: fields of `oet.script_context`."""


def preparation_of(procedure: Procedure, init: ProcedureInput) -> Preparation:
    """The preparation of a procedure that has just been made."""
    script = _script(procedure.script_type, procedure.script_path, procedure.script_body)
    known = _known(procedure.script_type, procedure.script_uri, procedure.script_options, procedure.created_by)
    return Preparation(procedure.pk, script, init, procedure.abort_of_id, known=known)


class PreparationReader:
    """Reads preparations; in the database thread."""

    def __init__(self) -> None:
        self._procedure: Question | None = None
        self._calls: Question | None = None

    def read(self, procedure_id: int) -> Preparation | None:
        """What the database says; None if the procedure is final already, so that there is nothing to prepare."""
        if self._procedure is None or self._calls is None:
            rows = Procedure.objects.filter(pk=_STAND_IN).values_list(*_COLUMNS)
            self._procedure = Question(rows, _STAND_IN)
            captures = ArgCapture.objects.filter(procedure_id=_STAND_IN).order_by("id")
            self._calls = Question(captures.values_list("function", "args", "kwargs"), _STAND_IN)
        for state, abort_of, who, uri, options, *script, errand, name in self._procedure.ask(procedure_id):
            if state not in FINAL:
                calls = [(f, ProcedureInput(tuple(a), k)) for f, a, k in self._calls.ask(procedure_id)]
                init = next((call for function, call in calls if function == "init"), ProcedureInput())
                git = _git(script[0], uri, options, who)
                todo = _errand(errand, name, calls) if errand else None
                known = _known(script[0], uri, options, who)
                return Preparation(procedure_id, _script(*script), init, abort_of, git, todo, known)
        return None


def _script(kind: str, path: str, body: str) -> Script:
    if kind in {EmbeddedStringScript.script_type, ShellScript.script_type}:
        return Script(kind, text=body)
    return Script("filesystem", path=path)


def _errand(errand: Mapping[str, Any], name: str, calls: Sequence[tuple[str, ProcedureInput]]) -> Errand:
    function = errand["function"]
    of_function = [call for called, call in calls if called == function]
    return Errand(
        function,
        of_function[-1] if of_function else ProcedureInput(),
        errand.get("folder"),
        errand.get("environment", {}),
        errand.get("removed", ()),
        file_name(name),
        errand.get("refused", ""),
    )


def _known(kind: str, uri: str, options: Mapping[str, Any], who: str) -> dict[str, Any]:
    args = options.get("git_args") or {}
    named = {name: args[name] for name in ("git_repo", "git_commit") if args.get(name)}
    return {"script_type": kind, "script_uri": uri, "prepared_by": who, **named}


def _git(kind: str, uri: str, options: Mapping[str, Any], who: str) -> GitSource | None:
    if kind != GitScript.script_type:
        return None
    return GitSource(GitScript(uri, GitArgs(**options["git_args"]), create_env=options["create_env"]), who)
