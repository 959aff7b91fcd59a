"""What operators decide and send: overrides and events."""

from typing import Any

from rest_framework import serializers as s

from procedures.domain.messages import MAX_TOPIC_CHARACTERS
from procedures.domain.overrides import Kind
from procedures.rest.schema.values import AnyJSON, Time, TimeOrNull


class OverrideValue(s.Serializer[Any]):
    """The body of `PUT overrides/{name}/`."""

    value = AnyJSON()


class Override(OverrideValue):
    """An operator override."""

    name = s.CharField()
    type = s.ChoiceField([(kind.value, kind.value) for kind in Kind])
    choices = s.ListField(child=s.CharField())
    default = AnyJSON()
    description = s.CharField()
    set_by = s.CharField()
    set_at = TimeOrNull(allow_null=True)


class NewEvent(s.Serializer[Any]):
    """The body of `POST events/`."""

    topic = s.CharField(max_length=MAX_TOPIC_CHARACTERS)
    payload = s.DictField(child=AnyJSON(), required=False)


class SentEvent(NewEvent):
    """An event that was sent."""

    id = s.IntegerField()
    at = Time()
    procedure = s.IntegerField(allow_null=True)
    who = s.CharField()
