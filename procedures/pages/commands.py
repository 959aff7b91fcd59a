"""Start and stop: forms that work with and without JavaScript. A script of ours asks for JSON; else the answer is a page."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from procedures.domain.arguments import ProcedureInput, call_fault
from procedures.domain.errors import AbortImpossible, InvalidInput, Refusal
from procedures.domain.people import Right
from procedures.domain.states import FINAL
from procedures.models import Procedure
from procedures.pages.fields import FunctionForm, form_of
from procedures.pages.filled_in import read_form
from procedures.pages.page import Page, page_view, wants_json
from procedures.pages.procedure import prepared_call, procedure_page
from procedures.pages.row_words import shown
from procedures.pages.rows import row_of
from procedures.pages.timeouts import HTML_NAME, read_timeout, timeout_field
from procedures.selectors import procedure_for
from procedures.service import (
    ScriptExecutionService,
    StartProcessCommand,
    StopProcessCommand,
    abort_subarray,
    actor_of,
)

_RUNGS: Mapping[str, Mapping[str, Any]] = {"stop": {}, "abort": {"abort": True}, "kill": {"grace_s": 0.0}}
"""How a script is ended, from asking to forcing."""


class ArgumentsNeeded(Refusal):
    """It cannot be started at the push of a button: the function needs to be told something."""

    code = "arguments_needed"


@require_POST
@page_view
def start(request: HttpRequest, procedure_id: int) -> HttpResponseBase:
    """Run a function with the posted arguments, or (`as_prepared`) with those it was prepared with."""
    actor = actor_of(request.user)
    actor.require(Right.START)
    procedure = procedure_for(actor, procedure_id)
    name = request.POST.get("function") or "main"
    form = _form(procedure, name)
    try:
        if "as_prepared" in request.POST:
            call = _prepared(procedure, form, name)
        else:
            call = read_form(form, request.POST) if form else ProcedureInput()
        timeout_s = read_timeout(form.timeout, request.POST.get(HTML_NAME, "")) if form else None
        if form and not form.is_valid:
            raise InvalidInput(form.errors)
        ScriptExecutionService(actor).start(StartProcessCommand(procedure_id, name, call, timeout_s))
    except ArgumentsNeeded as needed:
        return _send_to_form(request, procedure_id, needed)
    except Refusal as refusal:
        if wants_json(request):
            raise
        return procedure_page(request, procedure_id, filled_in=form, refusal=refusal)
    return _done(request, reverse("procedure", args=[procedure_id]))


@require_http_methods(["GET", "HEAD", "POST"])
@page_view
def stop(request: HttpRequest, procedure_id: int) -> HttpResponseBase:
    """Ask whether to stop (GET), and do it (POST), by the rung that was chosen."""
    page = Page.of(request)
    page.actor.require(Right.STOP)
    procedure = procedure_for(page.actor, procedure_id)
    if request.method != "POST":
        return _ask_how(page, procedure)
    how = request.POST.get("how", "stop")
    if how not in _RUNGS:
        raise InvalidInput({"how": f"must be one of {', '.join(_RUNGS)}."})
    ScriptExecutionService(page.actor).stop(StopProcessCommand(procedure_id, **_RUNGS[how]))
    return _done(request, reverse("procedure", args=[procedure_id]))


@require_safe
@page_view
def stop_which(request: HttpRequest) -> HttpResponseBase:
    """Everything that can be stopped, for a browser without JavaScript."""
    page = Page.of(request)
    page.actor.require(Right.STOP)
    sections = ("prepared",) if "prepared" in request.GET else ("running", "prepared", "recent")
    rows = [row for section in sections for row in page.rows(section)]
    return page.render("procedures/stop_which.html", rows=rows)


def _ask_how(page: Page, procedure: Procedure) -> HttpResponse:
    """The confirmation, or for a script of ours only what it cannot know: whether an abort is possible."""
    try:
        abort = {"subarray": str(abort_subarray(procedure)), "fault": ""}
    except AbortImpossible as impossible:
        abort = {"subarray": "", "fault": impossible.why}
    if wants_json(page.request):
        return JsonResponse({"abort": abort})
    row = row_of(procedure)
    how = page.request.GET.get("how", "stop")
    is_offered = how in _RUNGS and not (how == "abort" and abort["fault"])
    return page.render(
        "procedures/stop.html",
        row=row,
        shown=shown(row, page.now),
        is_final=procedure.state in FINAL,
        how=how if is_offered else "stop",
        abort=abort,
    )


def _form(procedure: Procedure, name: str) -> FunctionForm | None:
    """The form of the function; None if the script has not reported it, which the service will refuse in its own words."""
    described = next((f for f in procedure.functions or [] if f["name"] == name), None)
    if described is None:
        return None
    form = form_of(described)
    form.timeout = timeout_field(procedure.timeout_s)
    return form


def _prepared(procedure: Procedure, form: FunctionForm | None, name: str) -> ProcedureInput:
    call = prepared_call(procedure, name) or ProcedureInput()
    described = next((f for f in procedure.functions or [] if f["name"] == name), None)
    if form and described and (fault := call_fault(described, call)):
        raise ArgumentsNeeded(fault)
    return call


def _send_to_form(request: HttpRequest, procedure_id: int, needed: ArgumentsNeeded) -> HttpResponse:
    url = f"{reverse('procedure', args=[procedure_id])}#start-main"
    if wants_json(request):
        return JsonResponse({"detail": str(needed), "code": needed.code, "url": url}, status=400)
    return redirect(url)


def _done(request: HttpRequest, url: str) -> HttpResponse:
    return JsonResponse({"url": url}) if wants_json(request) else redirect(url)
