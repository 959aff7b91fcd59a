"""Lists and summaries, and what is refused before any manager is asked."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from oet_site.configuration import Configuration
from procedures import selectors
from procedures.domain.states import ProcedureState
from procedures.models import Procedure
from tests.integration.procedures.rest.conftest import MakeProcedure

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]

S = ProcedureState
URL = "/api/v1/procedures/"
FILE = {"script_type": "filesystem", "script_uri": "file:///srv/observe.py"}


def ids(answer: Any) -> list[int]:
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()]


def test_a_summary_has_the_shape_that_skas_clients_know(api: APIClient, make_procedure: MakeProcedure) -> None:
    procedure = make_procedure(S.IDLE, S.READY, S.RUNNING, S.READY, S.RUNNING)
    shown = api.get(f"{URL}{procedure.pk}/").json()
    assert shown["script"] == FILE
    assert shown["script_args"] == {"init": {"args": [], "kwargs": {"subarray_id": 1}}}
    states = [state for state, _ in shown["history"]["process_states"]]
    assert states == ["CREATING", "IDLE", "READY", "RUNNING 1", "READY", "RUNNING 2"]
    assert all(isinstance(at, float) for _, at in shown["history"]["process_states"])
    assert shown["history"]["stacktrace"] is None
    assert shown["state"] == "RUNNING"
    assert shown["uri"] == f"http://testserver{URL}{procedure.pk}/"


def test_the_list_is_newest_last_and_without_the_text_of_scripts(api: APIClient, make_procedure: MakeProcedure) -> None:
    made = [make_procedure().pk, make_procedure(body="def main(): pass", uri="embedded:/x").pk]
    listed = api.get(URL).json()
    assert [row["id"] for row in listed] == made
    assert listed[1]["script"] == {"script_type": "embedded", "name": "x"}
    assert api.get(f"{URL}{made[1]}/").json()["script"]["script_body"] == "def main(): pass"


@pytest.mark.parametrize(
    "address",
    ["procedures", "procedures/", "procedures/{id}", "procedures/{id}/", "procedures/{id}/history", "nodes", "nodes/"],
)
def test_every_address_answers_with_and_without_the_slash(
    api: APIClient, make_procedure: MakeProcedure, address: str
) -> None:
    assert api.get(f"/api/v1/{address.format(id=make_procedure().pk)}").status_code == 200


def test_filters_narrow_the_list(api: APIClient, make_procedure: MakeProcedure) -> None:
    idle, ready, other = (
        make_procedure(S.IDLE),
        make_procedure(S.IDLE, S.READY),
        make_procedure(uri="file:///srv/abort.py", who="cleo"),
    )
    assert ids(api.get(URL, {"state": "IDLE,READY"})) == [idle.pk, ready.pk]
    assert ids(api.get(f"{URL}?state=IDLE&state=CREATING")) == [idle.pk, other.pk]
    assert ids(api.get(URL, {"script": "abort"})) == [other.pk]
    assert ids(api.get(URL, {"who": "cleo"})) == ids(api.get(URL, {"q": "CLE"})) == [other.pk]
    assert ids(api.get(URL, {"since": ready.created_at.isoformat()})) == [ready.pk, other.pk]
    assert ids(api.get(URL, {"since": ready.created_at.timestamp() + 3600})) == []


def follow(api: APIClient, url: str, relation: str) -> list[list[int]]:
    """The ids on each page, from one to the next."""
    pages = []
    for _ in range(10):
        answer = api.get(url)
        pages.append(ids(answer))
        links = {
            part.partition("; rel=")[2].strip('"'): part.partition(">")[0].strip("< ")
            for part in answer.headers.get("Link", "").split(",")
        }
        if relation not in links:
            return pages
        url = links[relation]
    raise AssertionError("the links lead nowhere")


def test_links_lead_through_all_pages_in_both_directions(api: APIClient, make_procedure: MakeProcedure) -> None:
    made = [make_procedure().pk for _ in range(7)]
    assert follow(api, f"{URL}?limit=3", "prev") == [made[4:], made[1:4], made[:1]]
    assert follow(api, f"{URL}?limit=3&after=0", "next") == [made[:3], made[3:6], made[6:]]


def test_what_no_index_answers_is_looked_for_a_part_at_a_time_and_links_lead_on(
    api: APIClient, make_procedure: MakeProcedure, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = make_procedure(S.IDLE, uri="file:///srv/rare.py", who="cleo").pk
    made = [make_procedure(S.IDLE, who="cleo").pk for _ in range(7)]
    monkeypatch.setattr(selectors, "WINDOW", 3)
    assert follow(api, f"{URL}?q=rare", "prev") == [[], [], [first]]
    assert follow(api, f"{URL}?script=rare&after=0", "next") == [[first], [], []]
    assert follow(api, f"{URL}?state=IDLE&who=cleo&limit=2", "prev") == [
        made[5:],
        made[3:5],
        made[1:3],
        [first, made[0]],
    ]


def test_a_list_takes_as_many_queries_for_fifty_procedures_as_for_one(
    api: APIClient, make_procedure: MakeProcedure, django_assert_num_queries: Callable[[int], Any]
) -> None:
    make_procedure(S.IDLE)
    api.get(URL)
    with django_assert_num_queries(6):  # session, user, rights; procedures, history, arguments
        api.get(URL)
    for _ in range(49):
        make_procedure(S.IDLE)
    with django_assert_num_queries(6):
        assert len(api.get(URL).json()) == 50


@pytest.mark.parametrize(
    "number",
    ["0", "999", "9223372036854775807", "9223372036854775808", "9" * 30, "9" * 5000, "abc", "-1", "1.0", "%00", "1%0a"],
)
@pytest.mark.parametrize("method", ["get", "put"])
def test_an_id_that_does_not_exist_is_404_whatever_it_looks_like(api: APIClient, number: str, method: str) -> None:
    answer = getattr(api, method)(
        f"{URL}{number}/", data={"state": "RUNNING"} if method == "put" else None, format="json"
    )
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


def test_without_a_manager_nothing_is_created_and_503_says_what_to_do(
    api: APIClient, settings: Any, tmp_path: Any
) -> None:
    settings.OET = Configuration(**{**settings.OET.model_dump(), "script_roots": str(tmp_path)})
    answer = api.post(URL, {"script": {**FILE, "script_uri": f"file://{tmp_path}/a.py"}}, format="json")
    assert answer.status_code == 503
    assert answer.json()["code"] == "no_manager"
    assert "`make up`" in answer.json()["detail"]
    assert answer.headers["Retry-After"]
    assert not Procedure.objects.exists()


def test_a_manager_that_does_not_answer_is_504(api: APIClient, silent_manager: None, settings: Any) -> None:
    settings.OET = settings.OET.model_copy(update={"reply_timeout": 0.05})
    answer = api.post(URL, {"script": {"script_type": "embedded", "script_body": "def main(): pass"}}, format="json")
    assert answer.status_code == 504
    assert "did not answer within" in answer.json()["detail"]


def test_a_script_outside_the_roots_is_400_and_names_them(api: APIClient, silent_manager: None, settings: Any) -> None:
    answer = api.post(URL, {"script": {**FILE, "script_uri": "file:///etc/passwd"}}, format="json")
    assert answer.status_code == 400
    assert "OET_SCRIPT_ROOTS" in answer.json()["errors"]["script.script_uri"][0]


def test_starting_what_is_finished_is_409_with_the_state(
    api: APIClient, silent_manager: None, make_procedure: MakeProcedure
) -> None:
    procedure = make_procedure(S.FAILED)
    for body, words in (({"state": "RUNNING"}, "cannot be started"), ({"state": "STOPPED"}, "cannot be stopped")):
        answer = api.put(f"{URL}{procedure.pk}", body, format="json")
        assert answer.status_code == 409
        assert answer.json()["code"] == "wrong_state"
        assert f"procedure {procedure.pk} is FAILED; it {words}" in answer.json()["detail"]


def test_an_abort_that_is_impossible_is_409_and_nothing_is_stopped(
    api: APIClient, silent_manager: None, make_procedure: MakeProcedure
) -> None:
    procedure = make_procedure(S.IDLE, S.READY)
    answer = api.put(f"{URL}{procedure.pk}", {"state": "STOPPED", "abort": True}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "abort_impossible")
    procedure.refresh_from_db()
    assert procedure.stop_asked_at is None


def test_a_viewer_sees_and_changes_nothing(api_as: Callable[[str], APIClient], make_procedure: MakeProcedure) -> None:
    procedure = make_procedure(S.IDLE, S.READY)
    viewer = api_as("viewer")
    assert viewer.get(f"{URL}{procedure.pk}").status_code == 200
    body = {"script": {"script_type": "embedded", "script_body": "pass"}}
    for answer in (
        viewer.post(URL, body, format="json"),
        viewer.put(f"{URL}{procedure.pk}", {"state": "RUNNING"}, format="json"),
        viewer.put(f"{URL}{procedure.pk}", {"state": "STOPPED"}, format="json"),
    ):
        assert answer.status_code == 403
        assert "viewer may not" in answer.json()["detail"]


@pytest.mark.parametrize(
    "address",
    [
        "procedures",
        "procedures/1",
        "procedures/1/output",
        "procedures/1/history",
        "procedures/1/commands",
        "commands",
        "nodes",
        "scripts",
        "stream",
    ],
)
def test_whoever_has_no_role_sees_nothing_and_a_stranger_must_log_in(
    api_as: Callable[[str], APIClient], address: str
) -> None:
    forbidden = api_as("nobody").get(f"/api/v1/{address}")
    assert (forbidden.status_code, forbidden.json()["code"]) == (403, "forbidden")
    unknown = api_as("").get(f"/api/v1/{address}")
    assert (unknown.status_code, unknown.headers["WWW-Authenticate"]) == (401, "Token")
    assert "auth/token/" in unknown.json()["detail"]


def test_a_session_without_its_csrf_token_changes_nothing(users: Any) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(users.operator)
    answer = client.post(URL, {}, format="json")
    assert answer.status_code == 403
    assert "CSRF" in answer.json()["detail"]
