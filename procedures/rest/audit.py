"""`procedures/{id}/history/`, `procedures/{id}/commands/` and `commands/`: what was done, by whom, and why."""

from rest_framework.request import Request
from rest_framework.response import Response

from procedures.audit import CommandFilter, command_summary, find_commands, history_of
from procedures.models import Command
from procedures.rest import described
from procedures.rest.queries import PAGE, Query, page_links
from procedures.rest.view import View
from procedures.selectors import procedure_for


class HistoryView(View):
    """The history of one procedure."""

    @described.history
    def get(self, request: Request, procedure_id: str) -> Response:
        """Every transition, with its cause, who asked for it, and details such as results or the report of a stop."""
        Query(request.query_params, ()).check()
        return Response(history_of(self.actor, int(procedure_id)))


class CommandsView(View):
    """The audit trail: what people and programs asked for, and what became of it."""

    @described.commands
    def get(self, request: Request) -> Response:
        """Commands, newest last; the `Link` header leads to older and newer ones."""
        return self.page(request, None)

    def page(self, request: Request, procedure_id: int | None) -> Response:
        """The commands that the query asks for, perhaps of one procedure only."""
        own = () if procedure_id is not None else ("procedure",)
        query = Query(request.query_params, (*own, "who", "kind", "state", *PAGE))
        limit, before, after = query.page()
        wanted = CommandFilter(
            procedure_id if procedure_id is not None else query.number("procedure"),
            query.text("who"),
            query.choice("kind", tuple(Command.Kind.values)),
            query.choice("state", tuple(Command.State.values)),
            before,
            after,
        )
        query.check()
        found = find_commands(self.actor, wanted, limit)
        return Response([command_summary(row) for row in found.rows[::-1]], headers=page_links(request, found))


class CommandsOfProcedureView(CommandsView):
    """The audit trail of one procedure."""

    @described.procedure_commands
    def get(self, request: Request, procedure_id: str) -> Response:  # type: ignore[override] # another address, another argument
        """Commands for this procedure, newest last."""
        procedure = procedure_for(self.actor, int(procedure_id))
        return self.page(request, procedure.pk)
