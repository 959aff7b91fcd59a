"""What holds for every address of the API."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from rest_framework.test import APIClient

from procedures.rest.urls import urlpatterns
from tests.fixtures.people import Users
from tests.integration.procedures.rest.conftest import MakeProcedure
from trials.rest.urls import urlpatterns as urlpatterns_of_trials

pytestmark = pytest.mark.django_db

EXAMPLES = {"procedure_id": "1", "day": "2026-03-18", "name": "wait_for_qa_ready"}
NOT_OURS = {"schema", "ui", "unknown"}
"""Pages of drf-spectacular, which reads its own parameters; and everything that does not exist."""


@pytest.fixture
def admin(users: Users) -> APIClient:
    """Who may do everything, by whatever login an address takes."""
    client = APIClient()
    client.force_authenticate(users.admin)
    return client


def requests() -> Iterator[tuple[str, str]]:
    """Method and address of everything that can be asked for."""
    for pattern in (*urlpatterns, *urlpatterns_of_trials):
        view: Any = pattern.callback
        if pattern.name in NOT_OURS:
            continue
        written = str(pattern.pattern).removeprefix("^").removesuffix("/?$")
        address = re.sub(r"\(\?P<(\w+)>[^)]*\)", lambda found: EXAMPLES.get(found[1], "1"), written)
        methods = {"get", "post", "put", "patch", "delete"} & set(dir(view.cls))
        yield from ((method, address) for method in sorted(methods))


def test_a_parameter_that_is_not_known_is_refused_by_its_name(admin: APIClient, make_procedure: MakeProcedure) -> None:
    accepted = []
    for method, example in requests():
        address = example.replace("procedures/1", f"procedures/{make_procedure().pk}")
        answer = getattr(admin, method)(f"/api/v1/{address}/?nonsense=1")
        is_missing = answer.status_code == 404 and method == "get" and address.endswith("1")
        if not is_missing and (answer.status_code != 400 or "nonsense" not in answer.json().get("errors", {})):
            accepted.append((method, example, answer.status_code))
    assert accepted == []


@pytest.mark.parametrize("address", ["auth/logout/", "environments/1/rebuild/", "procedures/1/pause/"])
def test_where_there_is_nothing_to_say_a_body_is_refused(admin: APIClient, address: str) -> None:
    answer = admin.post(f"/api/v1/{address}", {"force": True}, format="json")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["body"])
