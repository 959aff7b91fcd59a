"""A script from git on the page Prepare."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from procedures.models import Node, Procedure
from tests.fixtures.people import Users
from tests.repositories import GitRepository

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


@pytest.fixture
def scripts(operator: Client, settings: Any, tmp_path: Path) -> GitRepository:
    """A repository on this machine that scripts may come from."""
    text = "def init(subarray_id: int): ...\ndef main(target: str = 'Cen A'): ...\n"
    made = GitRepository.make(tmp_path / "scripts", {"survey/observe.py": text, "survey/data.csv": "1"})
    settings.OET = settings.OET.model_copy(update={"git_allow": f"{tmp_path}/* {made.path}", "home": tmp_path / "home"})
    return made


def test_a_repository_shows_its_scripts_and_a_script_what_it_needs(operator: Client, scripts: GitRepository) -> None:
    assert str(scripts.path) in operator.get("/prepare/?git=1").content.decode()
    page = operator.get("/prepare/", {"git": "1", "browse": "1", "repository": scripts.url}).content.decode()
    assert 'data-name="survey/observe.py"' in page
    assert "data.csv" not in page
    chosen = {"git": "1", "repository": scripts.url, "commit": scripts.head(), "path": "survey/observe.py"}
    page = operator.get("/prepare/", chosen).content.decode()
    assert 'name="init.subarray_id"' in page
    assert "Cen A" in page


def test_a_script_that_was_read_is_prepared_at_its_commit_with_what_was_filled_in(
    operator: Client, scripts: GitRepository
) -> None:
    chosen = {"git": "1", "repository": scripts.url, "commit": scripts.head(), "path": "survey/observe.py"}
    operator.get("/prepare/", {**chosen, "browse": "1"})
    page = operator.post("/prepare/", chosen)
    assert page.status_code == 400
    assert 'aria-describedby="e-init.subarray_id"' in page.content.decode()
    operator.post("/prepare/", {**chosen, "init.subarray_id": "3"})
    made = Procedure.objects.get()
    assert made.script_options["git_args"]["git_commit"] == scripts.head()
    assert made.captures.get(function="init").kwargs == {"subarray_id": 3}
    again = operator.get(f"/prepare/?again={made.pk}").content.decode()
    assert 'name="init.subarray_id" value="3"' in again


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"branch": "nowhere"}, "has no branch or tag"),
        ({"repository": "/elsewhere/scripts"}, "OET_GIT_ALLOW"),
        ({"path": "../../etc/passwd"}, "path"),
    ],
)
def test_what_cannot_be_looked_into_says_why(
    operator: Client, scripts: GitRepository, change: dict[str, str], words: str
) -> None:
    wanted = {"git": "1", "browse": "1", "repository": scripts.url} | change
    page = operator.get("/prepare/", wanted)
    assert page.status_code == 200
    assert words in page.content.decode()
