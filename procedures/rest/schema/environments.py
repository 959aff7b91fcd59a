"""Environments of git scripts, and how they were built."""

from typing import Any

from rest_framework import serializers as s

from environments.models import Environment
from procedures.rest.schema.values import Time, TimeOrNull


class EnvironmentSummary(s.Serializer[Any]):
    """An environment."""

    id = s.IntegerField()
    state = s.ChoiceField(Environment.State.choices)
    state_at = TimeOrNull(allow_null=True)
    reason = s.CharField(help_text="Why it is in this state; the last lines of a failed build.")
    is_unanswered = s.BooleanField(help_text="No builder has taken it for a while.")
    git_repo = s.CharField()
    git_branch = s.CharField(help_text="Branch or tag it was last asked by.")
    git_commit = s.CharField()
    python = s.CharField()
    python_version = s.CharField()
    node = s.CharField()
    is_pinned = s.BooleanField()
    recipe = s.CharField(help_text="What it was installed from.")
    size_bytes = s.IntegerField()
    users = s.IntegerField(help_text="How many use it or wait for it.")
    requested_by = s.CharField()
    requested_at = Time()
    last_used_at = TimeOrNull(allow_null=True)
    started_at = TimeOrNull(allow_null=True, help_text="When its latest build began.")
    finished_at = TimeOrNull(allow_null=True)
    build = s.IntegerField(help_text="Number of its latest build.")
    log_bytes = s.IntegerField()


class Package(s.Serializer[Any]):
    """A package that is installed."""

    name = s.CharField()
    version = s.CharField()


class EnvironmentDetail(EnvironmentSummary):
    """An environment with its packages."""

    packages = Package(many=True)
    holders = s.ListField(child=s.CharField(), help_text="Who uses it, such as `procedure:12`.")
    procedures = s.ListField(child=s.IntegerField(), help_text="The latest that ran in it, the newest first.")


class Pin(s.Serializer[Any]):
    """The body of `PATCH environments/{id}/`."""

    is_pinned = s.BooleanField()


class BuildLog(s.Serializer[Any]):
    """A part of a build log."""

    build = s.IntegerField()
    offset = s.IntegerField()
    text = s.CharField()
    next_offset = s.IntegerField()
    missing_bytes = s.IntegerField(help_text="Bytes that were dropped before this part.")
    state = s.ChoiceField(Environment.State.choices)
    is_building = s.BooleanField()
