"""Whatever a client sends, the answer is a refusal in JSON and never a 500. (The test client raises what would become a 500.)"""

import json
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import quote

import pytest
from django.db import InterfaceError, OperationalError, connection
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from procedures import commanding, guesses, service
from procedures.domain.states import ProcedureState
from procedures.models import Procedure
from tests.integration.procedures.rest.conftest import MakeProcedure

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]

S = ProcedureState
ADDRESSES = [
    "procedures",
    "procedures/{id}",
    "procedures/{id}/output",
    "procedures/{id}/history",
    "procedures/{id}/commands",
    "procedures/{id}/pause",
    "procedures/{id}/resume",
    "procedures/{id}/questions",
    "procedures/{id}/questions/1",
    "procedures/{id}/attachments",
    "procedures/{id}/attachments/x",
    "procedures/{id}/log",
    "questions",
    "events",
    "overrides",
    "overrides/wait_for_qa_ready",
    "commands",
    "nodes",
    "scripts",
    "auth/token",
    "nothing/here",
]
METHODS = [*["GET", "POST", "PUT"] * 3, "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "BREW"]
PARAMETERS = [
    "state",
    "script",
    "since",
    "q",
    "who",
    "limit",
    "before",
    "after",
    "format",
    "offset",
    "stream",
    "tail",
    "kind",
    "level",
    "logger",
    "procedure",
]
KEYS = [
    "script",
    "script_args",
    "script_type",
    "script_uri",
    "script_body",
    "resources",
    "timeout",
    "state",
    "abort",
    "grace",
    "init",
    "main",
    "topic",
    "payload",
    "value",
    "answer",
]
WORDS = [
    "filesystem",
    "embedded",
    "git",
    "RUNNING",
    "STOPPED",
    "file:///a.py",
    "args",
    "kwargs",
    "username",
    "\0",
    "\ud800",
    "1e999",
    "-1",
]
TEXTS = st.sampled_from(WORDS) | st.text(max_size=8)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.sampled_from([2**63, 10**400, -(2**70)])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | TEXTS, inner, max_size=4),
    max_leaves=10,
)
CALLS = st.dictionaries(
    st.sampled_from(["init", "main", "tidy"]) | TEXTS,
    st.fixed_dictionaries(
        {}, optional={"args": st.lists(VALUES, max_size=3), "kwargs": st.dictionaries(TEXTS, VALUES, max_size=3)}
    )
    | VALUES,
    max_size=2,
)
SCRIPTS = (
    st.fixed_dictionaries({"script_type": st.just("embedded"), "script_body": TEXTS}, optional={"name": VALUES})
    | st.fixed_dictionaries({"script_type": st.just("filesystem"), "script_uri": TEXTS.map("file:///".__add__)})
    | VALUES
)
CREATIONS = st.fixed_dictionaries(
    {"script": SCRIPTS}, optional={"script_args": CALLS, "resources": st.lists(TEXTS) | VALUES, "timeout": VALUES}
)
CHANGES = st.fixed_dictionaries(
    {"state": st.sampled_from(["RUNNING", "STOPPED"])},
    optional={"script_args": CALLS, "grace": VALUES, "abort": VALUES, "timeout": VALUES},
)
LOGINS = st.fixed_dictionaries({"username": TEXTS, "password": TEXTS})
ODD = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=5)
BODIES = (CREATIONS | CHANGES | LOGINS | ODD).map(lambda value: json.dumps(value).encode()) | st.binary(max_size=40)
QUERIES = st.lists(st.tuples(st.sampled_from(PARAMETERS), TEXTS | st.integers().map(str)), max_size=3)
HEADERS: st.SearchStrategy[dict[str, str]] = st.just({}) | st.fixed_dictionaries(
    {},
    optional={
        "Accept": st.sampled_from(["*/*", "text/html", "application/json", "text/plain", "a/b;q=x", ",,,", "é"]),
        "Authorization": st.sampled_from(["Token", "Token x", "Token \xff", "Basic !!", "Bearer a b c"]),
        "Content-Type": st.sampled_from(
            ["application/json", "text/plain", "multipart/form-data", "application/json; charset=utf-7", "/", ";"]
        ),
        "Last-Event-ID": st.sampled_from(["1", "-1", "x", "9" * 30]),
    },
)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """Nobody waits for a manager that never answers."""
    monkeypatch.setattr(commanding, "_SLACK_S", 0.0)
    monkeypatch.setattr(service, "_KILL_S", 0.0)
    settings.OET = settings.OET.model_copy(update={"reply_timeout": 0.001, "grace": 0.0, "heartbeat_timeout": 3600.0})
    monkeypatch.setattr(guesses, "MAX_FAILURES", 10**6)
    monkeypatch.setattr(guesses, "MAX_FAILURES_OF_ADDRESS", 10**6)
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example("PUT", "procedures/{id}", [], b'{"state": "STOPPED", "grace": 1' + b"0" * 400 + b"}", {})
@example(
    "POST", "procedures", [], json.dumps({"script": {"script_type": "embedded", "script_body": "\ud800"}}).encode(), {}
)
@example(
    "POST",
    "procedures",
    [],
    json.dumps({"script": {"script_type": "filesystem", "script_uri": "file:///%00"}}).encode(),
    {},
)
@example("POST", "procedures", [], b'{"script": ' + b"[" * 90 + b"]" * 90 + b"}", {})
@example("GET", "procedures", [("q", "%" * 400)], b"", {})
@example("GET", "procedures", [("since", "nan")], b"", {})
@given(st.sampled_from(METHODS), st.sampled_from(ADDRESSES), QUERIES, BODIES, HEADERS)
def test_every_request_gets_an_answer_that_says_why(
    api_as: Callable[[str], APIClient],
    make_procedure: MakeProcedure,
    silent_manager: None,
    hurried: None,
    method: str,
    address: str,
    query: list[tuple[str, str]],
    body: bytes,
    headers: dict[str, str],
) -> None:
    client = _client(api_as)
    path = f"/api/v1/{address.format(id=_procedure_id(make_procedure))}"
    text = "&".join(f"{name}={quote(value.encode(errors='replace'))}" for name, value in query)
    content_type = headers.get("Content-Type", "application/json")
    answer: Any = client.generic(
        method,
        f"{path}?{text}",
        cast("str", body),
        content_type,
        headers={k: v for k, v in headers.items() if k != "Content-Type"},
    )
    assert answer.status_code < 500 or answer.status_code == 504, answer.content
    if answer.status_code >= 400 and method != "HEAD":
        said = answer.json()
        assert said["detail"]
        assert said["code"]


