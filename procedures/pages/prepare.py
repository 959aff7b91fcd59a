"""Prepare: choose a script or paste one, fill in its arguments, send it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from procedures.domain.arguments import ProcedureInput
from procedures.domain.errors import InvalidInput, Refusal
from procedures.domain.people import Right
from procedures.domain.scripts import ExecutableScript, script_from_json
from procedures.domain.source import Source, describe_source
from procedures.pages.fields import FunctionForm, form_of
from procedures.pages.filled_in import read_form
from procedures.pages.git_fields import GitFields
from procedures.pages.page import Page, page_view, status_of
from procedures.pages.timeouts import HTML_NAME, TimeoutField, read_timeout
from procedures.script_files import MAX_LISTED, list_scripts, resolve_script
from procedures.service import PrepareProcessCommand, ScriptExecutionService

_MAX_SOURCE_BYTES = 1024 * 1024
_ASKED_FOR = ("init", "main")
"""The functions whose arguments are asked for: init runs now, main's are kept for the start."""


@dataclass(frozen=True)
class ListedScript:
    """A script that can be chosen."""

    path: str
    folder: str
    """Below its root, with a slash at the end; empty for the root itself."""
    name: str


@dataclass(frozen=True)
class ScriptFolder:
    """A root, and the scripts below it."""

    name: str
    path: str
    scripts: list[ListedScript]


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
    fault: str = ""
    """Why the script cannot be read, or was refused."""

    @property
    def init(self) -> FunctionForm | None:
        """The arguments of `init`; None if the script has none."""
        return next((form for form in self.forms or [] if form.name == "init"), None)

    @property
    def errors(self) -> int:
        """How many fields have to be mended."""
        return sum(len(form.errors) for form in self.forms or []) + bool(self.timeout.error) + len(self.git.errors)


@require_http_methods(["GET", "HEAD", "POST"])
@page_view
def prepare(request: HttpRequest) -> HttpResponseBase:
    """The list and the form (GET), and the preparation itself (POST)."""
    page = Page.of(request)
    page.actor.require(Right.PREPARE)
    if request.method != "POST":
        return _show(page, _draft(request.GET))
    draft = _draft(request.POST)
    inputs = _read_forms(draft, request.POST)
    timeout_s = read_timeout(draft.timeout, request.POST.get(HTML_NAME, ""))
    if "describe" in request.POST:
        for form in draft.forms or []:  # only the fields were asked for: nothing is missing yet
            for item in form.fields:
                item.error = ""
        return _show(page, draft)
    if draft.errors or draft.fault:
        return _show(page, draft, status=400)
    try:
        command = PrepareProcessCommand(_script(draft), inputs, timeout_s=timeout_s)
        summary = ScriptExecutionService(page.actor).prepare(command)
    except Refusal as refusal:
        if not (draft.kind == "git" and isinstance(refusal, InvalidInput) and draft.git.take(refusal)):
            draft.fault = _in_words(refusal)
        return _show(page, draft, status=status_of(refusal))
    return redirect(reverse("procedure", args=[summary["id"]]))


def _show(page: Page, draft: Draft, status: int = 200) -> HttpResponse:
    folders = _folders()
    count = sum(len(folder.scripts) for folder in folders)
    return page.render(
        "procedures/prepare.html",
        here="prepare",
        status=status,
        draft=draft,
        folders=folders,
        script_count=count,
        is_cut=count >= MAX_LISTED,
        max_listed=MAX_LISTED,
    )


def _folders() -> list[ScriptFolder]:
    """Every root with its scripts; a root that does not exist has none."""
    folders = []
    for root in settings.OET.script_root_paths:
        scripts = [_listed(path, root) for path in list_scripts([root])]
        folders.append(ScriptFolder(root.name or str(root), str(root), scripts))
    return folders


def _listed(path: Path, root: Path) -> ListedScript:
    folder = path.parent.relative_to(root).as_posix()
    return ListedScript(str(path), "" if folder == "." else f"{folder}/", path.name)


def _draft(data: Mapping[str, str]) -> Draft:
    """What was chosen, read and described."""
    if "git" in data:
        draft = Draft("git", git=GitFields.read(data))
    elif "text" in data or "paste" in data:
        draft = Draft("text", text=data.get("text", "").replace("\r\n", "\n"), name=data.get("name", "").strip())
        _describe(draft, draft.text)
    elif path := data.get("script", ""):
        draft = Draft("file", path=path, name=Path(path).name)
        _describe_file(draft)
    else:
        draft = Draft("")
    return draft


def _describe_file(draft: Draft) -> None:
    try:
        path = resolve_script(draft.path, settings.OET.script_root_paths)
        with path.open("rb") as file:
            _describe(draft, file.read(_MAX_SOURCE_BYTES).decode(errors="replace"))
    except InvalidInput as refused:
        draft.fault = _in_words(refused)
    except OSError as error:
        draft.fault = f"{draft.path} cannot be read: {error.strerror or error}."


def _describe(draft: Draft, text: str) -> None:
    draft.source = describe_source(text)
    draft.text = text
    described = (draft.source.function(name) for name in _ASKED_FOR)
    draft.forms = [form_of(function) for function in described if function]


def _read_forms(draft: Draft, posted: Mapping[str, str]) -> dict[str, ProcedureInput]:
    """What init, and perhaps main, are to be called with; faults are noted in the forms."""
    inputs = draft.git.inputs()
    for form in draft.forms or []:
        call = read_form(form, posted, is_partial=form.name != "init")
        if call.args or call.kwargs or form.name == "init":
            inputs[form.name] = call
    return inputs


def _script(draft: Draft) -> ExecutableScript:
    data: dict[str, Any]
    if draft.kind == "git":
        data = draft.git.script()
    elif draft.kind == "text":
        data = {"script_type": "embedded", "script_body": draft.text, "name": draft.name or "pasted.py"}
    else:
        data = {"script_type": "filesystem", "script_uri": f"file://{quote(draft.path)}"}
    return script_from_json(data, max_body_bytes=settings.OET.script_limit)


def _in_words(refusal: Refusal) -> str:
    if isinstance(refusal, InvalidInput):
        return " ".join(" ".join(words) for words in refusal.errors.values())
    return str(refusal)
