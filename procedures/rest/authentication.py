"""Tokens of programs. Sessions of people are left to REST framework's own class, which also asks for the CSRF token."""

from typing import Any

from django.contrib.auth.models import User
from knox.models import AuthToken
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from procedures.logins import TOKEN_SCHEME, live_token

PREFIX = TOKEN_SCHEME


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Token …`, checked with one query: knox's own class takes two, and deletes rows on the way."""

    def authenticate(self, request: Request) -> tuple[User, AuthToken] | None:
        """The user and the token; None where there is no token; raises AuthenticationFailed."""
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() != PREFIX.lower().encode():
            return None
        if len(parts) != 2:
            raise AuthenticationFailed(f"the Authorization header must be “{PREFIX} <token>”.", code="bad_token")
        found = live_token(parts[1].decode("latin-1"))
        if found is None:
            raise AuthenticationFailed(
                "the token is unknown or has expired; get another from auth/token/.", code="bad_token"
            )
        return found.user, found

    def authenticate_header(self, request: Any) -> str:
        """What a 401 asks for."""
        return PREFIX
