"""`procedures/{id}/pause/` and `resume/`."""

from collections.abc import Callable
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from procedures.rest import described
from procedures.rest.requests import nothing_in
from procedures.rest.view import View
from procedures.steering import SteeringService


class _SteeringView(View):
    """Something to ask of a script that runs."""

    def tell(
        self, request: Request, procedure_id: str, deed: Callable[[SteeringService, int], dict[str, Any]]
    ) -> Response:
        """Do it; the summary of the procedure."""
        nothing_in(request.data)
        return Response(self.with_uri(deed(SteeringService(self.actor), int(procedure_id))))


class PauseView(_SteeringView):
    """Pausing a script."""

    @described.pause
    def post(self, request: Request, procedure_id: str) -> Response:
        """Have the script wait at its next checkpoint."""
        return self.tell(request, procedure_id, SteeringService.pause)


class ResumeView(_SteeringView):
    """Resuming a script."""

    @described.resume
    def post(self, request: Request, procedure_id: str) -> Response:
        """Have the script go on; or, where it has not reached a checkpoint yet, not wait there."""
        return self.tell(request, procedure_id, SteeringService.resume)
