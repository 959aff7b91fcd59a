"""`overrides/` and `events/`: what operators decide, and what people and programs tell scripts."""

from typing import Any

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from procedures.domain.errors import InvalidInput
from procedures.messages import MessageService
from procedures.overrides import OverrideService
from procedures.rest import described
from procedures.rest.queries import Query
from procedures.rest.requests import json_object, unknown_fields
from procedures.rest.view import View


class OverridesView(View):
    """All operator overrides."""

    @described.overrides_list
    def get(self, request: Request) -> Response:
        """Every override with its value, who set it and when."""
        Query(request.query_params, ()).check()
        return Response(OverrideService(self.actor).all())


class OverrideView(View):
    """One operator override."""

    @described.override_get
    def get(self, request: Request, name: str) -> Response:
        """Its value, who set it and when."""
        Query(request.query_params, ()).check()
        return Response(OverrideService(self.actor).get(name))

    @described.override_set
    def put(self, request: Request, name: str) -> Response:
        """Set it. Scripts that run see it at once, others when they start."""
        service = OverrideService(self.actor)
        service.get(name)  # a name that does not exist outranks a fault in the body
        data = json_object(request.data)
        errors: dict[str, Any] = unknown_fields(data, ("value",))
        if "value" not in data:
            errors["value"] = "is required."
        if errors:
            raise InvalidInput(errors)
        return Response(service.set(name, data["value"]))


class EventsView(View):
    """Events for scripts."""

    @described.events_publish
    def post(self, request: Request) -> Response:
        """Send an event to every script that listens to its topic, and to everybody who follows the event log."""
        data = json_object(request.data)
        errors: dict[str, Any] = unknown_fields(data, ("topic", "payload"))
        payload = data.get("payload", {})
        if not isinstance(payload, dict):
            errors["payload"] = "must be an object: {…}."
        if not isinstance(data.get("topic"), str):
            errors["topic"] = "is required, and is text."
        if errors:
            raise InvalidInput(errors)
        sent = MessageService(self.actor).publish(data["topic"], payload)
        return Response(sent, status=status.HTTP_201_CREATED)
