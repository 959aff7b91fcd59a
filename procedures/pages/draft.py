"""A script that is about to be prepared: chosen, described, filled in; from a file, git, text, an earlier procedure or a preset."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from django.conf import settings

from procedures.domain.arguments import ProcedureInput
from procedures.domain.errors import InvalidInput, Refusal, WrongState
from procedures.domain.people import Actor
from procedures.domain.scripts import ExecutableScript, ShellScript, script_from_json
from procedures.domain.source import Source, describe_source
from procedures.git_browser import GitBrowser, GitTree
from procedures.models import ArgCapture
from procedures.pages.fields import FunctionForm, form_of
from procedures.pages.filled_in import read_form
from procedures.pages.git_fields import GitFields
from procedures.pages.timeouts import TimeoutField
from procedures.presets import PresetService, preset_inputs
from procedures.script_files import read_beginning, resolve_script
from procedures.selectors import inputs_of, procedure_for

_MAX_SOURCE_BYTES = 1024 * 1024
_ASKED_FOR = ("init", "main")
"""The functions whose arguments are asked for: init runs now, main's are kept for the start."""


@dataclass
class Draft:
    """A script that is about to be prepared, as far as it is filled in."""

    kind: str
    """`file`, `text`, `git`, or empty: nothing is chosen yet."""
    path: str = ""
    text: str = ""
    name: str = ""
    source: Source | None = None
    forms: list[FunctionForm] | None = None
    timeout: TimeoutField = field(default_factory=TimeoutField)
    git: GitFields = field(default_factory=GitFields)
    tree: GitTree | None = None
    """The commit that is looked at."""
    origin: str = ""
    """Where its arguments come from: `procedure 12`, `preset Continuum`."""
    fault: str = ""
    """Why the script cannot be read, or was refused."""

    @property
    def init(self) -> FunctionForm | None:
        """The arguments of `init`; None if the script has none."""
        return next((form for form in self.forms or [] if form.name == "init"), None)

    @property
    def errors(self) -> int:
        """How many fields have to be mended."""
        return len(self.faults)

    @property
    def faults(self) -> dict[str, str]:
        """What is wrong, by the name of the field."""
        found = dict(self.git.errors)
        for form in self.forms or []:
            found |= form.errors
        return found | ({"timeout": self.timeout.error} if self.timeout.error else {})

    @property
    def is_chosen(self) -> bool:
        """There is a script that could be prepared."""
        return self.kind in {"file", "text"} or (self.kind == "git" and bool(self.git.path))

    def script(self) -> ExecutableScript:
        """The script; raises InvalidInput."""
        data: dict[str, Any]
        if self.kind == "git":
            data = self.git.script()
        elif self.kind == "text":
            data = {"script_type": "embedded", "script_body": self.text, "name": self.name or "pasted.py"}
        else:
            data = {"script_type": "filesystem", "script_uri": f"file://{quote(self.path)}"}
        return script_from_json(data, max_body_bytes=settings.OET.script_limit)

    def read(self, posted: Mapping[str, str], *, is_started: bool) -> dict[str, ProcedureInput]:
        """What init, and perhaps main, are to be called with; faults are noted in the forms. A start needs all of main's arguments."""
        inputs = self.git.inputs() if self.forms is None else {}
        for form in self.forms or []:
            call = read_form(form, posted, is_partial=form.name != "init" and not is_started)
            if call.args or call.kwargs or form.name == "init":
                inputs[form.name] = call
        return inputs

    def forget_what_is_missing(self) -> None:
        """Only the fields were asked for: nothing is missing yet."""
        for form in self.forms or []:
            for item in form.fields:
                item.error = ""


def draft_of(data: Mapping[str, str], actor: Actor) -> Draft:
    """What was chosen, read and described."""
    try:
        if "again" in data:
            return _again(_number(data["again"]), actor)
        if "preset" in data:
            return _preset(_number(data["preset"]), actor)
        return _chosen(data, actor)
    except Refusal as refused:
        draft = _begun(data)
        draft.fault = in_words(refused)
        return draft


def in_words(refusal: Refusal) -> str:
    """The refusal without the names of fields, which mean nothing on a page."""
    if isinstance(refusal, InvalidInput):
        return " ".join(" ".join(words) for words in refusal.errors.values())
    return str(refusal)


def _begun(data: Mapping[str, str]) -> Draft:
    """What was chosen, before anything is looked at."""
    if "git" in data:
        return Draft("git", git=GitFields.read(data))
    if "text" in data or "paste" in data:
        return Draft("text", text=data.get("text", "").replace("\r\n", "\n"), name=data.get("name", "").strip())
    if path := data.get("script", ""):
        return Draft("file", path=path, name=Path(path).name)
    return Draft("")


