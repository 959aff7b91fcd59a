"""The pages of environments."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from environments.log import LogWriter
from environments.models import Environment, Use
from procedures.models import Procedure
from tests.fixtures.people import Users
from tests.repositories import GitRepository

ClientAs = Callable[[str], Client]


@pytest.fixture
def client_as(users: Users) -> ClientAs:
    """A browser logged in as `viewer`, `operator`, `engineer`."""

    def client(who: str) -> Client:
        browser = Client()
        browser.force_login(getattr(users, who))
        return browser

    return client


@pytest.fixture
def viewer(client_as: ClientAs) -> Client:
    return client_as("viewer")


@pytest.fixture
def environment(db: None) -> Environment:
    """One that is READY."""
    now = datetime.now(UTC)
    return Environment.objects.create(
        repository="file:///srv/git/scripts",
        commit="b71e09d" + "a" * 33,
        python="/usr/bin/python3",
        node="test-node",
        state="READY",
        state_at=now,
        requested_at=now,
        build=1,
        folder="1.abc",
        packages=[["numpy", "2.1.0"]],
    )


def test_list_leads_to_each_with_its_packages_and_its_log(viewer: Client, environment: Environment) -> None:
    Environment.objects.update(state="BUILDING")
    writer = LogWriter(environment.pk, 1)
    writer.add("Resolved <1> package")
    writer.write()
    listed = viewer.get("/environments/").content.decode()
    assert f'href="/environments/{environment.pk}/"' in listed
    assert "BUILDING" in listed
    shown = viewer.get(f"/environments/{environment.pk}/").content.decode()
    assert "Resolved &lt;1&gt; package" in shown
    assert "numpy" in shown
    assert 'data-reads-again="1"' in shown
    assert viewer.get("/environments/999/").status_code == 404


def test_list_without_any_says_how_there_will_be_one(viewer: Client) -> None:
    assert "None yet" in viewer.get("/environments/").content.decode()


def test_page_names_who_uses_it_and_who_did(viewer: Client, environment: Environment) -> None:
    now = datetime.now(UTC)
    past = Procedure.objects.create(
        script_type="git",
        script_uri="git://observe.py",
        script_name="observe.py",
        script_options={
            "git_args": {"git_repo": "file:///srv/git/scripts", "git_commit": "c" * 40},
            "create_env": True,
        },
        state="COMPLETE",
        state_at=now,
        created_at=now,
        node="test-node",
        environment_id=environment.pk,
    )
    Use.objects.create(holder="procedure:4711", environment=environment, since=now, node="test-node")
    shown = viewer.get(f"/environments/{environment.pk}/").content.decode()
    assert f'href="/procedures/{past.pk}/">observe.py' in shown
    assert 'href="/procedures/4711/">procedure 4711' in shown
    procedure = viewer.get(f"/procedures/{past.pk}/").content.decode()
    assert "c" * 40 in procedure
    assert f'href="/environments/{environment.pk}/"' in procedure


def test_engineers_have_buttons_and_others_have_none(client_as: ClientAs, environment: Environment) -> None:
    address = f"/environments/{environment.pk}/"
    for deed in ("pin", "rebuild", "delete"):
        assert f'value="{deed}"' in client_as("engineer").get(address).content.decode()
        assert f'value="{deed}"' not in client_as("operator").get(address).content.decode()
    assert "Build ahead" in client_as("engineer").get("/environments/").content.decode()
    assert "Build ahead" not in client_as("operator").get("/environments/").content.decode()


@pytest.mark.parametrize("deed", ["pin", "unpin", "rebuild", "delete"])
def test_without_the_right_nothing_is_done_and_the_page_says_so(
    client_as: ClientAs, environment: Environment, deed: str
) -> None:
    answer = client_as("operator").post(f"/environments/{environment.pk}/manage/", {"deed": deed})
    assert answer.status_code == 403
    assert "manage_environment" in answer.content.decode()
    environment.refresh_from_db()
    assert (environment.state, environment.is_pinned) == ("READY", False)


def test_engineers_pin_rebuild_and_delete(
    client_as: ClientAs, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("environments.tasks.send", lambda _environment_id, _node: None)
    engineer, address = client_as("engineer"), f"/environments/{environment.pk}/manage/"
    outcomes = []
    for deed in ("pin", "unpin", "rebuild", "delete"):
        answer = engineer.post(address, {"deed": deed})
        assert (answer.status_code, answer["Location"]) == (302, f"/environments/{environment.pk}/")
        environment.refresh_from_db()
        outcomes.append((environment.state, environment.is_pinned))
    assert outcomes == [("READY", True), ("READY", False), ("REQUESTED", False), ("EVICTED", False)]
    assert engineer.post(address, {"deed": "paint"}).status_code == 400
    assert engineer.get(address).status_code == 405
    assert engineer.post("/environments/999/manage/", {"deed": "pin"}).status_code == 404


def test_refusal_names_who_uses_it_on_the_page_and_as_data(client_as: ClientAs, environment: Environment) -> None:
    Use.objects.create(holder="procedure:12", environment=environment, since=datetime.now(UTC), node="test-node")
    engineer, address = client_as("engineer"), f"/environments/{environment.pk}/manage/"
    answer = engineer.post(address, {"deed": "delete"})
    assert answer.status_code == 409
    assert "is in use by procedure:12" in answer.content.decode()
    data = engineer.post(address, {"deed": "rebuild"}, headers={"Accept": "application/json"})
    assert (data.status_code, data.json()["code"]) == (409, "in_use")


def test_building_ahead_leads_to_the_environment_or_says_at_the_field_what_is_wrong(
    client_as: ClientAs, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("environments.tasks.send", lambda _environment_id, _node: None)
    settings.OET = settings.OET.model_copy(update={"home": tmp_path / "home", "git_allow": f"{tmp_path}/*"})
    remote = GitRepository.make(tmp_path / "scripts")
    engineer = client_as("engineer")
    made = engineer.post("/environments/", {"repository": remote.url})
    environment = Environment.objects.get()
    assert (made.status_code, made["Location"]) == (302, f"/environments/{environment.pk}/")
    assert "an engineer, until it is built" in engineer.get(made["Location"]).content.decode()
    refused = engineer.post("/environments/", {"repository": "ext::sh -c x", "branch": "b"})
    assert refused.status_code == 400
    assert 'id="f-repository" name="repository" value="ext::sh -c x"' in refused.content.decode()
    data = engineer.post("/environments/", {"repository": "/elsewhere"}, headers={"Accept": "application/json"})
    assert list(data.json()["errors"]) == ["repository"]
    absent = engineer.post("/environments/", {"repository": f"{tmp_path}/absent"})
    assert absent.status_code >= 400
    assert "could not be read" in absent.content.decode()
    assert client_as("operator").post("/environments/", {"repository": remote.url}).status_code == 403
