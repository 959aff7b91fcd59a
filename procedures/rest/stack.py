"""`procedures/{id}/stack/`: what a script does now."""

from rest_framework.request import Request
from rest_framework.response import Response

from procedures.looking import look
from procedures.rest import described
from procedures.rest.queries import Query
from procedures.rest.view import View


class StackView(View):
    """The stacks of a running script."""

    @described.stack
    def get(self, request: Request, procedure_id: str) -> Response:
        """Where each of its threads is, taken now."""
        Query(request.query_params, ()).check()
        return Response(look(self.actor, int(procedure_id)))
