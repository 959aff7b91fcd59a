"""Who a token or a session is, and whether it still is. Entrances for programs ask here, so that all of them agree."""

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from http.cookies import CookieError, SimpleCookie
from importlib import import_module

from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, load_backend
from django.contrib.auth.models import AnonymousUser, Permission, User
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model, Q
from django.utils.crypto import constant_time_compare
from knox.crypto import hash_token
from knox.models import AuthToken

from procedures.domain.people import Actor, Right
from procedures.service import actor_of
from procedures.statements import Question

TOKEN_SCHEME = "Token"  # noqa: S105 - the word before a token
MAX_TOKEN_CHARACTERS = 200
RECHECK_S = 30.0
"""How often a connection that stays open is asked who it is."""

_OWN_BACKEND = "django.contrib.auth.backends.ModelBackend"
_STAND_IN_TEXT = "stand-in"
_STAND_IN_NUMBER = -1


class LoginEnded(Exception):
    """There is no login, or it has ended."""

    def __init__(self) -> None:
        super().__init__("log in: the session or token is missing, unknown or has expired.")


def live_token(token: str) -> AuthToken | None:
    """The row of a token that is valid now, with its user; None for any other text."""
    if not token or len(token) > MAX_TOKEN_CHARACTERS or not token.isascii():
        return None
    rows = _token_question().ask(hash_token(token))
    if not rows:
        return None
    of_token, of_user = _attributes(AuthToken), _attributes(User)
    found: AuthToken = AuthToken.from_db(DEFAULT_DB_ALIAS, of_token, rows[0][: len(of_token)])
    found.user = User.from_db(DEFAULT_DB_ALIAS, of_user, rows[0][len(of_token) :])
    if not found.user.is_active or (found.expiry and found.expiry <= datetime.now(UTC)):
        return None
    return found


def actor_of_request(user: User | AnonymousUser) -> Actor:
    """The Actor that a user is: as `actor_of`, with one query where Django's own way to find rights takes two."""
    if user.is_superuser or not user.is_active or settings.AUTHENTICATION_BACKENDS != [_OWN_BACKEND]:
        return actor_of(user)
    granted = {f"{app}.{name}" for app, name in _rights_question().ask(user.pk)}
    return Actor(user.get_username(), frozenset(right for right in Right if right.value in granted))


@cache
def _token_question() -> Question:
    columns = [*_attributes(AuthToken), *(f"user__{name}" for name in _attributes(User))]
    return Question(AuthToken.objects.filter(digest=_STAND_IN_TEXT).values_list(*columns), _STAND_IN_TEXT)


@cache
def _rights_question() -> Question:
    who = _STAND_IN_NUMBER
    granted = Permission.objects.filter(
        Q(user=who) | Q(group__user=who), codename__in=[right.partition(".")[2] for right in Right]
    )
    return Question(granted.order_by().values_list("content_type__app_label", "codename").distinct(), who)


def _attributes(model: type[Model]) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields]


def user_of_session(session_key: str) -> User | None:
    """The active user whose session this is; None if it has ended, or the password was changed since."""
    session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    backend = session.get(BACKEND_SESSION_KEY)
    if backend not in settings.AUTHENTICATION_BACKENDS:
        return None
    user = load_backend(backend).get_user(session[SESSION_KEY])
    if user is None or not constant_time_compare(session.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash()):
        return None
    return user if isinstance(user, User) else None


@dataclass(frozen=True)
class Login:
    """What a connection that stays open was opened with; asked again from time to time."""

    token: str = ""
    session_key: str = ""

    def user(self) -> User | None:
        """The user it stands for at this moment; None once it has expired or was logged out."""
        if self.token:
            found = live_token(self.token)
            return found.user if found else None
        return user_of_session(self.session_key) if self.session_key else None

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> "Login":
        """What a client logged in with, by its headers (names in lower case): a token outranks a session."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == TOKEN_SCHEME.lower():
            return cls(token=token.strip())
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(settings.SESSION_COOKIE_NAME)
        except CookieError:
            cookie = None
        return cls(session_key=cookie.value if cookie else "")


class ViewerCheck:
    """Sees that whoever watches over a long connection is logged in and may see procedures, from its beginning to its end."""

    def __init__(self, login: Login) -> None:
        self._login = login
        self._due_at = 0.0

    async def when_due(self) -> None:
        """Ask the database, if that was not done lately; raises LoginEnded, NotAllowed."""
        if time.monotonic() >= self._due_at:
            await _require_viewer(self._login)
            # Clients that came together shall not ask together.
            self._due_at = time.monotonic() + random.uniform(RECHECK_S / 2, RECHECK_S)  # noqa: S311


@partial(database_sync_to_async, thread_sensitive=False)
def _require_viewer(login: Login) -> None:
    user = login.user()
    if user is None:
        raise LoginEnded
    actor_of_request(user).require(Right.VIEW)