def _chosen(data: Mapping[str, str], actor: Actor) -> Draft:
    draft = _begun(data)
    if draft.kind == "git":
        _look_into_git(draft, actor, is_asked="browse" in data)
    elif draft.kind == "text":
        _describe(draft, draft.text)
    elif draft.kind == "file":
        _describe_file(draft)
    return draft


def _again(procedure_id: int, actor: Actor) -> Draft:
    """An earlier procedure, with its arguments."""
    procedure = procedure_for(actor, procedure_id)
    if procedure.script_type == "git":
        args = procedure.script_options["git_args"]
        fields = GitFields(
            repository=args["git_repo"],
            branch=args.get("git_branch") or "",
            commit=args.get("git_commit") or "",
            path=unquote(procedure.script_uri.removeprefix("git://")),
            create_env=bool(procedure.script_options.get("create_env")),
        )
        draft = Draft("git", git=fields)
        _look_into_git(draft, actor, is_asked=False)
    elif procedure.script_type == "embedded":
        draft = Draft("text", text=procedure.script_body, name=procedure.script_name)
        _describe(draft, draft.text)
    elif procedure.script_type == ShellScript.script_type:
        trial = (procedure.part_of or {}).get("trial")
        raise WrongState(
            procedure_id, procedure.state, "prepared again", f"It is a script of trial {trial}: retry that."
        )
    else:
        path = unquote(procedure.script_uri.removeprefix("file://"))
        draft = Draft("file", path=path, name=Path(path).name)
        _describe_file(draft)
    draft.origin = f"procedure {procedure_id}"
    inputs = inputs_of(ArgCapture.objects.filter(procedure=procedure).order_by("id"))
    _fill(draft, inputs, procedure.timeout_s)
    return draft


def _preset(preset_id: int, actor: Actor) -> Draft:
    preset = PresetService(actor).get(preset_id)
    if preset.repository:
        draft = Draft("git", git=GitFields(preset.repository, path=unquote(preset.script_uri.removeprefix("git://"))))
        _look_into_git(draft, actor, is_asked=True)
    else:
        path = unquote(preset.script_uri.removeprefix("file://"))
        draft = Draft("file", path=path, name=Path(path).name)
        _describe_file(draft)
    draft.origin = f"preset {preset.name}"
    _fill(draft, preset_inputs(preset), preset.timeout_s)
    return draft


def _fill(draft: Draft, inputs: Mapping[str, ProcedureInput], timeout_s: float | None) -> None:
    if draft.source is not None:
        draft.forms = _forms(draft.source, inputs)
    elif draft.kind == "git":
        draft.git.fill(inputs)
    if timeout_s is not None:
        draft.timeout.value = f"{timeout_s:g}"


def _look_into_git(draft: Draft, actor: Actor, *, is_asked: bool) -> None:
    """Read the repository if that is asked for, and the script if its commit is there."""
    browser, fields = GitBrowser(actor), draft.git
    if not fields.repository:
        return
    try:
        if is_asked:
            draft.tree = browser.tree(fields.repository, fields.branch, fields.commit)
            fields.commit = draft.tree.commit
        file = browser.script(fields.repository, fields.commit, fields.path) if fields.path else None
        if file is not None:
            draft.name = file.name
            draft.tree = draft.tree or browser.tree(fields.repository, fields.branch, fields.commit)
            _read(draft, file)
    except InvalidInput as refused:
        if not fields.take(refused):
            draft.fault = in_words(refused)
    except Refusal as refused:
        draft.fault = in_words(refused)


def _describe_file(draft: Draft) -> None:
    try:
        _read(draft, resolve_script(draft.path, settings.OET.script_root_paths))
    except InvalidInput as refused:
        draft.fault = in_words(refused)


def _read(draft: Draft, path: Path) -> None:
    try:
        _describe(draft, read_beginning(path, _MAX_SOURCE_BYTES).decode(errors="replace"))
    except OSError as error:
        draft.fault = f"{draft.path or path.name} cannot be read: {error.strerror or error}."


def _describe(draft: Draft, text: str) -> None:
    draft.source = describe_source(text)
    draft.text = text
    draft.forms = _forms(draft.source, {})


def _forms(source: Source, inputs: Mapping[str, ProcedureInput]) -> list[FunctionForm]:
    described = ((name, source.function(name)) for name in _ASKED_FOR)
    return [form_of(function, inputs.get(name)) for name, function in described if function]


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
