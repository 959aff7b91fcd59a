"""The machines, and who may talk to them."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import serializers as s

from procedures.rest.schema.values import AnyJSON, Time


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call] # its metaclass has no types
    """How programs say who they are. It registers itself when it is imported."""

    target_class = "procedures.rest.authentication.TokenAuthentication"
    name = "token"
    priority = 1

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """The header."""
        words = "`Token …`, from `auth/token/`."
        return {"type": "apiKey", "in": "header", "name": "Authorization", "description": words}


class NodeRow(s.Serializer[Any]):
    """A machine that runs scripts."""

    name = s.CharField()
    heartbeat_at = Time()
    heartbeat_age_s = s.FloatField()
    is_alive = s.BooleanField()
    problems = s.ListField(child=s.CharField())
    condition = AnyJSON()
    versions = AnyJSON()


class Credentials(s.Serializer[Any]):
    """Who logs in."""

    username = s.CharField()
    password = s.CharField()


class Token(s.Serializer[Any]):
    """A token, and until when it is good."""

    expiry = s.DateTimeField()
    token = s.CharField()
