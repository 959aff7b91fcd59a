"""What all views of the API share."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar

from django.urls import reverse
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.parsers import BaseParser
from rest_framework.permissions import SAFE_METHODS, BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView

from procedures.domain.people import Actor
from procedures.logins import actor_of_request
from procedures.rest.authentication import TokenAuthentication
from procedures.rest.parsing import JSON, JSONRenderer, Negotiation, StrictJSONParser
from procedures.rest.queries import Query
from procedures.service import ScriptExecutionService


class View(APIView):
    """JSON in, JSON out, for somebody who is logged in; what they may do, the service and the selectors decide."""

    authentication_classes: Sequence[type[BaseAuthentication]] = (TokenAuthentication, SessionAuthentication)
    permission_classes: Sequence[type[BasePermission]] = (IsAuthenticated,)
    parser_classes: Sequence[type[BaseParser]] = (StrictJSONParser,)
    renderer_classes = (JSONRenderer,)
    content_negotiation_class: type[Negotiation] = Negotiation
    media_types: ClassVar[tuple[str, ...]] = (JSON,)
    """What it answers with."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Before any method: what changes something is told in the body, so a query would only be overlooked. Raises InvalidInput."""
        super().initial(request, *args, **kwargs)
        if request.method in self.allowed_methods and request.method not in SAFE_METHODS:
            Query(request.query_params, ()).check()

    @cached_property
    def actor(self) -> Actor:
        """Who asks, with their rights."""
        return actor_of_request(self.request.user)

    @property
    def service(self) -> ScriptExecutionService:
        """What they can ask for."""
        return ScriptExecutionService(self.actor)

    def with_uri(self, summary: dict[str, Any]) -> dict[str, Any]:
        """The summary of a procedure, with its address."""
        return summary | {"uri": f"{self._procedures_uri}/{summary['id']}/"}

    @cached_property
    def _procedures_uri(self) -> str:
        return self.request.build_absolute_uri(reverse("api:procedures"))
