"""What a script says about itself."""

from typing import Any

from rest_framework import serializers as s

from procedures.models import Question
from procedures.rest.schema.values import Time, TimeOrNull


class Progress(s.Serializer[Any]):
    """How far it is."""

    fraction = s.FloatField(allow_null=True, help_text="0 to 1; null where nobody knows.")
    message = s.CharField()
    at = Time()


class Words(s.Serializer[Any]):
    """What it does, in its own words."""

    text = s.CharField()
    at = Time()


class Checkpoint(s.Serializer[Any]):
    """The checkpoint it passed last, or waits at."""

    name = s.CharField()
    at = Time()


class Pause(s.Serializer[Any]):
    """A pause that was asked for, or is."""

    state = s.ChoiceField(["asked", "paused"])
    by = s.CharField()
    at = Time()
    checkpoint = s.CharField(allow_null=True, help_text="Where it waits.")


class OpenQuestion(s.Serializer[Any]):
    """A question that waits for an answer."""

    number = s.IntegerField()
    text = s.CharField()
    choices = s.ListField(child=s.CharField(), help_text="Empty where any text will do.")
    asked_at = Time()
    deadline_at = TimeOrNull(allow_null=True, help_text="Until when the script waits.")


class ActionsSummary(s.Serializer[Any]):
    """How far a run of the action harness is."""

    run = s.CharField()
    total = s.IntegerField()
    done = s.IntegerField()
    failed = s.IntegerField()
    current = s.CharField(help_text="The action that runs; empty if none does.")
    fraction = s.FloatField()
    at = TimeOrNull(allow_null=True)


class Said(s.Serializer[Any]):
    """What a script has said about itself."""

    progress = Progress(allow_null=True)
    status = Words(allow_null=True)
    checkpoint = Checkpoint(allow_null=True)
    pause = Pause(allow_null=True)
    questions = OpenQuestion(many=True)
    actions = ActionsSummary(allow_null=True)
    attachments = s.IntegerField(help_text="How many there are.")


class QuestionRow(OpenQuestion):
    """A question, and what became of it."""

    procedure = s.IntegerField()
    state = s.ChoiceField(Question.State.choices)
    answer = s.CharField(allow_null=True)
    answered_by = s.CharField()
    closed_at = TimeOrNull(allow_null=True)


class Answer(s.Serializer[Any]):
    """The body of `PUT procedures/{id}/questions/{number}/`."""

    answer = s.CharField(help_text="One of `choices`, where there are any.")


class AttachmentRow(s.Serializer[Any]):
    """Something that a script attached."""

    name = s.CharField()
    media_type = s.CharField()
    bytes = s.IntegerField()
    at = Time()
    uri = s.CharField()


class LogRow(s.Serializer[Any]):
    """A record of Python's `logging`."""

    id = s.IntegerField()
    at = Time()
    level = s.CharField()
    logger = s.CharField()
    message = s.CharField(help_text="With the traceback, where it had one.")
