"""`auth/token/` and `auth/logout/`: how programs log in and out."""

from datetime import UTC, datetime

from django.contrib.auth import authenticate, user_logged_in, user_logged_out
from django.contrib.auth.models import User
from django.http import HttpRequest
from knox.models import AuthToken
from rest_framework import status
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from procedures.domain.errors import InvalidInput
from procedures.domain.json_values import text_fault
from procedures.guesses import address_of, guesses
from procedures.rest import described
from procedures.rest.authentication import PREFIX, TokenAuthentication
from procedures.rest.requests import json_object, nothing_in, unknown_fields
from procedures.rest.view import View

MAX_CHARACTERS = 4096


class TokenView(View):
    """Tokens for programs."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @described.token
    def post(self, request: Request) -> Response:
        """Give a token to whoever knows a user's password. It is sent as `Authorization: Token …` until it expires."""
        name, password = _credentials(request)
        address = address_of(request._request)
        if wait_s := guesses.wait_s(address, name):
            raise Throttled(wait_s, "too many wrong passwords.")
        user = authenticate(request._request, username=name, password=password)
        if not isinstance(user, User):
            guesses.failed(address, name)
            raise AuthenticationFailed("there is no user with this name and password.", code="bad_password")
        AuthToken.objects.filter(user=user, expiry__lte=datetime.now(UTC)).delete()
        token, text = AuthToken.objects.create(user=user)
        user_logged_in.send(sender=User, request=request._request, user=user)
        return Response({"expiry": token.expiry.isoformat().replace("+00:00", "Z"), "token": text})

    def get_authenticate_header(self, request: HttpRequest) -> str:
        """What a 401 asks for; without authentication classes nobody else says it."""
        return PREFIX


class LogoutView(View):
    """The end of a token."""

    authentication_classes = (TokenAuthentication,)

    @described.logout
    def post(self, request: Request) -> Response:
        """Make the token that this request was sent with worthless."""
        nothing_in(request.data)
        token = request.auth
        token.delete()
        user_logged_out.send(sender=User, request=request._request, user=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


def _credentials(request: Request) -> tuple[str, str]:
    data = json_object(request.data)
    errors = unknown_fields(data, ("username", "password"))
    for field in ("username", "password"):
        value = data.get(field)
        if not isinstance(value, str) or not value:
            errors[field] = "is required, as text."
        elif len(value) > MAX_CHARACTERS or text_fault(value):
            errors[field] = f"must be valid Unicode of at most {MAX_CHARACTERS} characters, without NUL."
    if errors:
        raise InvalidInput(errors)
    return data["username"], data["password"]
