"""Users, groups and tokens."""

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from knox.models import AuthToken

from tests.fixtures.people import PASSWORD, Users
from tests.integration.procedures.admin.conftest import ClientAs, words

USERS = "/admin/auth/user/"
GROUPS = "/admin/auth/group/"
TOKENS = "/admin/knox/authtoken/"


@pytest.mark.parametrize("address", [f"{USERS}add/", f"{USERS}1/change/"])
def test_roles_are_offered_with_what_they_may(client_as: ClientAs, users: Users, address: str) -> None:
    text = words(client_as("admin").get(address.replace("1", str(users.viewer.pk))))
    assert "viewer: sees procedures, their history and output" in text
    assert "operator: sees, prepares, starts, stops and aborts scripts, and sets overrides" in text
    assert "engineer: as operator, and builds, pins and deletes environments" in text


def test_every_role_of_the_migration_is_explained(roles: None) -> None:
    from procedures.admin.people import ROLES

    assert set(Group.objects.values_list("name", flat=True)) == set(ROLES)


def test_superuser_makes_a_user_with_a_role(client_as: ClientAs, roles: None) -> None:
    operator = Group.objects.get(name="operator")
    form = {
        "username": "lina",
        "password1": PASSWORD,
        "password2": PASSWORD,
        "usable_password": "true",
        "groups": [operator.pk],
    }
    response = client_as("admin").post(f"{USERS}add/", form)
    assert response.status_code == 302
    lina = User.objects.get(username="lina")
    assert lina.has_perm("procedures.start_procedure")
    assert not lina.is_staff


def test_superuser_changes_a_role(client_as: ClientAs, users: Users) -> None:
    engineer = Group.objects.get(name="engineer")
    form = {
        "username": "viewer", "groups": [engineer.pk], "is_active": "on", "date_joined_0": "2026-01-01", "date_joined_1": "00:00:00",
    }  # fmt: skip
    response = client_as("admin").post(f"{USERS}{users.viewer.pk}/change/", form)
    assert response.status_code == 302
    assert [group.name for group in users.viewer.groups.all()] == ["engineer"]


def test_list_of_users_shows_their_roles_with_one_query_for_all(client_as: ClientAs, users: Users) -> None:
    client = client_as("admin")
    with CaptureQueriesContext(connection) as before:
        assert "operator" in words(client.get(USERS))
    for number in range(5):
        User.objects.create_user(f"more{number}").groups.add(Group.objects.get(name="viewer"))
    with CaptureQueriesContext(connection) as after:
        client.get(USERS)
    assert len(before) == len(after)


def test_staff_with_the_right_to_change_users_cannot_make_himself_superuser(client_as: ClientAs, users: Users) -> None:
    from django.contrib.auth.models import Permission

    client = client_as("staff")
    users.viewer.user_permissions.add(*Permission.objects.filter(content_type__app_label="auth"))
    response = client.post(
        f"{USERS}{users.viewer.pk}/change/", {"username": "viewer", "is_superuser": "on", "is_staff": "on"}
    )
    assert response.status_code == 403


@pytest.mark.parametrize("role", ["viewer", "operator", "engineer"])
def test_roles_of_oet_cannot_be_deleted_or_renamed(client_as: ClientAs, users: Users, role: str) -> None:
    client, group = client_as("admin"), Group.objects.get(name=role)
    assert client.post(f"{GROUPS}{group.pk}/delete/", {"post": "yes"}).status_code == 403
    client.post(GROUPS, {"action": "delete_selected", "_selected_action": [group.pk], "index": 0, "post": "yes"})
    client.post(
        f"{GROUPS}{group.pk}/change/", {"name": "other", "permissions": [p.pk for p in group.permissions.all()]}
    )
    assert Group.objects.filter(name=role).exists()


def test_other_groups_are_free(client_as: ClientAs, users: Users) -> None:
    client, group = client_as("admin"), Group.objects.create(name="night shift")
    assert client.post(f"{GROUPS}{group.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Group.objects.filter(name="night shift").exists()


def test_tokens_are_listed_without_anything_a_thief_could_use(client_as: ClientAs, users: Users) -> None:
    row, token = AuthToken.objects.create(users.operator)
    page = client_as("admin").get(TOKENS).content.decode()
    assert "operator" in page
    assert row.digest not in page
    assert row.token_key not in page
    assert token not in page


@pytest.mark.parametrize("address", ["add/", "{}/change/", "{}/delete/", "{}/history/"])
def test_tokens_cannot_be_made_or_changed(client_as: ClientAs, users: Users, address: str) -> None:
    row, _ = AuthToken.objects.create(users.operator)
    client = client_as("admin")
    assert client.get(TOKENS + address.format(row.pk)).status_code == 404
    assert client.post(TOKENS + address.format(row.pk), {"user": users.viewer.pk}).status_code == 404
    assert AuthToken.objects.get().user == users.operator


def test_tokens_are_not_for_staff(client_as: ClientAs) -> None:
    assert client_as("staff").get(TOKENS).status_code == 403


def test_user_can_be_deleted_with_the_tokens_he_has(client_as: ClientAs, users: Users) -> None:
    AuthToken.objects.create(users.operator)
    assert client_as("admin").post(f"{USERS}{users.operator.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not AuthToken.objects.exists()
