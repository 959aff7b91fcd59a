"""What scripts say, as pages show it before any event: questions above all else, progress, and the ways to steer."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from procedures.models import Command, Node, Procedure, Question
from tests.fixtures.people import Users
from tests.integration.procedures.pages.test_forms import AS_JSON, answering

pytestmark = [pytest.mark.django_db(transaction=True)]

NOW = datetime.now(UTC)
ASKED = {"number": 1, "text": "Go on?", "choices": ["Yes", "No"], "asked_at": NOW.timestamp(), "deadline_at": None}


@pytest.fixture
def asking(db: None) -> Procedure:
    """A procedure that runs and waits for an answer, and its manager."""
    Node.objects.create(name="a", heartbeat_at=NOW + timedelta(minutes=5), started_at=NOW)
    said: dict[str, Any] = {
        "questions": [ASKED],
        "progress": {"fraction": 0.4, "message": "scan 2 of 5", "at": 0},
        "status": {"text": "slewing", "at": 0},
    }
    made = Procedure.objects.create(
        script_type="embedded",
        script_name="raster.py",
        state="RUNNING",
        state_at=NOW,
        created_at=NOW,
        started_at=NOW,
        node="a",
        said=said,
    )
    Question.objects.create(procedure=made, number=1, text="Go on?", choices=["Yes", "No"], asked_at=NOW)
    return made


def client_of(users: Users, role: str) -> Client:
    client = Client()
    client.force_login(getattr(users, role))
    return client


@pytest.mark.parametrize("address", ["/", "/prepare/", "/environments/", "/procedures/{id}/"])
def test_a_question_stands_on_every_page_with_its_answers(asking: Procedure, users: Users, address: str) -> None:
    page = client_of(users, "operator").get(address.format(id=asking.pk)).content.decode()
    assert f'data-question="{asking.pk}.1"' in page
    assert f'action="/procedures/{asking.pk}/questions/1/"' in page
    assert 'name="answer" value="Yes"' in page
    assert f"raster.py #{asking.pk} waits for an answer." in page


def test_a_viewer_reads_the_question_and_cannot_answer_or_pause(asking: Procedure, users: Users) -> None:
    viewer = client_of(users, "viewer")
    page = viewer.get("/").content.decode()
    assert "Go on?" in page
    assert 'name="answer"' not in page
    assert "/pause/" not in page
    for address in ("pause", "resume", "questions/1"):
        assert viewer.post(f"/procedures/{asking.pk}/{address}/", {"answer": "Yes"}).status_code == 403


def test_now_says_how_far_it_is_and_what_it_is_doing(asking: Procedure, users: Users) -> None:
    page = client_of(users, "operator").get("/").content.decode()
    assert "slewing · scan 2 of 5" in page
    assert "40\N{NARROW NO-BREAK SPACE}%" in page


def test_a_pause_an_answer_and_going_on_are_commands(asking: Procedure, users: Users) -> None:
    operator = client_of(users, "operator")
    for address, kind, data in (
        ("pause", "pause", {}),
        ("questions/1", "answer", {"answer": "No"}),
        ("resume", "resume", {}),
    ):
        with answering():
            answer = operator.post(f"/procedures/{asking.pk}/{address}/", data, headers=AS_JSON)
        assert answer.status_code == 200, answer.content
        assert Command.objects.latest("pk").kind == kind


def test_an_answer_that_is_none_of_the_choices_is_refused_in_words(asking: Procedure, users: Users) -> None:
    answer = client_of(users, "operator").post(
        f"/procedures/{asking.pk}/questions/1/", {"answer": "Perhaps"}, headers=AS_JSON
    )
    assert answer.status_code == 400
    assert answer.json()["errors"] == {"answer": ["must be one of Yes, No."]}
