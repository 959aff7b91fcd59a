"""The administrator that the first start makes."""

import secrets
from dataclasses import dataclass

from django.contrib.auth.models import User

ADMIN = "admin"


@dataclass(frozen=True)
class FirstLogin:
    """What people need to log in for the first time. `password` is empty where they chose it themselves."""

    username: str
    password: str


def make_first_administrator(chosen_password: str) -> FirstLogin | None:
    """Make the user `admin` if there is no superuser yet; None if there is one."""
    if User.objects.filter(is_superuser=True).exists():
        return None
    password = chosen_password or secrets.token_urlsafe(12)
    user, _ = User.objects.get_or_create(username=ADMIN)
    user.is_staff = user.is_superuser = True
    user.set_password(password)
    user.save()
    return FirstLogin(ADMIN, "" if chosen_password else password)
