"""The pages of environments."""

from datetime import UTC, datetime

import pytest
from django.test import Client

from environments.log import LogWriter
from environments.models import Environment
from tests.fixtures.people import Users


@pytest.fixture
def viewer(users: Users) -> Client:
    client = Client()
    client.force_login(users.viewer)
    return client


def test_list_leads_to_each_with_its_packages_and_its_log(viewer: Client) -> None:
    now = datetime.now(UTC)
    made = Environment.objects.create(
        repository="file:///srv/git/scripts",
        commit="b71e09d" + "a" * 33,
        python="/usr/bin/python3",
        node="test-node",
        state="BUILDING",
        state_at=now,
        requested_at=now,
        build=1,
        packages=[["numpy", "2.1.0"]],
    )
    writer = LogWriter(made.pk, 1)
    writer.add("Resolved <1> package")
    writer.write()
    listed = viewer.get("/environments/").content.decode()
    assert f'href="/environments/{made.pk}/"' in listed
    assert "BUILDING" in listed
    shown = viewer.get(f"/environments/{made.pk}/").content.decode()
    assert "Resolved &lt;1&gt; package" in shown
    assert "numpy" in shown
    assert 'data-is-live="true"' in shown
    assert viewer.get("/environments/999/").status_code == 404


def test_list_without_any_says_how_there_will_be_one(viewer: Client) -> None:
    assert "None yet" in viewer.get("/environments/").content.decode()
