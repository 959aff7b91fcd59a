"""Who a token or a session is, and whether it still is. Entrances for programs ask here, so that all of them agree."""

from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, load_backend
from django.contrib.auth.models import User
from django.utils.crypto import constant_time_compare
from knox.crypto import hash_token
from knox.models import AuthToken

MAX_TOKEN_CHARACTERS = 200


def live_token(token: str) -> AuthToken | None:
    """The row of a token that is valid now, with its user; None for any other text."""
    if not token or len(token) > MAX_TOKEN_CHARACTERS or not token.isascii():
        return None
    found = AuthToken.objects.select_related("user").filter(digest=hash_token(token)).first()
    if found is None or not found.user.is_active or (found.expiry and found.expiry <= datetime.now(UTC)):
        return None
    return found


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
