"""Who may read history in the admin, and that nobody can write it there."""

import pytest
from django.test import Client

from procedures.models import Command, Event, Node, Procedure, ResourceClaim
from tests.integration.procedures.admin.conftest import START, ClientAs, MakeProcedure

HISTORY = ["procedure", "command", "event", "node", "resourceclaim"]


@pytest.fixture
def one_of_each(make_procedure: MakeProcedure) -> dict[str, int]:
    """The key of a row of every table."""
    procedure = make_procedure()
    return {
        "procedure": procedure.pk,
        "command": Command.objects.get().pk,
        "event": Event.objects.create(at=START, topic="procedure.lifecycle.created", procedure=procedure).pk,
        "node": Node.objects.create(name="test-node", heartbeat_at=START, started_at=START).pk,
        "resourceclaim": ResourceClaim.objects.create(
            scope="site", name="telescope", procedure=procedure, taken_at=START
        ).pk,
    }


@pytest.mark.parametrize("model", HISTORY)
@pytest.mark.parametrize("who", ["staff", "admin"])
def test_staff_viewer_and_superuser_read_list_and_row(
    client_as: ClientAs, one_of_each: dict[str, int], model: str, who: str
) -> None:
    client = client_as(who)
    assert client.get(f"/admin/procedures/{model}/").status_code == 200
    assert client.get(f"/admin/procedures/{model}/{one_of_each[model]}/change/").status_code == 200


@pytest.mark.parametrize("who", ["", "nobody", "viewer", "operator", "engineer"])
@pytest.mark.parametrize(
    "address",
    [
        "/admin/",
        "/admin/procedures/procedure/",
        "/admin/procedures/procedure/1/change/",
        "/admin/procedures/procedure/export.csv",
    ],
)
def test_who_is_not_staff_is_sent_to_log_in(client_as: ClientAs, who: str, address: str) -> None:
    response = client_as(who).get(address)
    assert response.status_code == 302
    assert "login" in response["Location"]


@pytest.mark.parametrize(
    "address",
    [
        *(f"/admin/procedures/{model}/" for model in HISTORY),
        "/admin/procedures/procedure/1/change/",
        "/admin/procedures/procedure/export.csv",
        "/admin/procedures/procedure/export.json",
    ],
)
def test_staff_without_the_right_to_see_procedures_is_refused(client_as: ClientAs, users: object, address: str) -> None:
    client = client_as("nobody")
    users.nobody.is_staff = True  # type: ignore[attr-defined]
    users.nobody.save()  # type: ignore[attr-defined]
    assert client.get(address).status_code == 403


@pytest.mark.parametrize("model", HISTORY)
@pytest.mark.parametrize("address", ["add/", "{}/delete/", "{}/history/", "{}/"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_addresses_that_could_change_history_do_not_exist(
    client_as: ClientAs, one_of_each: dict[str, int], model: str, address: str, method: str
) -> None:
    path = f"/admin/procedures/{model}/{address.format(one_of_each[model])}"
    assert getattr(client_as("admin"), method)(path).status_code == 404


@pytest.mark.parametrize("model", HISTORY)
def test_post_to_the_page_of_a_row_is_refused_to_superusers_too(
    client_as: ClientAs, one_of_each: dict[str, int], model: str
) -> None:
    response = client_as("admin").post(f"/admin/procedures/{model}/{one_of_each[model]}/change/", {"state": "FAILED"})
    assert response.status_code in {403, 405}
    assert Procedure.objects.get().state == "COMPLETE"


@pytest.mark.parametrize("model", HISTORY)
def test_deletion_as_an_action_is_not_offered_and_does_nothing(
    client_as: ClientAs, one_of_each: dict[str, int], model: str
) -> None:
    client = client_as("admin")
    path = f"/admin/procedures/{model}/"
    assert b"delete_selected" not in client.get(path).content
    client.post(
        path, {"action": "delete_selected", "_selected_action": [one_of_each[model]], "index": 0, "post": "yes"}
    )
    assert client.get(f"{path}{one_of_each[model]}/change/").status_code == 200


def test_rows_cannot_be_edited_in_the_list(client_as: ClientAs, one_of_each: dict[str, int]) -> None:
    form = {
        "form-TOTAL_FORMS": 1,
        "form-INITIAL_FORMS": 1,
        "form-0-id": one_of_each["procedure"],
        "form-0-state": "FAILED",
        "_save": "Save",
    }
    client_as("admin").post("/admin/procedures/procedure/", form)
    assert Procedure.objects.get().state == "COMPLETE"


def test_autocompletion_does_not_open_procedures(client_as: ClientAs, one_of_each: dict[str, int]) -> None:
    question = {"app_label": "procedures", "model_name": "command", "field_name": "procedure", "term": "observe"}
    assert client_as("admin").get("/admin/autocomplete/", question).status_code in {403, 404}


@pytest.mark.parametrize("model", ["user", "group"])
def test_users_and_groups_are_for_superusers_alone(client_as: ClientAs, model: str) -> None:
    assert client_as("staff").get(f"/admin/auth/{model}/").status_code == 403
    assert client_as("admin").get(f"/admin/auth/{model}/").status_code == 200


def test_index_shows_a_staff_viewer_history_and_nothing_else(staff: Client) -> None:
    apps = staff.get("/admin/").context["app_list"]
    assert [app["app_label"] for app in apps] == ["environments", "procedures", "trials"]
    assert {model["object_name"] for model in apps[1]["models"]} == {
        "Procedure",
        "Command",
        "Event",
        "Node",
        "ResourceClaim",
        "Question",
        "Attachment",
        "LogRecord",
        "OperatorOverride",
    }