def _client(api_as: Callable[[str], APIClient], kept: dict[str, Any] = {}) -> APIClient:  # noqa: B006 - one login for all examples
    if kept.get("of") is not api_as:
        kept.update(of=api_as, client=api_as("admin"))
    client: APIClient = kept["client"]
    return client


def _procedure_id(make: MakeProcedure, kept: dict[str, Any] = {}) -> int:  # noqa: B006 - one procedure for all examples
    if kept.get("of") is not make:
        kept.update(of=make, id=make(S.IDLE, S.READY).pk)
    number: int = kept["id"]
    return number


@pytest.mark.parametrize("address", ["", "procedure", "procedures/1/foo", "x" * 3000, "%0a", "%00", "é/%ff"])
@pytest.mark.parametrize("method", ["get", "post", "put", "delete"])
def test_unknown_addresses_are_404_in_json(api: APIClient, address: str, method: str) -> None:
    answer = getattr(api, method)(f"/api/v1/{address}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_method_that_an_address_does_not_have_is_405_with_those_it_has(api: APIClient) -> None:
    answer = api.delete("/api/v1/procedures/")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, POST, HEAD, OPTIONS"


def test_a_body_above_the_limit_is_413(api: APIClient, settings: Any) -> None:
    settings.OET = settings.OET.model_copy(update={"body_limit": 1024})
    answer: Any = api.generic("POST", "/api/v1/procedures/", " " * 1025, "application/json")
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert "1024 bytes" in answer.json()["detail"]


def test_a_body_that_is_no_json_is_415_with_the_remedy(api: APIClient) -> None:
    answer: Any = api.generic("POST", "/api/v1/procedures/", "script=1", "application/x-www-form-urlencoded")
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert "Content-Type: application/json" in answer.json()["detail"]


@pytest.mark.parametrize(
    "failure", [OperationalError("database is locked"), InterfaceError("connection already closed")]
)
def test_a_database_that_fails_is_503_in_words(
    api: APIClient, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    def fail() -> None:
        raise failure

    monkeypatch.setattr("procedures.rest.site.nodes", fail)
    answer = api.get("/api/v1/nodes/")
    assert (answer.status_code, answer.json()["code"]) == (503, "no_database")
    assert answer.headers["Retry-After"]


@pytest.mark.filterwarnings("default")
def test_a_database_that_is_locked_is_503_in_words(
    api: APIClient, silent_manager: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("writers wait for each other on SQLite only")
    import sqlite3

    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "timeout", 0.05)
    connection.close()
    other = sqlite3.connect(connection.settings_dict["NAME"])
    try:
        other.execute("BEGIN IMMEDIATE")
        answer = api.post(
            "/api/v1/procedures/", {"script": {"script_type": "embedded", "script_body": "pass"}}, format="json"
        )
    finally:
        other.close()
        connection.close()
    assert (answer.status_code, answer.json()["code"]) == (503, "no_database")


def test_a_fault_of_our_own_is_500_in_json_without_its_details(users: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(Procedure.objects, "all", fail)
    client = APIClient(raise_request_exception=False)
    client.force_login(users.viewer)
    answer = client.get("/api/v1/procedures/")
    assert (answer.status_code, answer.json()["code"]) == (500, "failure")
    assert "secret" not in answer.content.decode()


def test_a_host_that_is_not_ours_is_400_in_json_and_one_line_in_the_log(
    api: APIClient, caplog: pytest.LogCaptureFixture
) -> None:
    answer = api.get("/api/v1/procedures/", HTTP_HOST="evil.example")
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert "Invalid HTTP_HOST header: 'evil.example'" in caplog.text
    assert "Traceback" not in caplog.text
