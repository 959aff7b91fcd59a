"""`environments/`: what is shown to whom, and what engineers may do."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from environments.log import LogWriter
from environments.models import Environment, Use
from tests.repositories import GitRepository

pytestmark = pytest.mark.django_db


@pytest.fixture
def environment() -> Environment:
    """One that is READY."""
    now = datetime.now(UTC)
    return Environment.objects.create(
        repository="file:///srv/git/scripts",
        commit="a" * 40,
        python="/usr/bin/python3",
        node="test-node",
        state="READY",
        state_at=now,
        requested_at=now,
        folder="1.abc",
        packages=[["numpy", "2.1.0"]],
        build=1,
    )


def test_viewers_see_environments_with_their_packages_and_users(
    api_as: Callable[[str], APIClient], environment: Environment
) -> None:
    Use.objects.create(holder="procedure:12", environment=environment, since=datetime.now(UTC), node="test-node")
    viewer = api_as("viewer")
    (row,) = viewer.get("/api/v1/environments/").json()
    assert (row["id"], row["state"], row["git_commit"], row["users"]) == (environment.pk, "READY", "a" * 40, 1)
    detail = viewer.get(f"/api/v1/environments/{environment.pk}/").json()
    assert detail["packages"] == [{"name": "numpy", "version": "2.1.0"}]
    assert detail["holders"] == ["procedure:12"]
    assert viewer.get("/api/v1/environments/?state=FAILED").json() == []
    assert viewer.get("/api/v1/environments/?state=NONE").status_code == 400
    assert viewer.get("/api/v1/environments/999/").status_code == 404


def test_log_is_read_on_from_where_the_last_part_ended(
    api_as: Callable[[str], APIClient], environment: Environment
) -> None:
    writer = LogWriter(environment.pk, 1)
    writer.add("one")
    writer.write()
    address = f"/api/v1/environments/{environment.pk}/log/"
    viewer = api_as("viewer")
    part = viewer.get(address).json()
    assert (part["text"], part["is_building"]) == ("one\n", False)
    writer.add("two")
    writer.write()
    assert viewer.get(f"{address}?offset={part['next_offset']}").json()["text"] == "two\n"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("post", "", {"git_repo": "/srv/git/x"}),
        ("patch", "{id}/", {"is_pinned": True}),
        ("delete", "{id}/", None),
        ("post", "{id}/rebuild/", None),
    ],
)
def test_operators_may_not_manage_environments(
    api_as: Callable[[str], APIClient], environment: Environment, method: str, path: str, body: Any
) -> None:
    operator = api_as("operator")
    address = f"/api/v1/environments/{path.format(id=environment.pk)}"
    answer = getattr(operator, method)(address, body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    environment.refresh_from_db()
    assert (environment.state, environment.is_pinned) == ("READY", False)


def test_engineers_pin_and_delete(api_as: Callable[[str], APIClient], environment: Environment) -> None:
    engineer = api_as("engineer")
    address = f"/api/v1/environments/{environment.pk}/"
    assert engineer.patch(address, {"is_pinned": True}, format="json").json()["is_pinned"] is True
    assert engineer.patch(address, {"is_pinned": "yes"}, format="json").status_code == 400
    gone = engineer.delete(address).json()
    assert (gone["state"], gone["reason"]) == ("EVICTED", "deleted by engineer")


def test_what_is_in_use_is_neither_deleted_nor_rebuilt(
    api_as: Callable[[str], APIClient], environment: Environment
) -> None:
    Use.objects.create(holder="procedure:12", environment=environment, since=datetime.now(UTC), node="test-node")
    engineer = api_as("engineer")
    for answer in (
        engineer.delete(f"/api/v1/environments/{environment.pk}/"),
        engineer.post(f"/api/v1/environments/{environment.pk}/rebuild/"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "in_use")
        assert "procedure:12" in answer.json()["detail"]


def test_engineers_build_ahead(
    api_as: Callable[[str], APIClient], tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("environments.tasks.send", lambda _environment_id, _node: None)
    settings.OET = settings.OET.model_copy(update={"home": tmp_path / "home", "git_allow": f"{tmp_path}/*"})
    remote = GitRepository.make(tmp_path / "scripts")
    engineer = api_as("engineer")
    made = engineer.post("/api/v1/environments/", {"git_repo": remote.url}, format="json")
    assert made.status_code == 201, made.content
    assert (made.json()["state"], made.json()["git_commit"]) == ("REQUESTED", remote.head())
    refused = engineer.post("/api/v1/environments/", {"git_repo": "/elsewhere"}, format="json")
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["git_repo"])
    absent = engineer.post("/api/v1/environments/", {"git_repo": f"{tmp_path}/absent"}, format="json")
    assert absent.status_code == 502
