"""`auth/token/` and `auth/logout/`: how programs log in and out, and how guessing passwords is made slow."""

import threading
import time
from collections import deque
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
from procedures.rest import described
from procedures.rest.authentication import PREFIX, TokenAuthentication
from procedures.rest.requests import json_object, unknown_fields
from procedures.rest.view import View

WINDOW_S = 60.0
MAX_FAILURES = 10
"""Wrong passwords for one name from one address within the window."""
MAX_FAILURES_OF_ADDRESS = 60
MAX_REMEMBERED = 10_000
MAX_CHARACTERS = 4096


class Guesses:
    """Wrong passwords of the last minute, by who was tried from where. Kept in memory: each web process counts for itself."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures: dict[tuple[str, ...], deque[float]] = {}

    def wait_s(self, address: str, name: str) -> float:
        """Seconds until the next attempt is allowed; 0 if it is now."""
        with self._lock:
            return max(self._wait_s((address, name), MAX_FAILURES), self._wait_s((address,), MAX_FAILURES_OF_ADDRESS))

    def failed(self, address: str, name: str) -> None:
        """Count a wrong password."""
        now = time.monotonic()
        with self._lock:
            if len(self._failures) >= MAX_REMEMBERED:
                self._failures = {key: times for key, times in self._failures.items() if times[-1] > now - WINDOW_S}
            if len(self._failures) >= MAX_REMEMBERED:  # an attack; the counts of addresses are few, and they stop it
                self._failures = {key: times for key, times in self._failures.items() if len(key) == 1}
            for key in ((address, name), (address,)):
                self._failures.setdefault(key, deque(maxlen=MAX_FAILURES_OF_ADDRESS)).append(now)

    @property
    def remembered(self) -> int:
        """How many names and addresses are counted."""
        return len(self._failures)

    def forget(self) -> None:
        """Begin anew."""
        with self._lock:
            self._failures.clear()

    def _wait_s(self, key: tuple[str, ...], allowed: int) -> float:
        times = self._failures.get(key, deque())
        return max(0.0, times[-allowed] + WINDOW_S - time.monotonic()) if len(times) >= allowed else 0.0


guesses = Guesses()
"""Those at this process."""


class TokenView(View):
    """Tokens for programs."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @described.token
    def post(self, request: Request) -> Response:
        """Give a token to whoever knows a user's password. It is sent as `Authorization: Token …` until it expires."""
        name, password = _credentials(request)
        address = str(request.META.get("REMOTE_ADDR", ""))
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
