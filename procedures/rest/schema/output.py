"""What a script has printed, and what it does now."""

from typing import Any

from rest_framework import serializers as s

from procedures.rest.schema.values import Time, TimeOrNull


class OutputFrame(s.Serializer[Any]):
    """A piece of output, or a gap where something was not kept."""

    offset = s.IntegerField(help_text="Bytes before it.")
    line = s.IntegerField(help_text="Newlines before it.")
    time = TimeOrNull(allow_null=True)
    stream = s.ChoiceField(["stdout", "stderr", "gap"])
    text = s.CharField()
    bytes = s.IntegerField(required=False, help_text="Of a gap: what is missing.")
    lines = s.IntegerField(required=False, help_text="Of a gap: what is missing.")


class OutputPage(s.Serializer[Any]):
    """A page of output."""

    offset = s.IntegerField()
    next_offset = s.IntegerField(help_text="Where to go on; it is `total_bytes` once everything was read.")
    total_bytes = s.IntegerField()
    lines_total = s.IntegerField()
    frames = OutputFrame(many=True)


class OutputHit(s.Serializer[Any]):
    """A line that was looked for."""

    offset = s.IntegerField(help_text="Bytes before it.")
    line = s.IntegerField(help_text="Its number, from 1.")
    time = Time()
    stream = s.ChoiceField(["stdout", "stderr"])
    text = s.CharField(help_text="Its beginning.")


class OutputSearch(s.Serializer[Any]):
    """Lines of output that were looked for."""

    hits = OutputHit(many=True)
    count = s.IntegerField(help_text="How many were found by this request.")
    next_offset = s.IntegerField(
        allow_null=True, help_text="Where to go on; null where there is nothing more to search."
    )
    total_bytes = s.IntegerField()


class StackFrame(s.Serializer[Any]):
    """A call that has not returned."""

    file = s.CharField()
    line = s.IntegerField()
    function = s.CharField()
    kind = s.ChoiceField(["script", "library", "oet"], help_text="Whose code it is.")
    code = s.ListField(child=s.ListField(), help_text="Lines of source around it, as [number, text].")


class StackThread(s.Serializer[Any]):
    """A thread, or a task of asyncio."""

    name = s.CharField()
    is_main = s.BooleanField()
    is_task = s.BooleanField()
    frames = StackFrame(many=True, help_text="Outermost first.")


class Stack(s.Serializer[Any]):
    """What a script does now."""

    procedure = s.IntegerField()
    at = Time()
    took_s = s.FloatField()
    how = s.ChoiceField(["asked", "signal", "none"])
    note = s.CharField(help_text="What kept it from answering; empty where it answered.")
    threads = StackThread(many=True)
    left_out = s.IntegerField(help_text="Threads that are not listed.")
