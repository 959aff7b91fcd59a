"""Presets: arguments of a script, kept under a name for everybody. Whoever may prepare may keep them, and change their own."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from procedures.domain.arguments import ProcedureInput, arguments_in_brief, inputs_from_json
from procedures.domain.errors import InvalidInput, NoSuchPreset
from procedures.domain.people import Actor, Right
from procedures.domain.scripts import EmbeddedStringScript, ExecutableScript, GitScript
from procedures.models import Preset

MAX_NAME = 100
MAX_PRESETS = 100
"""Of one script."""
_MAX_KEY_BYTES = 2000
"""PostgreSQL's indexes take no longer ones."""


@dataclass(frozen=True)
class PresetPlace:
    """The script that presets belong to: any commit of it."""

    script_uri: str
    repository: str = ""

    @classmethod
    def of(cls, script: ExecutableScript) -> "PresetPlace":
        """That of a script; raises InvalidInput for text, which is no place to come back to."""
        if isinstance(script, EmbeddedStringScript):
            raise InvalidInput({"script": "is text; presets are kept for scripts in files and from git."})
        return cls(script.script_uri, script.git_args.git_repo if isinstance(script, GitScript) else "")


class PresetService:
    """What an Actor may do with presets."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor

    def of(self, place: PresetPlace | None = None) -> list[Preset]:
        """Those of one script, or all, by name."""
        self.actor.require(Right.VIEW)
        rows = Preset.objects.order_by("script_uri", "name")
        if place is not None:
            rows = rows.filter(script_uri=place.script_uri, repository=place.repository)
        return list(rows[:1000])

    def get(self, preset_id: int) -> Preset:
        """One; raises NoSuchPreset."""
        self.actor.require(Right.VIEW)
        found = Preset.objects.filter(pk=preset_id).first() if preset_id < 2**63 else None
        if found is None:
            raise NoSuchPreset(preset_id)
        return found

    def save(
        self, place: PresetPlace, name: str, inputs: Mapping[str, ProcedureInput], timeout_s: float | None
    ) -> Preset:
        """Keep arguments under a name; one of the same name is replaced. Raises NotAllowed, InvalidInput."""
        self.actor.require(Right.PREPARE)
        name = name.strip()
        if not 0 < len(name) <= MAX_NAME or not name.isprintable():
            raise InvalidInput({"name": f"must be printable text of 1 to {MAX_NAME} characters."})
        if len((place.script_uri + place.repository + name).encode()) > _MAX_KEY_BYTES:
            raise InvalidInput({"script": "has an address too long for presets."})
        kept = {
            "inputs": {function: call.as_json() for function, call in inputs.items()},
            "timeout_s": timeout_s,
            "saved_by": self.actor.name,
            "saved_at": datetime.now(UTC),
        }
        with transaction.atomic():
            there = Preset.objects.filter(script_uri=place.script_uri, repository=place.repository)
            if there.count() >= MAX_PRESETS and not there.filter(name=name).exists():
                raise InvalidInput({"name": f"cannot be added: the script has {MAX_PRESETS} presets. Delete some."})
            preset, is_new = Preset.objects.select_for_update().get_or_create(
                script_uri=place.script_uri, repository=place.repository, name=name, defaults=kept
            )
            if not is_new:  # perhaps since a moment ago, by somebody else
                self._require_own(preset)
                for column, value in kept.items():
                    setattr(preset, column, value)
                preset.save(update_fields=[*kept])
        return preset

    def delete(self, preset_id: int) -> Preset:
        """Forget it; raises NoSuchPreset, NotAllowed."""
        self.actor.require(Right.PREPARE)
        preset = self.get(preset_id)
        self._require_own(preset)
        Preset.objects.filter(pk=preset_id).delete()
        return preset

    def _require_own(self, preset: Preset) -> None:
        if preset.saved_by != self.actor.name:
            self.actor.require(Right.PRESETS)


def preset_inputs(preset: Preset) -> dict[str, ProcedureInput]:
    """The arguments, by function."""
    return inputs_from_json(preset.inputs)


def preset_in_brief(preset: Preset) -> str:
    """The arguments, in a line."""
    return arguments_in_brief(preset_inputs(preset))


def preset_json(preset: Preset) -> dict[str, Any]:
    """What programs see of it."""
    return {
        "id": preset.pk,
        "name": preset.name,
        "script_uri": preset.script_uri,
        "git_repo": preset.repository or None,
        "script_args": preset.inputs,
        "timeout": preset.timeout_s,
        "saved_by": preset.saved_by,
        "saved_at": preset.saved_at.timestamp(),
    }
