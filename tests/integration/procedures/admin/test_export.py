"""Procedures as files."""

import asyncio
import csv
import io
import json
from functools import partial
from typing import Any, cast

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from oet_site.web.handler import ThreadedHandler
from procedures import keyset
from procedures.admin import export
from procedures.admin.export import without_formula
from procedures.admin.procedure import ProcedureAdmin
from tests.fixtures.people import Users
from tests.integration.procedures.admin.conftest import MakeProcedure

LIST = "/admin/procedures/procedure/"


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two records a batch."""
    monkeypatch.setattr(export, "BATCH", 2)


def text_of(response: Any) -> str:
    assert response.status_code == 200
    assert response.streaming
    return b"".join(response.streaming_content).decode()


def csv_of(response: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text_of(response), newline="")))


@pytest.mark.both_databases
@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_everything_is_exported_newest_first(staff: Client, make_procedure: MakeProcedure, count: int) -> None:
    keys = [make_procedure().pk for _ in range(count)][::-1]
    assert [record["id"] for record in json.loads(text_of(staff.get(f"{LIST}export.json")))] == keys
    assert [int(record["id"]) for record in csv_of(staff.get(f"{LIST}export.csv"))] == keys


def test_json_record_says_what_happened(staff: Client, make_procedure: MakeProcedure) -> None:
    procedure = make_procedure(cause="Déjà vu")
    (record,) = json.loads(text_of(staff.get(f"{LIST}export.json")))
    assert record == {
        "id": procedure.pk,
        "state": "COMPLETE",
        "script_type": "filesystem",
        "script_uri": "file:///srv/scripts/observe.py",
        "script_name": "observe.py",
        "created_by": "operator",
        "created_at": "2026-03-18T01:00:00.000Z",
        "started_at": "2026-03-18T01:00:05.000Z",
        "finished_at": "2026-03-18T01:01:30.000Z",
        "node": "test-node",
        "runs": 0,
        "cause": "Déjà vu",
        "abort_of": None,
        "output_bytes": 0,
        "output_lines": 0,
        "arguments": {"main": {"args": [], "kwargs": {"subarray_id": 3}}},
        "history": [
            {"at": "2026-03-18T01:00:01.000Z", "state": "CREATING", "function": "", "who": "operator", "cause": ""},
            {"at": "2026-03-18T01:00:02.000Z", "state": "RUNNING", "function": "", "who": "operator", "cause": ""},
            {"at": "2026-03-18T01:00:03.000Z", "state": "COMPLETE", "function": "", "who": "operator", "cause": ""},
        ],
    }


def test_csv_record_has_the_same_fields_with_arguments_as_json_and_history_as_a_line(
    staff: Client, make_procedure: MakeProcedure
) -> None:
    make_procedure(cause='two\nlines, "quoted"')
    (record,) = csv_of(staff.get(f"{LIST}export.csv"))
    assert record["cause"] == 'two\nlines, "quoted"'
    assert json.loads(record["arguments"]) == {"main": {"args": [], "kwargs": {"subarray_id": 3}}}
    assert record["history"].startswith("CREATING 2026-03-18T01:00:01.000Z > RUNNING ")
    assert record["started_at"] == "2026-03-18T01:00:05.000Z"


@pytest.mark.parametrize("cause", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\n=1"])
def test_text_that_a_spreadsheet_would_calculate_is_marked_as_text(
    staff: Client, make_procedure: MakeProcedure, cause: str
) -> None:
    make_procedure(cause=cause, script_name=cause, created_by=cause)
    (record,) = csv_of(staff.get(f"{LIST}export.csv"))
    assert (record["cause"], record["script_name"], record["created_by"]) == (f"'{cause}",) * 3


@given(st.text())
def test_no_text_begins_a_formula(text: str) -> None:
    safe = without_formula(text)
    assert safe.removeprefix("'") == text.removeprefix("'") or safe == f"'{text}"
    assert not safe.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


def test_export_has_what_filters_and_search_leave(staff: Client, make_procedure: MakeProcedure) -> None:
    wanted = make_procedure(state="FAILED", cause="quench")
    make_procedure(state="FAILED")
    make_procedure(cause="quench")
    response = staff.get(f"{LIST}?state=FAILED&q=quench")
    link = next(link["url"] for link in response.context["cl"].exports if "json" in link["url"])
    assert [record["id"] for record in json.loads(text_of(staff.get(link)))] == [wanted.pk]


def test_export_of_a_page_in_the_middle_has_every_page(
    staff: Client, make_procedure: MakeProcedure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ProcedureAdmin, "list_per_page", 1)
    keys = [make_procedure().pk for _ in range(3)][::-1]
    response = staff.get(LIST, {"before": keys[0]})
    link = response.context["cl"].exports[1]["url"]
    assert [record["id"] for record in json.loads(text_of(staff.get(link)))] == keys


@pytest.mark.parametrize("action", ["export_selected_csv", "export_selected_json"])
def test_ticked_procedures_are_exported_and_no_others(
    staff: Client, make_procedure: MakeProcedure, action: str
) -> None:
    keys = [make_procedure().pk for _ in range(4)]
    response: Any = staff.post(LIST, {"action": action, "_selected_action": [keys[0], keys[2]], "index": 0})
    records = csv_of(response) if action.endswith("csv") else json.loads(text_of(response))
    assert [int(record["id"]) for record in records] == [keys[2], keys[0]]


def test_export_is_a_file_to_save(staff: Client, make_procedure: MakeProcedure) -> None:
    make_procedure()
    response = staff.get(f"{LIST}export.csv")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"].startswith('attachment; filename="oet-procedures-')


def test_export_takes_no_post(staff: Client) -> None:
    assert staff.post(f"{LIST}export.csv").status_code == 405


@pytest.mark.usefixtures("small_batches")
def test_export_reads_a_batch_when_it_is_wanted_and_not_before(staff: Client, make_procedure: MakeProcedure) -> None:
    for _ in range(9):
        make_procedure()
    response: Any = staff.get(f"{LIST}export.json")
    with CaptureQueriesContext(connection) as queries:
        chunks = iter(response.streaming_content)
        next(chunks)
        assert len(queries) == 0
        next(chunks)
        assert len(queries) == 3


@pytest.mark.usefixtures("small_batches")
def test_export_of_a_search_goes_on_through_windows_in_which_nothing_is_found(
    staff: Client, make_procedure: MakeProcedure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "pages", partial(keyset.pages, window=2))
    rare = make_procedure(cause="quench").pk
    for _ in range(7):
        make_procedure()
    for kind in ("csv", "json"):
        chunks = list(cast("Any", staff.get(f"{LIST}export.{kind}?q=quench")).streaming_content)
        assert b"" not in chunks
        assert str(rare).encode() in b"".join(chunks)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("small_batches")
def test_web_server_sends_each_batch_as_it_is_made(users: Users, make_procedure: MakeProcedure) -> None:
    keys = [make_procedure().pk for _ in range(5)][::-1]
    browser = Client(headers={"host": "localhost"})
    browser.force_login(users.admin)
    cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in browser.cookies.items())
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(_ask(f"{LIST}export.json", cookie, send))
    bodies = [message["body"] for message in sent if message.get("body")]
    assert sent[0]["status"] == 200
    assert len(bodies) == 5  # the opening, three batches, the end
    assert [record["id"] for record in json.loads(b"".join(bodies))] == keys


async def _ask(path: str, cookie: str, send: Any) -> None:
    """Send a GET through OET's own handler."""
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"cookie", cookie.encode())],
    }
    request = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> dict[str, Any]:
        message = next(request, None)
        if message is None:
            await asyncio.Event().wait()  # the client stays
        assert message is not None
        return message

    await ThreadedHandler(body_limit_bytes=1024)(scope, receive, send)
