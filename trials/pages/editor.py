"""Writing a task: the document beside its graph, checked while it is typed, and rehearsed before it runs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from procedures.domain.errors import InvalidInput
from procedures.domain.people import Right
from procedures.pages.page import Page, page_view, wants_json
from procedures.service import actor_of
from trials.domain.rehearsal import Fate
from trials.domain.specification import TaskSpec, task_to_json
from trials.errors import BadSpecification
from trials.graphs import rehearsal_of, task_graph
from trials.models import Task
from trials.pages.files import documents, read_document
from trials.pages.task import resolved_text
from trials.selectors import task_for
from trials.service import TrialService

STARTER = """\
# A script starts at once, or once others have reached a state.
name: a first task
scripts:
  prepare:
    body: echo prepared
  observe:
    body: echo observing
    start_when:
      it is prepared: {script_key: prepare, states: [passed]}
"""


@require_http_methods(["GET", "HEAD", "POST"])
@page_view
def write(request: HttpRequest) -> HttpResponseBase:
    """The editor (GET), perhaps with the document of a task or of a file; and what is done with what it holds (POST)."""
    page = Page.of(request)
    page.actor.require(Right.VIEW)
    if request.method != "POST":
        text, origin, fault = _opened(page, request.GET)
        return _show(page, text, origin=origin, fault=fault)
    text = request.POST.get("text", "").replace("\r\n", "\n")
    service = TrialService(page.actor)
    try:
        if "check" in request.POST:
            service.check(text)
            return _show(page, text, is_checked=True)
        made = service.create(text)
    except BadSpecification as bad:
        if wants_json(request):
            raise
        return _show(page, text, errors=bad.errors, status=400)
    url = _where(made)
    return JsonResponse({"url": url}) if wants_json(request) else redirect(url)


@require_POST
@page_view
def look(request: HttpRequest) -> HttpResponseBase:
    """What is wrong with a text, or what it describes and what a rehearsal of one of its tasks gives; nothing is created.

    A faulty document is no faulty request here: it is what people have before they are done, so the answer is 200.
    """
    service = TrialService(actor_of(request.user))
    try:
        specs = service.check(request.POST.get("text", "").replace("\r\n", "\n"))
    except BadSpecification as bad:
        return JsonResponse({"errors": bad.errors, "tasks": [], "rehearsal": None})
    which = _number(request.POST, "which", most=max(0, len(specs) - 1))
    is_rehearsed = "rehearse" in request.POST and specs
    rehearsal = _rehearsed(specs[int(which or 0)], request.POST) if is_rehearsed else None
    return JsonResponse({"errors": [], "tasks": [_looked_at(spec) for spec in specs], "rehearsal": rehearsal})


def _show(page: Page, text: str, *, origin: str = "", status: int = 200, **context: Any) -> HttpResponse:
    return page.render(
        "trials/editor.html",
        here="trials",
        status=status,
        text=text,
        origin=origin,
        documents=documents(settings.OET.script_root_paths),
        fates=[fate.value for fate in Fate],
        may_run=page.actor.may(Right.PREPARE) and page.actor.may(Right.START),
        **context,
    )


def _opened(page: Page, query: Mapping[str, str]) -> tuple[str, str, str]:
    """The text, where it is from, and why it could not be opened."""
    if (task := query.get("task", "")).isascii() and task.isdigit() and len(task) < 19:
        found = task_for(page.actor, int(task))
        return found.source, f"copy of task {found.pk}", ""
    if not (path := query.get("file", "")):
        return STARTER, "", ""
    try:
        return read_document(path, settings.OET.script_root_paths), Path(path).name, ""
    except InvalidInput as refused:
        return STARTER, "", " ".join(" ".join(words) for words in refused.errors.values())
    except OSError as error:
        return STARTER, "", f"{path} cannot be read: {error.strerror or error}."


def _where(made: list[Task]) -> str:
    """The page to go on at: the first trial of the only task, else the list."""
    trial = made[0].trials.order_by("number").first() if len(made) == 1 else None
    if trial is not None:
        return reverse("trial", args=[trial.pk])
    return reverse("task", args=[made[0].pk]) if len(made) == 1 else reverse("trials")


def _looked_at(spec: TaskSpec) -> dict[str, Any]:
    return {
        "name": spec.name or spec.key,
        "warnings": [warning.as_json() for warning in spec.warnings],
        "graph": task_graph(spec),
        "resolved": resolved_text(task_to_json(spec)),
        "max_trials": spec.max_trials,
    }


def _rehearsed(spec: TaskSpec, posted: Mapping[str, str]) -> dict[str, Any]:
    fates = {
        name.removeprefix("fate."): _fate(name, value)
        for name, value in posted.items()
        if name.startswith("fate.") and name.removeprefix("fate.") in spec.scripts
    }
    return rehearsal_of(spec, fates, abort_at_s=_number(posted, "abort_at"))


def _fate(name: str, value: str) -> Fate:
    if value in set(Fate):
        return Fate(value)
    raise InvalidInput({name[:200]: f"must be one of: {', '.join(Fate)}."})


def _number(posted: Mapping[str, str], name: str, *, most: float = 1e9) -> float | None:
    """A number that was posted; None if there is none."""
    text = posted.get(name, "")
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if 0 <= value <= most:
        return value
    raise InvalidInput({name: f"must be a number from 0 to {most:g}."})
