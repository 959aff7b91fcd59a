"""A script from git on the page Prepare."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from procedures.models import Node, Procedure
from tests.fixtures.people import Users

FORM = {"git": "1", "repository": "https://example.org/scripts.git", "path": "scripts/observe.py", "branch": "main"}


@pytest.fixture
def operator(users: Users, settings: Any) -> Client:
    """An operator of a site that takes scripts from example.org, and whose manager never answers."""
    settings.OET = settings.OET.model_copy(update={"git_allow": "https://example.org/*", "reply_timeout": 0.01})
    now = datetime.now(UTC)
    Node.objects.create(name="test-node", heartbeat_at=now, started_at=now)
    client = Client()
    client.force_login(users.operator)
    return client


def test_form_is_offered_beside_files_and_pasting(operator: Client) -> None:
    assert 'name="repository"' in operator.get("/prepare/?git=1").content.decode()
    page = operator.get("/prepare/", {**FORM, "create_env": "1"}).content.decode()
    assert 'name="create_env" value="1" checked' in page


def test_what_was_filled_in_becomes_a_procedure(operator: Client) -> None:
    operator.post("/prepare/", {**FORM, "create_env": "1", "init": '{"subarray_id": 1}'})
    made = Procedure.objects.get()
    args = {"git_repo": "https://example.org/scripts.git", "git_branch": "main", "git_commit": ""}
    assert made.script_options == {"git_args": args, "create_env": True}
    assert made.captures.get().kwargs == {"subarray_id": 1}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("repository", "https://elsewhere.org/x"),
        ("path", "../x.py"),
        ("branch", "--option"),
        ("commit", "HEAD"),
        ("init", "[1]"),
    ],
)
def test_fault_is_shown_beside_its_field_and_nothing_is_lost(operator: Client, name: str, value: str) -> None:
    answer = operator.post("/prepare/", {**FORM, name: value})
    page = answer.content.decode()
    assert answer.status_code == 400
    assert f'id="e-{name}"' in page
    assert "scripts/observe.py" in page or name == "path"
    assert not Procedure.objects.exists()
