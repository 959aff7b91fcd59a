"""The administrator that the first start makes."""

import secrets
from dataclasses import dataclass
from pathlib import Path

from django.contrib.auth.models import User

ADMIN = "admin"
UNTOLD = "first-login"
"""A file in OET_HOME, there while the administrator is made and nobody has been told how to log in."""


@dataclass(frozen=True)
class FirstLogin:
    """What people need to log in for the first time. `password` is empty where they chose it themselves."""

    username: str
    password: str
    home: Path

    def told(self) -> None:
        """It has been printed, and is not printed again."""
        (self.home / UNTOLD).unlink(missing_ok=True)


def make_first_administrator(chosen_password: str, home: Path) -> FirstLogin | None:
    """Make the user `admin` if there is no superuser yet; None if there is one.

    A start that was ended before it had told its password is made up for: nobody can know that one.
    """
    untold = home / UNTOLD
    if User.objects.filter(is_superuser=True).exists() and not (untold.exists() and _has_never_logged_in()):
        return None
    untold.touch()
    password = chosen_password or secrets.token_urlsafe(12)
    user, _ = User.objects.get_or_create(username=ADMIN)
    user.is_staff = user.is_superuser = True
    user.set_password(password)
    user.save()
    return FirstLogin(ADMIN, "" if chosen_password else password, home)


def _has_never_logged_in() -> bool:
    return User.objects.filter(username=ADMIN, last_login=None).exists()
