"""`events/` and `overrides/`: telling scripts something."""

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from procedures.models import Event, OperatorOverride

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

API = "/api/v1/"
NAME = "wait_for_qa_ready"


def test_override_has_its_default_until_it_is_set(api: APIClient) -> None:
    [shown] = api.get(f"{API}overrides/").json()
    assert (shown["name"], shown["type"], shown["value"], shown["set_by"]) == (NAME, "bool", False, "")
    assert shown["set_at"] is None


def test_setting_an_override_is_kept_with_who_and_when_and_announced(api: APIClient) -> None:
    answer = api.put(f"{API}overrides/{NAME}/", {"value": True}, format="json")
    assert answer.status_code == 200
    assert (answer.json()["value"], answer.json()["set_by"]) == (True, "operator")
    assert api.get(f"{API}overrides/{NAME}/").json() == answer.json()
    event = Event.objects.get()
    assert (event.topic, event.who) == (f"operator.{NAME}.enable", "operator")
    assert event.payload == {"name": NAME, "value": True, "who": "operator"}


def test_event_of_an_override_sets_it(api: APIClient) -> None:
    answer = api.post(
        f"{API}events/", {"topic": f"operator.{NAME}.enable", "payload": {"why": "clouds"}}, format="json"
    )
    assert answer.status_code == 201
    assert answer.json()["payload"] == {"why": "clouds", "name": NAME, "value": True, "who": "operator"}
    assert OperatorOverride.objects.get(name=NAME).value is True


@pytest.mark.parametrize("body", [{"value": 1}, {}, {"value": True, "more": 1}, []])
def test_value_that_does_not_fit_is_refused(api: APIClient, body: object) -> None:
    assert api.put(f"{API}overrides/{NAME}/", body, format="json").status_code == 400
    assert not OperatorOverride.objects.exists()


def test_override_that_is_not_declared_is_not_found(api: APIClient) -> None:
    answer = api.put(f"{API}overrides/other/", {"value": True}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_event_is_logged_with_who_sent_it(api: APIClient) -> None:
    answer = api.post(f"{API}events/", {"topic": "weather.wind", "payload": {"speed": 12.5}}, format="json")
    assert answer.status_code == 201
    event = Event.objects.get()
    assert (answer.json()["id"], event.topic, event.payload, event.who) == (
        *(event.pk, "weather.wind", {"speed": 12.5}, "operator"),
    )


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"topic": "weather.wind", "payload": [1]}, "payload"),
        ({"topic": "weather.wind", "payload": {"x": "y" * 70_000}}, "payload"),
        ({"topic": "procedure.lifecycle.failed"}, "topic"),
        ({"topic": "operator.other.enable"}, "topic"),
        ({"topic": "no good"}, "topic"),
        ({"payload": {}}, "topic"),
        ({"topic": "x", "subject": 1}, "subject"),
    ],
)
def test_event_that_cannot_be_sent_is_refused_with_the_field(api: APIClient, body: object, field: str) -> None:
    answer = api.post(f"{API}events/", body, format="json")
    assert answer.status_code == 400
    assert field in answer.json()["errors"]
    assert not Event.objects.exists()


def test_viewers_see_overrides_and_neither_set_them_nor_send_events(api_as: Callable[[str], APIClient]) -> None:
    viewer = api_as("viewer")
    assert viewer.get(f"{API}overrides/").status_code == 200
    assert viewer.put(f"{API}overrides/{NAME}/", {"value": True}, format="json").status_code == 403
    assert viewer.post(f"{API}events/", {"topic": "x"}, format="json").status_code == 403
    assert api_as("nobody").get(f"{API}overrides/").status_code == 403
