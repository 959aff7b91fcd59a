"""`procedures/`: list, create, look, start, stop."""

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from procedures.domain.errors import WrongState
from procedures.domain.states import ProcedureState
from procedures.rest import described
from procedures.rest.queries import Query, page_links, procedure_filter
from procedures.rest.requests import change_command, prepare_command
from procedures.rest.view import View
from procedures.selectors import find_procedures, procedure_for, summaries
from procedures.service import StartProcessCommand, StopProcessCommand


class ProceduresView(View):
    """All procedures."""

    @described.procedures_list
    def get(self, request: Request) -> Response:
        """Summaries of procedures, newest last; the `Link` header leads to older and newer ones."""
        wanted, limit = procedure_filter(request.query_params)
        page = find_procedures(self.actor, wanted, limit)
        shown = [self.with_uri(summary) for summary in summaries(page.rows[::-1], with_bodies=False)]
        return Response(shown, headers=page_links(request, page))

    @described.procedures_create
    def post(self, request: Request) -> Response:
        """Prepare a script. The answer is its summary in CREATING; it goes on to READY by itself."""
        created = self.with_uri(self.service.prepare(prepare_command(request.data)))
        return Response(created, status=status.HTTP_201_CREATED, headers={"Location": created["uri"]})


class ProcedureView(View):
    """One procedure."""

    @described.procedure_get
    def get(self, request: Request, procedure_id: str) -> Response:
        """Its summary."""
        Query(request.query_params, ()).check()
        return Response(self.with_uri(self.service.summarise(int(procedure_id))))

    @described.procedure_change
    def put(self, request: Request, procedure_id: str) -> Response:
        """Start a function of it, or stop it."""
        procedure_for(self.actor, int(procedure_id))  # an id that does not exist outranks a fault in the body
        command = change_command(int(procedure_id), request.data)
        if isinstance(command, StartProcessCommand):
            return Response(self.with_uri(self.service.start(command)))
        return Response({"abort_message": self._stop(command)})

    def _stop(self, command: StopProcessCommand) -> str:
        stopped = self.service.stop(command)
        if stopped["state"] == ProcedureState.UNKNOWN:
            remedy = f"Something of it may still run on {stopped['node']}: look at that machine."
            raise WrongState(command.procedure_id, stopped["state"], "confirmed dead", remedy)
        message = f"Successfully stopped script with ID {command.procedure_id}"
        return f"{message} and aborted subarray activity" if command.abort else message
