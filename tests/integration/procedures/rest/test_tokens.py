from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from knox.models import AuthToken
from rest_framework.test import APIClient

from procedures.guesses import MAX_FAILURES, guesses
from tests.fixtures.people import Users

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/api/v1/auth/token/"


def log_in(client: APIClient, username: str, password: str, **more: Any) -> Any:
    return client.post(URL, {"username": username, "password": password, **more}, format="json")


def test_a_token_opens_the_api_until_it_expires(users: Users) -> None:
    client = APIClient()
    given = log_in(client, "operator", users.password).json()
    assert given.keys() == {"expiry", "token"}
    expiry = datetime.fromisoformat(given["expiry"])
    assert timedelta(hours=9.9) < expiry - datetime.now(UTC) <= timedelta(hours=10)
    client.credentials(HTTP_AUTHORIZATION=f"Token {given['token']}")
    assert client.get("/api/v1/procedures/").status_code == 200
    AuthToken.objects.update(expiry=datetime.now(UTC))
    answer = client.get("/api/v1/procedures/")
    assert (answer.status_code, answer.json()["code"]) == (401, "bad_token")
    assert "has expired; get another from auth/token/" in answer.json()["detail"]


def test_a_program_needs_no_csrf_token(users: Users) -> None:
    client = APIClient(enforce_csrf_checks=True)
    token = log_in(client, "operator", users.password).json()["token"]
    client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    assert client.post("/api/v1/procedures/", {}, format="json").status_code == 400


def test_a_wrong_password_and_an_unknown_user_get_the_same_answer(users: Users) -> None:
    wrong, unknown = log_in(APIClient(), "operator", "x"), log_in(APIClient(), "nobody-there", "x")
    assert wrong.status_code == unknown.status_code == 401
    assert (
        wrong.json()
        == unknown.json()
        == {"detail": "there is no user with this name and password.", "code": "bad_password"}
    )
    assert wrong.headers["WWW-Authenticate"] == "Token"


def test_a_user_who_was_deactivated_gets_no_token_and_their_tokens_end(users: Users) -> None:
    client = APIClient()
    token = log_in(client, "operator", users.password).json()["token"]
    users.operator.is_active = False
    users.operator.save()
    assert log_in(client, "operator", users.password).status_code == 401
    client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    assert client.get("/api/v1/procedures/").status_code == 401


def test_logging_out_ends_the_token(users: Users) -> None:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {log_in(client, 'viewer', users.password).json()['token']}")
    assert client.post("/api/v1/auth/logout/").status_code == 204
    assert client.get("/api/v1/procedures/").status_code == 401
    assert not AuthToken.objects.exists()


def test_logging_in_removes_tokens_that_have_expired(users: Users) -> None:
    AuthToken.objects.create(user=users.viewer, expiry=timedelta(seconds=-1))
    log_in(APIClient(), "viewer", users.password)
    assert AuthToken.objects.count() == 1


def test_guessing_is_stopped_for_this_name_from_this_address_only(users: Users) -> None:
    client = APIClient()
    for _ in range(MAX_FAILURES):
        assert log_in(client, "operator", "guess").status_code == 401
    stopped = log_in(client, "operator", users.password)
    assert (stopped.status_code, stopped.json()["code"]) == (429, "throttled")
    assert 0 < int(stopped.headers["Retry-After"]) <= 60
    assert log_in(client, "viewer", users.password).status_code == 200
    assert log_in(APIClient(REMOTE_ADDR="10.0.0.9"), "operator", users.password).status_code == 200


def test_logging_in_often_is_no_guessing(users: Users, settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    users.viewer.set_password(users.password)
    users.viewer.save()
    assert {log_in(APIClient(), "viewer", users.password).status_code for _ in range(2 * MAX_FAILURES)} == {200}


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"username", "password"}),
        ({"username": "a", "password": ""}, {"password"}),
        ({"username": 1, "password": ["x"]}, {"username", "password"}),
        ({"username": "a\0b", "password": "x" * 5000}, {"username", "password"}),
        ({"username": "a", "password": "b", "passwort": "c"}, {"passwort"}),
    ],
)
def test_credentials_that_are_none_are_refused_by_field(db: None, body: Any, fields: set[str]) -> None:
    answer = APIClient().post(URL, body, format="json")
    assert answer.status_code == 400
    assert answer.json()["errors"].keys() == fields


@pytest.mark.parametrize(
    "header", ["Token", "Token a b", "Token \xff\xfe", f"Token {'a' * 300}", "Token " + "0" * 64, "token\tx"]
)
def test_a_header_that_is_no_token_is_401(users: Users, header: str) -> None:
    answer = APIClient().get("/api/v1/procedures/", HTTP_AUTHORIZATION=header)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Token"


def test_another_kind_of_login_is_not_mistaken_for_a_token(api_as: Callable[[str], APIClient]) -> None:
    assert api_as("viewer").get("/api/v1/procedures/", HTTP_AUTHORIZATION="Basic YTpi").status_code == 200
    assert guesses.wait_s("127.0.0.1", "a") == 0


def test_a_token_costs_one_query(users: Users, django_assert_num_queries: Callable[[int], Any]) -> None:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {log_in(client, 'admin', users.password).json()['token']}")
    with django_assert_num_queries(2):  # the token with its user; the nodes
        client.get("/api/v1/nodes/")
