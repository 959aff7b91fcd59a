"""The administrator of the first start, and that somebody learns the password."""

from pathlib import Path

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import User

from oet_site.up.people import ADMIN, make_first_administrator

pytestmark = pytest.mark.django_db


def test_the_first_start_makes_an_administrator_and_the_next_ones_do_not(tmp_path: Path) -> None:
    login = make_first_administrator("", tmp_path)
    assert login is not None
    assert authenticate(username=ADMIN, password=login.password)
    login.told()
    assert make_first_administrator("", tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_a_password_that_was_chosen_is_not_told(tmp_path: Path) -> None:
    login = make_first_administrator("correct horse", tmp_path)
    assert login is not None
    assert login.password == ""
    assert authenticate(username=ADMIN, password="correct horse")


def test_after_a_start_that_ended_before_it_told_the_password_the_next_one_tells_a_new_one(tmp_path: Path) -> None:
    untold = make_first_administrator("", tmp_path)
    login = make_first_administrator("", tmp_path)
    assert untold is not None
    assert login is not None
    assert login.password != untold.password
    assert authenticate(username=ADMIN, password=login.password)


def test_a_password_with_which_somebody_has_logged_in_stays(tmp_path: Path) -> None:
    make_first_administrator("", tmp_path)
    User.objects.update(last_login="2026-01-01T00:00Z")
    assert make_first_administrator("", tmp_path) is None
