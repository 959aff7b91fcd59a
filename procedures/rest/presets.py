"""`presets/`: arguments of scripts, kept under names."""

from typing import Any

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from procedures.domain.errors import InvalidInput
from procedures.presets import PresetPlace, PresetService, preset_json
from procedures.rest import described
from procedures.rest.queries import Query
from procedures.rest.requests import json_object, prepare_command, unknown_fields
from procedures.rest.view import View

_FIELDS = ("name", "script", "script_args", "timeout")


class PresetsView(View):
    """All presets."""

    @described.presets_list
    def get(self, request: Request) -> Response:
        """Presets by script and name; `script_uri`, and `git_repo` for a script from git, leave those of one script."""
        query = Query(request.query_params, ("script_uri", "git_repo"))
        uri, repository = query.text("script_uri"), query.text("git_repo")
        if repository and not uri:
            query.errors["git_repo"] = "is told beside the script_uri of a script from git, not alone."
        query.check()
        place = PresetPlace(uri, repository) if uri else None
        return Response([preset_json(preset) for preset in PresetService(self.actor).of(place)])

    @described.presets_save
    def post(self, request: Request) -> Response:
        """Keep arguments under a name; a preset of the same script and name is replaced, if it is yours or you may."""
        data = json_object(request.data)
        errors: dict[str, Any] = unknown_fields(data, _FIELDS)
        wanted = prepare_command({name: data[name] for name in _FIELDS[1:] if name in data})
        if not isinstance(data.get("name"), str):
            errors["name"] = "is required: what people call it."
        if errors:
            raise InvalidInput(errors)
        place = PresetPlace.of(wanted.script)
        made = PresetService(self.actor).save(place, data["name"], wanted.inputs, wanted.timeout_s)
        return Response(preset_json(made), status=status.HTTP_201_CREATED)


class PresetView(View):
    """One preset."""

    @described.preset_get
    def get(self, request: Request, preset_id: str) -> Response:
        """The preset."""
        Query(request.query_params, ()).check()
        return Response(preset_json(PresetService(self.actor).get(int(preset_id))))

    @described.preset_delete
    def delete(self, request: Request, preset_id: str) -> Response:
        """Delete it, if it is yours or you may. The answer is what it was."""
        return Response(preset_json(PresetService(self.actor).delete(int(preset_id))))
