import threading
import time

import pytest
from django.test import Client
from rest_framework.test import APIClient

from procedures.guesses import MAX_FAILURES, MAX_FAILURES_OF_ADDRESS, WINDOW_S, Guesses
from tests.fixtures.people import Users

pytestmark = pytest.mark.django_db

DOORS = ("/login/", "/admin/login/", "/api/v1/auth/token/")


def log_in(door: str, username: str, password: str, address: str = "127.0.0.1") -> int:
    """The status of the answer."""
    form = {"username": username, "password": password}
    if door.startswith("/api/"):
        return APIClient(REMOTE_ADDR=address).post(door, form, format="json").status_code
    return Client(REMOTE_ADDR=address).post(door, form).status_code


@pytest.mark.parametrize("guessed_at", DOORS)
def test_whoever_guesses_at_one_door_finds_all_of_them_closed(users: Users, guessed_at: str) -> None:
    for _ in range(MAX_FAILURES):
        assert log_in(guessed_at, "admin", "guess") in {200, 401}
    right = {door: log_in(door, "admin", users.password) for door in DOORS}
    assert right == {"/login/": 429, "/admin/login/": 200, "/api/v1/auth/token/": 429}
    assert [log_in(door, "admin", users.password, "10.0.0.9") for door in DOORS] == [302, 302, 200]
    assert [log_in(door, "operator", users.password) for door in DOORS] == [302, 200, 200]


@pytest.mark.parametrize("door", DOORS[:2])
def test_a_person_is_told_how_long_to_wait(users: Users, door: str) -> None:
    for _ in range(MAX_FAILURES):
        log_in(door, "admin", "guess")
    answer = Client().post(door, {"username": "admin", "password": users.password})
    assert "Too many wrong passwords. Try again in " in answer.content.decode()
    assert "sessionid" not in answer.cookies
    assert "oet_session" not in answer.cookies


@pytest.mark.parametrize("door", DOORS[:2])
def test_a_right_password_is_no_guess(users: Users, door: str) -> None:
    """An operator may not enter the administration, however often he tries; that is no reason to lock him out."""
    assert {log_in(door, "operator", users.password) for _ in range(2 * MAX_FAILURES)} == {
        302 if door == "/login/" else 200
    }
    assert log_in("/login/", "operator", users.password) == 302


def test_guesses_are_forgotten_after_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    counted = Guesses()
    for _ in range(MAX_FAILURES):
        counted.failed("a", "ann")
    assert counted.wait_s("a", "ann") == WINDOW_S
    now += WINDOW_S
    assert counted.wait_s("a", "ann") == 0


def test_many_names_from_one_address_are_guessing_too() -> None:
    counted = Guesses()
    for number in range(MAX_FAILURES_OF_ADDRESS):
        counted.failed("a", f"user {number}")
    assert counted.wait_s("a", "somebody else") > 0
    assert counted.wait_s("b", "somebody else") == 0


def test_an_attacker_who_invents_names_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("procedures.guesses.MAX_REMEMBERED", 100)
    counted = Guesses()

    def attack() -> None:
        for number in range(300):
            counted.failed("a", f"{threading.get_ident()} {number}")

    threads = [threading.Thread(target=attack) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counted.remembered <= 102
