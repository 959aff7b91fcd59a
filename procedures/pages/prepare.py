"""Prepare: choose a script or paste one, fill in its arguments, send it; keep the arguments as a preset."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from procedures.domain.arguments import ProcedureInput
from procedures.domain.errors import InvalidInput, Refusal
from procedures.domain.people import Right
from procedures.git_browser import GitBrowser
from procedures.models import Preset
from procedures.pages.draft import Draft, draft_of, in_words
from procedures.pages.page import Page, page_view, status_of
from procedures.pages.prospect import claims, held, prospect, request_json
from procedures.pages.timeouts import HTML_NAME, read_timeout
from procedures.presets import PresetPlace, PresetService
from procedures.script_files import MAX_LISTED, list_scripts
from procedures.service import PrepareProcessCommand, ScriptExecutionService, actor_of


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


@require_http_methods(["GET", "HEAD", "POST"])
@page_view
def prepare(request: HttpRequest) -> HttpResponseBase:
    """The list and the form (GET), and the preparation itself (POST)."""
    page = Page.of(request)
    page.actor.require(Right.PREPARE)
    if request.method != "POST":
        return _show(page, draft_of(request.GET, page.actor))
    draft = draft_of(request.POST, page.actor)
    inputs = draft.read(request.POST, is_started="start" in request.POST)
    timeout_s = read_timeout(draft.timeout, request.POST.get(HTML_NAME, ""))
    if "check" in request.POST:
        return _check(draft, inputs, timeout_s)
    if "describe" in request.POST or "browse" in request.POST:
        draft.forget_what_is_missing()
        return _show(page, draft)
    if draft.errors or draft.fault:
        return _show(page, draft, status=400)
    return _carry_out(page, draft, inputs, timeout_s)


@require_POST
@page_view
def delete_preset(request: HttpRequest, preset_id: int) -> HttpResponseBase:
    """Forget a preset, and go back to its script."""
    preset = PresetService(actor_of(request.user)).delete(preset_id)
    return redirect(_address_of(preset))


def _carry_out(page: Page, draft: Draft, inputs: Mapping[str, ProcedureInput], timeout_s: float | None) -> HttpResponse:
    """Prepare it, or keep the arguments; what is refused is said beside what was filled in."""
    posted = page.request.POST
    try:
        if "save" in posted:
            return _keep(page, draft, posted.get("preset_name", ""), inputs, timeout_s)
        command = PrepareProcessCommand(draft.script(), inputs, timeout_s=timeout_s, is_started="start" in posted)
        summary = ScriptExecutionService(page.actor).prepare(command)
    except Refusal as refusal:
        if not (draft.kind == "git" and isinstance(refusal, InvalidInput) and draft.git.take(refusal)):
            draft.fault = in_words(refusal)
        return _show(page, draft, status=status_of(refusal))
    return redirect(reverse("procedure", args=[summary["id"]]))


def _check(draft: Draft, inputs: Mapping[str, ProcedureInput], timeout_s: float | None) -> HttpResponse:
    """What is wrong, what it would claim, and who holds that; nothing is done."""
    names = claims(inputs)
    answer = {"errors": draft.faults, "fault": draft.fault, "claims": names, "held": held(names), "request": None}
    if not draft.faults and not draft.fault:
        try:
            answer["request"] = request_json(draft.script(), inputs, timeout_s)
        except InvalidInput as refused:
            answer["fault"] = in_words(refused)
    return JsonResponse(answer)


def _keep(
    page: Page, draft: Draft, name: str, inputs: Mapping[str, ProcedureInput], timeout_s: float | None
) -> HttpResponse:
    kept = PresetService(page.actor).save(PresetPlace.of(draft.script()), name, inputs, timeout_s)
    return redirect(f"{reverse('prepare')}?preset={kept.pk}")


def _show(page: Page, draft: Draft, status: int = 200) -> HttpResponse:
    folders = _folders() if draft.kind != "git" else []
    count = sum(len(folder.scripts) for folder in folders)
    names = claims({})
    return page.render(
        "procedures/prepare.html",
        here="prepare",
        status=status,
        draft=draft,
        folders=folders,
        script_count=count,
        is_cut=count >= MAX_LISTED,
        max_listed=MAX_LISTED,
        repositories=GitBrowser(page.actor).repositories() if draft.kind == "git" else [],
        prospect=prospect(page.actor, draft, page.now),
        claims=names,
        held=held(names),
    )


def _address_of(preset: Preset) -> str:
    """The page of its script, with nothing filled in."""
    uri = unquote(preset.script_uri.partition("://")[2])
    query = {"git": "1", "repository": preset.repository, "path": uri} if preset.repository else {"script": uri}
    return f"{reverse('prepare')}?{urlencode(query)}"


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
