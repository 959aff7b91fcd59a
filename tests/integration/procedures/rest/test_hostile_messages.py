"""Events, overrides and answers that no database, no JSON and no script could hold, sent by those who mean harm."""

import json
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from oet_site.configuration import OverrideSetting
from procedures.domain.states import ProcedureState
from procedures.models import Event, OperatorOverride, Question
from tests.fixtures.people import Users
from tests.integration.procedures.rest.conftest import MakeProcedure

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

API = "/api/v1/"
S = ProcedureState
UNFIT = {
    "not a number": "NaN",
    "infinity": "-Infinity",
    "a number beyond all numbers": "1e999",
    "a number without end": "9" * 5000,
    "a NUL": '"a\\u0000b"',
    "half a character": '"\\ud800"',
    "a key with half a character": '{"\\udfff": 1}',
    "a deep nest": "[" * 60 + "]" * 60,
    "a very deep nest": "[" * 100_000 + "]" * 100_000,
    "too much": f'"{"x" * 70_000}"',
    "one key twice": '{"twice": 1, "twice": 2}',
    "half of it": '{"a": ',
}
FIT = {
    "a large number": "9" * 400,
    "a rocket": '"\\ud83d\\ude80 \U0001f680"',
    "some nest": "[" * 40 + "]" * 40,
    "nothing": "null",
    "what looks like code": '"<script>alert(1)</script>\'; DROP TABLE procedures_event; --"',
}


def send(api: APIClient, method: str, path: str, text: str) -> Any:
    return api.generic(method, f"{API}{path}", cast("str", text.encode("utf-8", "surrogatepass")), "application/json")


def test_event_that_could_not_be_kept_is_refused_in_words(api: APIClient) -> None:
    for what, value in UNFIT.items():
        answer = send(api, "POST", "events/", f'{{"topic": "weather.wind", "payload": {{"x": {value}}}}}')
        assert answer.status_code == 400, (what, answer.content)
        assert answer.json()["detail"]
    assert not Event.objects.exists()


def test_event_that_is_only_odd_is_kept_as_it_is(api: APIClient) -> None:
    for what, value in FIT.items():
        answer = send(api, "POST", "events/", f'{{"topic": "weather.wind", "payload": {{"x": {value}}}}}')
        assert answer.status_code == 201, (what, answer.content)
        assert Event.objects.latest("pk").payload == {"x": json.loads(value)} == answer.json()["payload"]


def test_topic_that_is_none_is_refused_by_name(api: APIClient) -> None:
    for topic in ('"\\u0000"', '"a\\u0000.b"', '"\\ud800"', '"ä.b"', "7", "null", '["a"]', '""', '"a b"'):
        answer = send(api, "POST", "events/", f'{{"topic": {topic}}}')
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["topic"])


@pytest.mark.parametrize(
    ("name", "misfits"),
    [
        ("wait_for_qa_ready", ["1", '"true"', "null", "[]", "{}"]),
        ("scans", ["1.5", "true", '"3"', "9" * 400]),
        ("limit", ["false", '"1"', "9" * 400]),
        ("note", ["3", "null"]),
        ("band", ['"high"', "[]", '["low"]']),
    ],
)
def test_override_takes_what_it_is_declared_for_and_nothing_else(
    api: APIClient, settings: Any, name: str, misfits: list[str]
) -> None:
    declare(settings)
    for value in (*misfits, *UNFIT.values()):
        for method, path, body in (
            ("PUT", f"overrides/{name}/", f'{{"value": {value}}}'),
            ("POST", "events/", f'{{"topic": "operator.{name}.set", "payload": {{"value": {value}}}}}'),
        ):
            answer = send(api, method, path, body)
            assert answer.status_code == 400, (value[:50], answer.content)
            assert answer.json()["detail"]
    assert not OperatorOverride.objects.exists()
    assert not Event.objects.filter(topic__startswith="operator").exists()


def test_answer_that_is_none_leaves_the_question_open(api: APIClient, make_procedure: MakeProcedure) -> None:
    procedure = make_procedure(S.IDLE, S.READY, S.RUNNING)
    for number, choices in ((1, ["yes", "no"]), (2, [])):
        Question.objects.create(
            procedure=procedure, number=number, text="Go on?", choices=choices, asked_at=datetime.now(UTC)
        )
        for answer in ("3", "null", "[]", '"yes\\u0000"', '"\\ud800"', f'"{"x" * 3000}"', "NaN", '{"a": 1}'):
            refused = send(api, "PUT", f"procedures/{procedure.pk}/questions/{number}/", f'{{"answer": {answer}}}')
            assert refused.status_code == 400, (answer[:50], refused.content)
            assert refused.json()["detail"]
    assert {question.state for question in Question.objects.all()} == {Question.State.ASKED}


def test_form_for_events_says_what_is_wrong_too(client: Client, users: Users) -> None:
    client.force_login(users.operator)
    for payload in ("7", *(f'{{"x": {value}}}' for value in UNFIT.values() if "twice" not in value)):
        page = client.post(reverse("event-send"), {"topic": "weather.wind", "payload": payload})
        assert page.status_code == 400, (payload[:50], page.content[:500])
    assert not Event.objects.exists()


def declare(settings: Any) -> None:
    more = (
        OverrideSetting(name="scans", type="int", default=5),
        OverrideSetting(name="limit", type="float", default=0.5),
        OverrideSetting(name="note", type="str", default=""),
        OverrideSetting(name="band", type="choice", default="low", choices=("low", "mid")),
    )
    settings.OET = settings.OET.model_copy(update={"overrides": more})
