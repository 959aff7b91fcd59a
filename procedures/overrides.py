"""Operator overrides: what is in force, and setting it. Setting one is an event, by which scripts that run hear of it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from procedures.domain.overrides import Declaration, Kind, Overrides
from procedures.domain.people import Actor, Right
from procedures.models import OperatorOverride
from procedures.recorder import recording


def declared() -> Overrides:
    """The overrides that the site declares."""
    return Overrides(
        Declaration(one.name, Kind(one.type), one.default, one.description, one.choices)
        for one in settings.OET.all_overrides
    )


def values_in_force() -> dict[str, Any]:
    """The value of each override at this moment."""
    return declared().in_force(dict(OperatorOverride.objects.values_list("name", "value")))


class OverrideService:
    """See and set overrides on behalf of one Actor. Raises NotAllowed, NoSuchOverride, InvalidInput."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor

    def all(self) -> list[dict[str, Any]]:
        """Every override with its value, who set it and when."""
        self.actor.require(Right.VIEW)
        rows = {row.name: row for row in OperatorOverride.objects.all()}
        values = declared().in_force({name: row.value for name, row in rows.items()})
        return [_summary(declaration, values, rows.get(declaration.name)) for declaration in declared()]

    def get(self, name: str) -> dict[str, Any]:
        """One override."""
        self.actor.require(Right.VIEW)
        declared().get(name)
        return next(shown for shown in self.all() if shown["name"] == name)

    def set(self, name: str, value: Any, said: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Set an override; what it is then. `said` is the rest of an event by which somebody set it."""
        self.actor.require(Right.OVERRIDE)
        declaration = declared().get(name)
        new, now = declaration.value_of(value), datetime.now(UTC)
        with recording() as record:
            OperatorOverride.objects.update_or_create(
                name=name, defaults={"value": new, "set_by": self.actor.name, "set_at": now}
            )
            told = {**(said or {}), "name": name, "value": new, "who": self.actor.name}
            record.announce(declaration.topic_of(new), told, at=now, who=self.actor.name)
        return self.get(name)


def _summary(declaration: Declaration, values: Mapping[str, Any], row: OperatorOverride | None) -> dict[str, Any]:
    return {
        "name": declaration.name,
        "type": declaration.kind.value,
        "choices": list(declaration.choices),
        "default": declaration.default,
        "description": declaration.description,
        "value": values[declaration.name],
        "set_by": row.set_by if row else "",
        "set_at": row.set_at.timestamp() if row else None,
    }
