"""`nodes/` and `scripts/`: what there is to run scripts on, and what there is to run; and the answer to unknown addresses."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from procedures.domain.people import Right
from procedures.rest import described
from procedures.rest.queries import Query
from procedures.rest.view import View
from procedures.script_files import list_scripts
from procedures.selectors import nodes


class NodesView(View):
    """The machines that run scripts."""

    @described.nodes
    def get(self, request: Request) -> Response:
        """Every node, with the age of its manager's heartbeat in seconds, its versions and what is wrong with it."""
        self.actor.require(Right.VIEW)
        Query(request.query_params, ()).check()
        return Response(nodes())


class ScriptsView(View):
    """The script files of this machine."""

    @described.scripts
    def get(self, request: Request) -> Response:
        """Python files below OET_SCRIPT_ROOTS, as `path` and as the `script_uri` of a request."""
        self.actor.require(Right.VIEW)
        Query(request.query_params, ()).check()
        return Response(
            [{"path": str(path), "script_uri": path.as_uri()} for path in list_scripts(settings.OET.script_root_paths)]
        )


class UnknownView(View):
    """An address that the API does not have."""

    permission_classes = (AllowAny,)
    authentication_classes = ()
    schema = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Refuse, whatever the method is."""
        self.http_method_names = []
        return super().dispatch(request, *args, **kwargs)

    def http_method_not_allowed(self, request: HttpRequest | Request, *args: Any, **kwargs: Any) -> Response:
        """404, in JSON like everything else."""
        raise NotFound(f"the API has no address {request.path[:200]}; /api/v1/schema/ describes those it has.")
