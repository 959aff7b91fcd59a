"""Nodes, scripts, history, commands, health and the API's description."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError
from rest_framework.test import APIClient

from oet_site.configuration import Configuration
from procedures.domain.states import ProcedureState
from procedures.models import Command, Node
from procedures.rest import health
from tests.integration.procedures.rest.conftest import MakeProcedure

pytestmark = pytest.mark.django_db(transaction=True)

S = ProcedureState


def test_history_says_what_happened_when_why_and_by_whom(api: APIClient, make_procedure: MakeProcedure) -> None:
    procedure = make_procedure(S.IDLE, S.READY)
    rows = api.get(f"/api/v1/procedures/{procedure.pk}/history/").json()
    assert [(row["sequence"], row["state"], row["who"]) for row in rows] == [
        (1, "CREATING", "ann"),
        (2, "IDLE", "ben"),
        (3, "READY", "ben"),
    ]
    assert rows[0].keys() == {"sequence", "state", "at", "cause", "who", "function", "stacktrace", "details"}


def test_commands_are_the_audit_trail(api: APIClient, make_procedure: MakeProcedure) -> None:
    now = datetime.now(UTC)
    first, second = make_procedure(), make_procedure()
    for procedure, who, kind in ((first, "ann", "prepare"), (first, "ben", "start"), (second, "ann", "prepare")):
        Command.objects.create(kind=kind, procedure=procedure, node="n", issued_by=who, issued_at=now, expires_at=now)

    def listed(query: str, url: str = "/api/v1/commands/") -> list[tuple[int, str]]:
        return [(row["procedure"], row["kind"]) for row in api.get(f"{url}?{query}").json()]

    assert listed("") == [(first.pk, "prepare"), (first.pk, "start"), (second.pk, "prepare")]
    assert listed("who=ben") == listed("kind=start") == [(first.pk, "start")]
    assert (
        listed(f"procedure={second.pk}")
        == listed("", f"/api/v1/procedures/{second.pk}/commands")
        == [(second.pk, "prepare")]
    )
    assert listed("state=done") == []
    assert listed("limit=1") == [(second.pk, "prepare")]
    assert 'rel="prev"' in api.get("/api/v1/commands?limit=1").headers["Link"]
    assert api.get("/api/v1/commands?kind=destroy").json()["errors"].keys() == {"kind"}
    assert api.get("/api/v1/procedures/999/commands").status_code == 404


def test_nodes_tell_the_age_of_their_heartbeat(api: APIClient) -> None:
    then = datetime.now(UTC) - timedelta(seconds=60)
    Node.objects.create(name="old", heartbeat_at=then, started_at=then, condition={"problems": ["disk full"]})
    node = api.get("/api/v1/nodes/").json()[0]
    assert (node["name"], node["is_alive"], node["problems"]) == ("old", False, ["disk full"])
    assert node["heartbeat_age_s"] == pytest.approx(60, abs=10)


def test_scripts_are_those_below_the_roots(api: APIClient, settings: Any, tmp_path: Path) -> None:
    settings.OET = Configuration(**{**settings.OET.model_dump(), "script_roots": str(tmp_path)})
    (tmp_path / "with space.py").touch()
    (tmp_path / "notes.txt").touch()
    listed = api.get("/api/v1/scripts/").json()
    assert listed == [{"path": f"{tmp_path}/with space.py", "script_uri": f"file://{tmp_path}/with%20space.py"}]


@pytest.mark.parametrize("address", ["/healthz", "/healthz/", "/readyz", "/readyz/"])
def test_health_needs_no_login(db: None, address: str) -> None:
    assert APIClient().get(address).status_code in {200, 503}
    assert APIClient().post(address).status_code == 405


def test_ready_means_a_database_and_a_manager(silent_manager: None, monkeypatch: pytest.MonkeyPatch) -> None:
    client = APIClient()
    assert client.get("/readyz").json() == {"status": "ok", "database": "ok", "manager": "ok"}
    Node.objects.update(heartbeat_at=datetime.now(UTC) - timedelta(hours=1))
    absent = client.get("/readyz")
    assert (absent.status_code, absent.json()) == (503, {"status": "failing", "database": "ok", "manager": "absent"})

    def fail() -> None:
        raise OperationalError("password of the database is sesame")

    monkeypatch.setattr(health, "nodes", fail)
    failing = client.get("/readyz")
    assert (failing.status_code, failing.json()) == (
        503,
        {"status": "failing", "database": "failing", "manager": "unknown"},
    )
    assert client.get("/healthz").json() == {"status": "ok"}


def test_the_description_of_the_api_is_valid_and_complete(api: APIClient, tmp_path: Path) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yaml"))
    described = api.get("/api/v1/schema/").json()["paths"]
    prefix = "/api/v1/"
    assert {path.removeprefix(prefix) for path in described} >= {
        "procedures/",
        "procedures/{procedure_id}/",
        "procedures/{procedure_id}/output/",
        "procedures/{procedure_id}/history/",
        "procedures/{procedure_id}/commands/",
        "commands/",
        "environments/",
        "environments/{environment_id}/",
        "environments/{environment_id}/log/",
        "environments/{environment_id}/rebuild/",
        "nodes/",
        "scripts/",
        "stream/",
        "auth/token/",
        "auth/logout/",
    }
    assert described["/api/v1/procedures/"]["post"]["requestBody"]["content"]["application/json"]["examples"]


def test_the_description_needs_a_login(api_as: Callable[[str], APIClient]) -> None:
    stranger = api_as("")
    assert stranger.get("/api/v1/schema/").status_code == 401
    assert stranger.get("/api/v1/ui/").headers["Location"] == "/login/?next=/api/v1/ui/"


def test_swagger_ui_loads_nothing_from_elsewhere(api: APIClient) -> None:
    page = api.get("/api/v1/ui/").content.decode()
    assert "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js" in page
    assert "https://" not in page
    assert "http://" not in page
