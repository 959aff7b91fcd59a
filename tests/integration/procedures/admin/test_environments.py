"""Environments in the admin: facts, packages and the log, for reading."""

from datetime import timedelta

import pytest
from django.test import Client

from environments.log import LogWriter
from environments.models import Environment, Use
from tests.integration.procedures.admin.conftest import START, MakeProcedure, listed, words


@pytest.fixture
def environment(db: None) -> Environment:
    made = Environment.objects.create(
        repository="file:///srv/git/scripts",
        commit="b71e09d" + "a" * 33,
        python="/usr/bin/python3",
        node="test-node",
        state="READY",
        folder="1.abc",
        requested_at=START,
        started_at=START,
        finished_at=START + timedelta(seconds=4),
        build=1,
        recipe="uv.lock",
        packages=[["numpy", "2.1.0"]],
    )
    writer = LogWriter(made.pk, 1)
    writer.add("Resolved <1> package")
    writer.write()
    return made


def test_environment_shows_its_facts_packages_log_and_procedures(
    staff: Client, environment: Environment, make_procedure: MakeProcedure
) -> None:
    procedure = make_procedure(environment_id=environment.pk)
    Use.objects.create(holder="procedure:12", environment=environment, since=START, node="test-node")
    shown = words(staff.get(f"/admin/environments/environment/{environment.pk}/change/"))
    for text in ("READY", "uv.lock", "numpy 2.1.0", "Resolved &lt;1&gt; package", "4.0 s", "procedure:12"):
        assert text in shown
    assert f"#{procedure.pk} COMPLETE" in shown
    assert "History" not in shown
    page = words(staff.get(f"/admin/procedures/procedure/{procedure.pk}/change/"))
    assert f"environment {environment.pk}" in page


def test_list_is_narrowed_by_state_and_searched(staff: Client, environment: Environment) -> None:
    address = "/admin/environments/environment/"
    assert listed(staff.get(address)) == [environment.pk]
    assert f"#{environment.pk}" in words(staff.get(address))
    assert listed(staff.get(f"{address}?state=READY&q=b71e09d")) == [environment.pk]
    assert listed(staff.get(f"{address}?state=FAILED")) == []
    assert staff.get(f"{address}?state=NONSENSE").status_code == 302


def test_nothing_of_it_can_be_changed_there(staff: Client, environment: Environment) -> None:
    answer = staff.post(f"/admin/environments/environment/{environment.pk}/change/", {"state": "FAILED"})
    assert answer.status_code == 403
    environment.refresh_from_db()
    assert environment.state == "READY"
