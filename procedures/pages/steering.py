"""Pause, resume, and answers to questions: forms that work with and without JavaScript."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from procedures.pages.page import page_view, wants_json
from procedures.service import actor_of
from procedures.steering import SteeringService


@require_POST
@page_view
def pause(request: HttpRequest, procedure_id: int) -> HttpResponseBase:
    """Have it wait at its next checkpoint."""
    SteeringService(actor_of(request.user)).pause(procedure_id)
    return _done(request, procedure_id)


@require_POST
@page_view
def resume(request: HttpRequest, procedure_id: int) -> HttpResponseBase:
    """Have it go on."""
    SteeringService(actor_of(request.user)).resume(procedure_id)
    return _done(request, procedure_id)


@require_POST
@page_view
def answer(request: HttpRequest, procedure_id: int, number: int) -> HttpResponseBase:
    """Answer one of its questions."""
    SteeringService(actor_of(request.user)).answer(procedure_id, number, request.POST.get("answer", ""))
    return _done(request, procedure_id)


def _done(request: HttpRequest, procedure_id: int) -> HttpResponse:
    url = reverse("procedure", args=[procedure_id])
    return JsonResponse({"url": url}) if wants_json(request) else redirect(url)
