"""Scripts of every kind, what they are called with, and presets of that."""

from typing import Any

from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema_field
from rest_framework import serializers as s

from procedures.rest.schema.values import AnyJSON, Duration, Time


class Call(s.Serializer[Any]):
    """What a function is called with."""

    args = s.ListField(child=AnyJSON(), required=False, help_text="Positional arguments.")
    kwargs = s.DictField(child=AnyJSON(), required=False, help_text="Arguments by name.")


class FileSystem(s.Serializer[Any]):
    """A Python file on the node, below OET_SCRIPT_ROOTS."""

    script_type = s.ChoiceField(["filesystem"])
    script_uri = s.CharField(help_text="`file:///srv/scripts/observe.py`")


class GitArgs(s.Serializer[Any]):
    """Where a git script comes from."""

    git_repo = s.CharField(help_text="URL; OET_GIT_ALLOW says which are allowed.")
    git_branch = s.CharField(
        required=False, allow_null=True, help_text="Branch or tag; by default the remote's default branch."
    )
    git_commit = s.CharField(
        required=False,
        allow_null=True,
        help_text="Full or abbreviated; outranks the branch. Summaries show it in full.",
    )


class Git(s.Serializer[Any]):
    """A Python file of a git commit."""

    script_type = s.ChoiceField(["git"])
    script_uri = s.CharField(help_text="`git://path/in/repo.py`")
    git_args = GitArgs()
    create_env = s.BooleanField(required=False)


class Embedded(s.Serializer[Any]):
    """The text of a script."""

    script_type = s.ChoiceField(["embedded"])
    script_body = s.CharField(required=False, help_text="Left out in lists.")
    name = s.CharField(required=False)


SCRIPT = PolymorphicProxySerializer(
    component_name="Script",
    serializers={"filesystem": FileSystem, "git": Git, "embedded": Embedded},
    resource_type_field_name="script_type",
)


@extend_schema_field(SCRIPT)
class Script(s.JSONField):
    """A script of any kind."""


class ScriptFile(s.Serializer[Any]):
    """A file that may be run."""

    path = s.CharField()
    script_uri = s.CharField()


class NewPreset(s.Serializer[Any]):
    """The body of `POST presets/`."""

    name = s.CharField(max_length=100)
    script = Script()
    script_args = s.DictField(child=Call(), required=False, help_text="By function.")
    timeout = Duration(required=False, allow_null=True)


class Preset(s.Serializer[Any]):
    """Arguments of a script, kept under a name."""

    id = s.IntegerField()
    name = s.CharField()
    script_uri = s.CharField()
    git_repo = s.CharField(allow_null=True)
    script_args = s.DictField(child=Call())
    timeout = s.FloatField(allow_null=True)
    saved_by = s.CharField()
    saved_at = Time()
