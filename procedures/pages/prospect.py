"""What it would mean to prepare a draft: what it claims and who holds that, how long it usually takes, its past, its presets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from procedures.domain.arguments import ProcedureInput
from procedures.domain.errors import InvalidInput
from procedures.domain.people import Actor, Right
from procedures.domain.resources import resources_of
from procedures.domain.scripts import EmbeddedStringScript, ExecutableScript, GitScript, script_to_json
from procedures.models import Preset, ResourceClaim
from procedures.pages.draft import Draft
from procedures.pages.row_words import ShownRow, with_words
from procedures.pages.rows import rows_of
from procedures.presets import PresetPlace, PresetService, preset_in_brief
from procedures.selectors import procedures_for

_PAST = 5
_LOOKED_AT = 100


@dataclass(frozen=True)
class ShownPreset:
    """A preset, and with what."""

    row: Preset
    brief: str
    may_delete: bool


@dataclass(frozen=True)
class Prospect:
    """What the page says beside the form."""

    past: Sequence[ShownRow] = ()
    presets: Sequence[ShownPreset] = ()
    may_keep: bool = False
    """Presets are kept for scripts that can be found again."""

    @property
    def usual(self) -> str:
        """How long it usually takes."""
        return self.past[0].shown["usual_short"] if self.past else "first run"

    @property
    def range(self) -> str:
        """In which most of its runs lie."""
        return self.past[0].shown["range"] if self.past else ""


def prospect(actor: Actor, draft: Draft, now: float) -> Prospect:
    """What is known of the draft's script."""
    if not draft.is_chosen:
        return Prospect()
    try:
        script = draft.script()
    except InvalidInput:
        return Prospect()
    past = with_words(rows_of(_past(actor, script)), now)[::-1]
    if isinstance(script, EmbeddedStringScript):
        return Prospect(past)
    presets = [
        ShownPreset(preset, preset_in_brief(preset), preset.saved_by == actor.name or actor.may(Right.PRESETS))
        for preset in PresetService(actor).of(PresetPlace.of(script))
    ]
    return Prospect(past, presets, may_keep=True)


def claims(inputs: Mapping[str, ProcedureInput]) -> list[str]:
    """What it will claim while it runs."""
    return resources_of(settings.OET.resources, inputs)


def held(names: Sequence[str]) -> list[dict[str, Any]]:
    """Who holds any of these now."""
    rows = ResourceClaim.objects.filter(name__in=names).select_related("procedure").order_by("name")
    return [
        {"name": claim.name, "procedure": claim.procedure_id, "script": claim.procedure.script_name}
        for claim in rows.only("name", "procedure__script_name")
    ]


def request_json(
    script: ExecutableScript, inputs: Mapping[str, ProcedureInput], timeout_s: float | None
) -> dict[str, Any]:
    """What a program would send to `POST procedures/`."""
    body: dict[str, Any] = {"script": script_to_json(script)}
    if inputs:
        body["script_args"] = {function: call.as_json() for function, call in inputs.items()}
    if timeout_s is not None:
        body["timeout"] = timeout_s
    return body


def _past(actor: Actor, script: ExecutableScript) -> list[Any]:
    """The latest procedures of the script, among the latest of its name."""
    named = (
        procedures_for(actor).filter(script_name=script.name[:200]).order_by("-pk").defer("script_body", "functions")
    )
    repository = script.git_args.git_repo if isinstance(script, GitScript) else ""
    found = [
        procedure
        for procedure in named[:_LOOKED_AT]
        if procedure.script_uri == script.script_uri
        and ((procedure.script_options.get("git_args") or {}).get("git_repo") or "") == repository
    ]
    return found[:_PAST]
