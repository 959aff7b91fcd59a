"""Trials in the admin: everything can be looked at, nothing can be changed."""

from collections.abc import Callable

import pytest
from django.test import Client
from rest_framework.test import APIClient

from tests.fixtures.people import Users
from trials.models import Task, Trial, TrialIssue, TrialScript

MODELS = {"task": Task, "trial": Trial, "trialscript": TrialScript, "trialissue": TrialIssue}


@pytest.fixture
def staff(users: Users, api_as: Callable[[str], APIClient]) -> Client:
    document = "{name: night, scripts: {a: {body: exit 0, start_when: {d: {script_key: missing}}}}}"
    api_as("operator").generic("POST", "/api/v1/tasks/", document, content_type="application/yaml")
    users.viewer.is_staff = True
    users.viewer.save()
    client = Client(headers={"host": "localhost"})
    client.force_login(users.viewer)
    return client


@pytest.mark.parametrize("model", MODELS)
def test_a_table_and_its_rows_are_shown_to_staff_and_cannot_be_changed(staff: Client, model: str) -> None:
    row = MODELS[model]._default_manager.get()
    listing = staff.get(f"/admin/trials/{model}/")
    assert (listing.status_code, str(row.pk) in listing.content.decode()) == (200, True)
    page = f"/admin/trials/{model}/{row.pk}/change/"
    assert staff.get(page).status_code == 200
    assert staff.post(page, {"state": "passed"}).status_code == 403
    assert staff.get(f"/admin/trials/{model}/add/").status_code == 404
    assert staff.get(f"/admin/trials/{model}/", {"q": "night a warning"}).status_code == 200
