"""Values that stand in many shapes: moments, durations, any JSON; and what is answered where something is wrong."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers as s

_TIME = {"type": "number", "format": "double", "description": "Unix seconds."}
_TIME_OR_NULL = {**_TIME, "nullable": True}
_ANY = {"description": "Any JSON."}


@extend_schema_field(_TIME)
class Time(s.FloatField):
    """A moment."""


@extend_schema_field(_TIME_OR_NULL)
class TimeOrNull(s.FloatField):
    """A moment, or none."""


@extend_schema_field(_ANY)
class AnyJSON(s.JSONField):
    """Any JSON."""


@extend_schema_field(
    {"oneOf": [{"type": "number"}, {"type": "string"}], "description": "Seconds, or such as `3 minutes`."}
)
class Duration(s.JSONField):
    """A duration."""


class Error(s.Serializer[Any]):
    """Why something was not done."""

    detail = s.CharField(help_text="In words.")
    code = s.CharField(help_text="For programs.")


class InputError(Error):
    """Why a request was wrong."""

    def get_fields(self) -> dict[str, Any]:
        """`errors` cannot be an attribute: serializers have one of that name."""
        texts = s.ListField(child=s.CharField())
        return {
            **super().get_fields(),
            "errors": s.DictField(child=texts, required=False, help_text="What is wrong, by field."),
        }
