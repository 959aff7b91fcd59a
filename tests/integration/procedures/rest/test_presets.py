"""`presets/`: whose they are, and what is refused."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from rest_framework.test import APIClient

from procedures.domain.errors import NotAllowed
from procedures.domain.people import Actor, Right
from procedures.models import Preset
from procedures.presets import PresetPlace, PresetService

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]

URL = "/api/v1/presets/"
FILE = {"script_type": "filesystem", "script_uri": "file:///srv/observe.py"}
BODY = {"name": "Night", "script": FILE, "script_args": {"main": {"kwargs": {"n": 1}}}, "timeout": "2 minutes"}


def test_a_preset_is_kept_listed_replaced_and_deleted(api: APIClient) -> None:
    made = api.post(URL, BODY, format="json")
    assert made.status_code == 201
    assert made.json()["script_args"] == {"main": {"args": [], "kwargs": {"n": 1}}}
    assert (made.json()["timeout"], made.json()["saved_by"]) == (120.0, "operator")
    again = api.post(URL, {**BODY, "script_args": {}}, format="json").json()
    assert (again["id"], again["script_args"]) == (made.json()["id"], {})
    assert [preset["name"] for preset in api.get(URL, {"script_uri": "file:///srv/observe.py"}).json()] == ["Night"]
    assert api.get(URL, {"script_uri": "file:///srv/other.py"}).json() == []
    assert list(api.get(URL, {"git_repo": "https://h/x"}).json()["errors"]) == ["git_repo"]
    one = f"{URL}{again['id']}/"
    assert api.get(one).json() == again
    assert api.delete(one).status_code == 200
    assert api.get(one).status_code == 404


def test_presets_of_others_are_changed_by_engineers_only(api_as: Callable[[str], APIClient]) -> None:
    one = f"{URL}{api_as('admin').post(URL, BODY, format='json').json()['id']}/"
    assert "manage_preset" in api_as("operator").post(URL, BODY, format="json").json()["detail"]
    assert api_as("operator").delete(one).status_code == 403
    assert api_as("viewer").post(URL, BODY, format="json").status_code == 403
    assert api_as("viewer").get(one).status_code == 200
    assert api_as("engineer").delete(one).status_code == 200


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": 3}, "name"),
        ({"nome": "x"}, "nome"),
        ({"script": {"script_type": "embedded", "script_body": "x"}}, "script"),
        ({"script": {"script_type": "filesystem", "script_uri": "file:///" + "ü" * 1200}}, "script"),
        ({"script_args": []}, "script_args"),
        ({"timeout": "soon"}, "timeout"),
    ],
)
def test_what_is_wrong_is_said_by_field(api: APIClient, change: dict[str, object], field: str) -> None:
    answer = api.post(URL, {**BODY, **change}, format="json")
    assert answer.status_code == 400
    assert field in answer.json()["errors"]


def test_of_presets_of_one_new_name_that_are_saved_at_the_same_moment_one_stands() -> None:
    people = 6
    together = threading.Barrier(people)

    def save(number: int) -> str:
        service = PresetService(Actor(f"operator {number}", frozenset({Right.PREPARE})))
        together.wait(30)
        try:
            return service.save(PresetPlace("file:///srv/observe.py"), "Night", {}, number).saved_by
        except NotAllowed:
            return "refused"
        finally:
            connection.close()

    with ThreadPoolExecutor(people) as threads:
        answers = list(threads.map(save, range(people)))
    assert sorted(answers)[1:] == ["refused"] * (people - 1)
    assert [preset.saved_by for preset in Preset.objects.all()] == [min(answers)]
