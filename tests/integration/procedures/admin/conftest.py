"""Procedures with a history, and browsers of people who may read it or not."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils.html import strip_tags

from oet.output import STDERR, STDOUT, Frame, encode_frame
from procedures.models import ArgCapture, Command, OutputChunk, Procedure, ProcedureHistory
from tests.fixtures.people import Users

START = datetime(2026, 3, 18, 1, 0, tzinfo=UTC)

MakeProcedure = Callable[..., Procedure]
ClientAs = Callable[[str], Client]


@pytest.fixture
def client_as(users: Users) -> ClientAs:
    """A browser logged in as `viewer`, `operator`, `admin`, …; as `staff`, a viewer who may open the admin; with "", nobody."""

    def client(who: str = "") -> Client:
        browser = Client(headers={"host": "localhost"})
        if who == "staff":
            users.viewer.is_staff = True
            users.viewer.save()
        if who:
            browser.force_login(getattr(users, "viewer" if who == "staff" else who))
        return browser

    return client


@pytest.fixture
def staff(client_as: ClientAs) -> Client:
    """The browser of a viewer who may open the admin."""
    return client_as("staff")


@pytest.fixture
def make_procedure(db: None) -> MakeProcedure:
    """A procedure with three states of history, arguments and a command; columns may be given."""

    def make(*, at: datetime = START, kwargs: dict[str, Any] | None = None, **columns: Any) -> Procedure:
        defaults: dict[str, Any] = {
            "script_type": "filesystem",
            "script_uri": "file:///srv/scripts/observe.py",
            "script_name": "observe.py",
            "state": "COMPLETE",
            "state_at": at + timedelta(seconds=90),
            "sequence": 3,
            "cause": "main returned",
            "node": "test-node",
            "created_by": "operator",
            "created_at": at,
            "started_at": at + timedelta(seconds=5),
            "finished_at": at + timedelta(seconds=90),
        }
        procedure = Procedure.objects.create(**{**defaults, **columns})
        for sequence, state in enumerate(("CREATING", "RUNNING", procedure.state), 1):
            ProcedureHistory.objects.create(
                procedure=procedure, sequence=sequence, state=state, at=at + timedelta(seconds=sequence), who="operator"
            )
        ArgCapture.objects.create(procedure=procedure, function="main", kwargs=kwargs or {"subarray_id": 3}, at=at)
        Command.objects.create(
            kind="start",
            procedure=procedure,
            node="test-node",
            issued_by="operator",
            issued_at=at,
            expires_at=at + timedelta(seconds=10),
            state="done",
            answered_at=at + timedelta(milliseconds=40),
        )
        return procedure

    return make


def print_output(procedure: Procedure, *pieces: tuple[str, bool]) -> None:
    """Store pieces of output, each a chunk of its own: text, and whether it went to stderr."""
    offset = 0
    for text, is_error in pieces:
        data = text.encode()
        frame = Frame(0, START.timestamp(), STDERR if is_error else STDOUT, offset, 0, data)
        OutputChunk.objects.create(
            procedure=procedure,
            offset=offset,
            first_line=0,
            at=START,
            size=len(data),
            lines=data.count(b"\n"),
            frames=encode_frame(frame),
        )
        offset += len(data)
    Procedure.objects.filter(pk=procedure.pk).update(output_bytes=offset)


def words(response: Any) -> str:
    """What a person reads on the page."""
    return " ".join(strip_tags(response.content.decode().replace("<", " <")).split())


def listed(response: Any) -> list[int]:
    """The numbers of the rows that a list shows, in order."""
    return [row.pk for row in response.context["cl"].result_list]
