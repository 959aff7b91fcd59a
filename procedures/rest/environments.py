"""`environments/`: list, look, read the build log; build ahead, pin, rebuild and delete for engineers."""

from typing import Any

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from environments.domain.states import EnvironmentState
from environments.models import Environment
from procedures.domain.errors import InvalidInput
from procedures.environments import EnvironmentService, environment_detail, environment_summary, is_building
from procedures.rest import described
from procedures.rest.queries import DEFAULT_PAGE, Query
from procedures.rest.requests import json_object, nothing_in, unknown_fields
from procedures.rest.view import View
from procedures.selectors import MAX_PAGE

_SOURCE = ("git_repo", "git_branch", "git_commit")


class _View(View):
    @property
    def environments(self) -> EnvironmentService:
        """What they can ask for."""
        return EnvironmentService(self.actor)

    def detail(self, environment: Environment) -> dict[str, Any]:
        """Everything there is to tell of one."""
        return environment_detail(environment, self.environments.used_by(environment.pk))


class EnvironmentsView(_View):
    """All environments."""

    @described.environments_list
    def get(self, request: Request) -> Response:
        """Environments, the most recently requested first."""
        query = Query(request.query_params, ("state", "limit"))
        state = query.choice("state", tuple(state.value for state in EnvironmentState))
        limit = query.number("limit", lowest=1, highest=MAX_PAGE) or DEFAULT_PAGE
        query.check()
        return Response([environment_summary(row) for row in self.environments.all([state] if state else [])[:limit]])

    @described.environments_build
    def post(self, request: Request) -> Response:
        """Build an environment before anybody needs it; it goes on to READY by itself. May take a minute, to read the repository."""
        data = json_object(request.data)
        errors: dict[str, Any] = unknown_fields(data, _SOURCE)
        errors |= {name: "must be text." for name in _SOURCE if not isinstance(data.get(name, ""), str | None)}
        if not data.get("git_repo"):
            errors.setdefault("git_repo", "is required: the URL of the repository.")
        if errors:
            raise InvalidInput(errors)
        made = self.environments.build_ahead(*(data.get(name) or "" for name in _SOURCE))
        return Response(self.detail(made), status=status.HTTP_201_CREATED)


class EnvironmentView(_View):
    """One environment."""

    @described.environment_get
    def get(self, request: Request, environment_id: str) -> Response:
        """The environment, with its packages and who uses it."""
        Query(request.query_params, ()).check()
        return Response(self.detail(self.environments.get(int(environment_id))))

    @described.environment_pin
    def patch(self, request: Request, environment_id: str) -> Response:
        """Pin it, so that it is never evicted, or unpin it."""
        data = json_object(request.data)
        errors: dict[str, Any] = unknown_fields(data, ("is_pinned",))
        if not isinstance(data.get("is_pinned"), bool):
            errors["is_pinned"] = "must be true or false."
        if errors:
            raise InvalidInput(errors)
        return Response(self.detail(self.environments.pin(int(environment_id), is_pinned=data["is_pinned"])))

    @described.environment_delete
    def delete(self, request: Request, environment_id: str) -> Response:
        """Remove its files; it stays in the list as EVICTED, and the next request builds it again."""
        return Response(self.detail(self.environments.delete(int(environment_id))))


class RebuildView(_View):
    """Building one environment anew."""

    @described.environment_rebuild
    def post(self, request: Request, environment_id: str) -> Response:
        """Build it anew, unless somebody uses it."""
        nothing_in(request.data)
        return Response(self.detail(self.environments.rebuild(int(environment_id))))


class BuildLogView(_View):
    """The log of a build."""

    @described.environment_log
    def get(self, request: Request, environment_id: str) -> Response:
        """The log from `offset` on; ask again with `next_offset` while `is_building`."""
        query = Query(request.query_params, ("offset", "build"))
        offset, build = query.number("offset") or 0, query.number("build", highest=2**31 - 1)
        query.check()
        found = self.environments.get(int(environment_id))
        part = self.environments.log(found.pk, offset, build)
        shown = {"build": part.build, "offset": part.offset, "text": part.text, "next_offset": part.next_offset}
        return Response(
            {**shown, "missing_bytes": part.missing_bytes, "state": found.state, "is_building": is_building(found)}
        )
