"""What a script has said, on its page; and the page of overrides."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils.html import escape

from procedures.models import Attachment, Event, LogRecord, OperatorOverride, Procedure, Question
from tests.fixtures.people import Users

AT = datetime(2026, 3, 18, 1, 40, tzinfo=UTC)
NAME = "wait_for_qa_ready"

ClientAs = Callable[[str], Client]


@pytest.fixture
def client_as(users: Users) -> ClientAs:
    def client(role: str) -> Client:
        made = Client()
        made.force_login(getattr(users, role))
        return made

    return client


@pytest.fixture
def procedure(db: None) -> Procedure:
    said = {
        "progress": {"fraction": 0.42, "message": "scan <2> of 5", "at": AT.timestamp()},
        "status": {"text": "slewing to target", "at": AT.timestamp()},
        "checkpoint": {"name": "between scans", "at": AT.timestamp()},
    }
    made = Procedure.objects.create(
        script_type="embedded", script_name="x", state="RUNNING", state_at=AT, created_at=AT, node="n", said=said
    )
    Question.objects.create(
        procedure=made, number=1, text="Continue?", asked_at=AT, state="answered", answer="yes", answered_by="ann",
        closed_at=AT + timedelta(seconds=12),
    )  # fmt: skip
    for name, kind, data in (
        ("seeing.json", "application/json", b'{"arcsec": 0.8}'),
        ("evil.txt", "text/plain", b"<script>alert(1)</script>"),
        ("plot.png", "image/png", b"\x89PNG\r\n\x1a\n"),
    ):
        Attachment.objects.create(procedure=made, name=name, media_type=kind, at=AT, size=len(data), data=data)
    for level, level_name, logger in ((20, "INFO", "obs"), (30, "WARNING", "obs.dish"), (40, "ERROR", "other")):
        LogRecord.objects.create(
            procedure=made, at=AT, level=level, level_name=level_name, logger=logger, message=f"{logger} says"
        )
    return made


def test_page_shows_what_the_script_says(client_as: ClientAs, procedure: Procedure) -> None:
    text = client_as("viewer").get(f"/procedures/{procedure.pk}/").content.decode()
    for words in ("42 %", "slewing to target", "scan &lt;2&gt; of 5", "between scans"):
        assert words in text


def test_attachment_is_never_taken_for_a_page(client_as: ClientAs, procedure: Procedure) -> None:
    viewer = client_as("viewer")
    answer = viewer.get(f"/api/v1/procedures/{procedure.pk}/attachments/evil.txt/")
    assert answer.content == b"<script>alert(1)</script>"
    assert answer["Content-Type"].startswith("text/plain")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    saved = viewer.get(f"/api/v1/procedures/{procedure.pk}/attachments/plot.png/?download=1")
    assert saved["Content-Disposition"] == 'attachment; filename="plot.png"'
    assert viewer.get(f"/api/v1/procedures/{procedure.pk}/attachments/none/").status_code == 404


def test_attachments_and_log_are_listed_by_rest(client_as: ClientAs, procedure: Procedure) -> None:
    viewer = client_as("viewer")
    listed = viewer.get(f"/api/v1/procedures/{procedure.pk}/attachments/").json()
    assert [(one["name"], one["bytes"]) for one in listed] == [("seeing.json", 15), ("evil.txt", 25), ("plot.png", 8)]
    assert listed[0]["uri"].endswith(f"/api/v1/procedures/{procedure.pk}/attachments/seeing.json/")
    page = viewer.get(f"/api/v1/procedures/{procedure.pk}/log/?limit=1&level=WARNING")
    assert [one["message"] for one in page.json()] == ["other says"]
    assert 'rel="prev"' in page["Link"]
    assert viewer.get("/api/v1/questions/").json() == []
    assert viewer.get(f"/api/v1/procedures/{procedure.pk}/questions/").json()[0]["answer"] == "yes"


def test_operator_switches_an_override_and_everybody_sees_who_did(client_as: ClientAs) -> None:
    operator = client_as("operator")
    assert "nobody has set it" in operator.get("/overrides/").content.decode()
    answer = operator.post(f"/overrides/{NAME}/", {"value": "on"})
    assert (answer.status_code, answer["Location"]) == (302, "/overrides/")
    assert OperatorOverride.objects.get().value is True
    assert Event.objects.get().topic == f"operator.{NAME}.enable"
    shown = client_as("viewer").get("/overrides/").content.decode()
    assert "set by operator" in shown
    assert '<form class="override__form"' not in shown


@pytest.mark.parametrize(("name", "value", "status"), [(NAME, "maybe", 400), (NAME, "", 400), ("other", "on", 404)])
def test_override_that_cannot_be_set_is_refused_in_words(
    client_as: ClientAs, name: str, value: str, status: int
) -> None:
    operator = client_as("operator")
    assert operator.post(f"/overrides/{name}/", {"value": value}).status_code == status
    assert (
        operator.post(f"/overrides/{name}/", {"value": value}, headers={"accept": "application/json"}).status_code
        == status
    )
    assert not OperatorOverride.objects.exists()


def test_viewer_may_not_switch_overrides(client_as: ClientAs) -> None:
    assert client_as("viewer").post(f"/overrides/{NAME}/", {"value": "on"}).status_code == 403


def test_an_event_is_sent_to_scripts_from_the_page(client_as: ClientAs, db: None) -> None:
    operator = client_as("operator")
    assert "Tell scripts something" in operator.get("/overrides/").content.decode()
    answer = operator.post("/events/send/", {"topic": "weather.wind", "payload": '{"speed": 12.5}'})
    event = Event.objects.get(topic="weather.wind")
    assert (answer.status_code, answer["Location"]) == (302, f"/overrides/?sent={event.pk}")
    assert (event.payload, event.who) == ({"speed": 12.5}, "operator")
    assert f"Event {event.pk} was sent" in operator.get(answer["Location"]).content.decode()


@pytest.mark.parametrize(
    ("topic", "payload", "complaint"),
    [
        ("weather wind", "{}", "words of letters"),
        ("", "{}", "is required"),
        ("procedure.x", "{}", "one of OET"),
        ("weather.wind", "{speed: 1}", "is not JSON"),
        ("weather.wind", "[1]", "must be an object"),
        ("weather.wind", "[" * 100_000, "is not JSON"),
    ],
)
def test_a_message_that_cannot_be_sent_stays_in_the_form(
    client_as: ClientAs, db: None, topic: str, payload: str, complaint: str
) -> None:
    answer = client_as("operator").post("/events/send/", {"topic": topic, "payload": payload})
    text = answer.content.decode()
    assert answer.status_code == 400
    assert complaint in text
    assert escape(payload[:50]) in text
    assert not Event.objects.exists()


def test_a_viewer_may_not_send_events(client_as: ClientAs, db: None) -> None:
    viewer = client_as("viewer")
    assert "Tell scripts something" not in viewer.get("/overrides/").content.decode()
    assert viewer.post("/events/send/", {"topic": "weather.wind"}).status_code == 403
