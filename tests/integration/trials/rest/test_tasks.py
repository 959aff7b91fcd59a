"""`tasks/` and `trials/` as clients see them; nothing runs here."""

import json
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
from rest_framework.test import APIClient

from procedures.models import Event, Procedure
from trials.models import Task, Trial

YAML = "application/yaml"
CHAIN = "{key: night, max_trials: 1, scripts: {a: {body: exit 0}, b: {start_when: {a done: {script_key: a}}}}}"


def post(api: APIClient, address: str, text: str, kind: str = YAML) -> Any:
    return api.generic("POST", f"/api/v1/{address}", text, content_type=kind)


@pytest.mark.both_databases
def test_a_task_is_created_with_its_first_trial_and_all_its_rows(api: APIClient) -> None:
    answer = post(api, "tasks/", CHAIN)
    assert answer.status_code == 201, answer.content
    task = answer.json()
    assert (task["key"], task["state"], task["source"], task["created_by"]) == ("night", "pending", CHAIN, "operator")
    assert (task["spec"]["scripts"]["b"]["start_when"], len(task["trials"])) == (
        {"a done": {"script_key": "a", "states": ["passed"]}},
        1,
    )
    assert answer.headers["Location"] == task["uri"]
    trial = api.get(f"/api/v1/trials/{task['trials'][0]['id']}").json()
    assert (trial["state"], trial["counts"], trial["created_by"]) == ("pending", {"pending": 2}, "")
    rows = Procedure.objects.order_by("id")
    assert [(row.state, row.script_type, row.part_of) for row in rows] == [
        ("CREATING", "shell", {"task": task["id"], "trial": trial["id"], "key": key}) for key in "ab"
    ]
    topics = list(Event.objects.filter(topic__regex="^(task|trial)").order_by("id").values_list("topic", flat=True))
    assert topics == ["task.statechange", "trial.statechange"]


def test_json_is_taken_as_well_as_yaml(api: APIClient) -> None:
    document = json.dumps({"scripts": {"a": {"body": "exit 0"}}})
    assert post(api, "tasks", document, "application/json").status_code == 201


def test_a_document_with_errors_creates_nothing_and_names_all_of_them(api: APIClient) -> None:
    answer = post(api, "tasks/", "scripts:\n  a:\n    ignote_state: true\n    timeout: 5\n  b: {body: exit 0}\n")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_specification")
    first, second = answer.json()["errors"]
    assert first == {
        "path": "scripts.a.ignote_state",
        "code": "unknown_property",
        "message": "unknown property 'ignote_state'",
        "hint": "did you mean 'ignore_state'?",
        "line": 3,
    }
    assert (second["path"], second["code"]) == ("scripts.a.timeout", "type_mismatch")
    assert not Task.objects.exists()


@pytest.mark.parametrize(
    ("script", "path"),
    [
        ("{script_type: filesystem, script_uri: 'file:///etc/passwd'}", "scripts.a.script.script_uri"),
        (
            "{script_type: git, script_uri: 'git://a.py', git_args: {git_repo: 'https://example.org/x.git'}}",
            "scripts.a.script.git_args.git_repo",
        ),
    ],
)
def test_what_the_site_does_not_allow_is_an_error_of_the_document(api: APIClient, script: str, path: str) -> None:
    answer = post(api, "tasks/", f"{{scripts: {{a: {{script: {script}}}}}}}")
    assert (answer.status_code, [error["path"] for error in answer.json()["errors"]]) == (400, [path])


def test_checking_creates_nothing_and_shows_the_resolved_form_and_the_graph(api: APIClient) -> None:
    answer = post(api, "tasks/validate/", "scripts: {a: {}, b: {start_when: {x: {script_key: missing}}}}")
    assert answer.status_code == 200, answer.content
    task = answer.json()["tasks"][0]
    assert task["spec"]["scripts"]["a"]["timeout"] == "180.0 seconds"
    assert [warning["code"] for warning in task["warnings"]] == ["unknown_script_key"]
    assert [finding["kind"] for finding in task["graph"]["findings"]] == ["unreachable"]
    edge = task["graph"]["edges"][0]
    assert (edge["from"], edge["exists"], edge["is_impossible"]) == ("missing", False, True)
    assert not Task.objects.exists()


def test_a_rehearsal_tells_what_would_become_of_each_script(api: APIClient) -> None:
    order = {"document": CHAIN, "fates": {"a": "fails"}}
    answer = api.post("/api/v1/tasks/rehearse/", order, format="json")
    assert answer.status_code == 200, answer.content
    played = answer.json()
    assert (played["state"], {k: s["state"] for k, s in played["scripts"].items()}) == (
        "failed",
        {"a": "failed", "b": "skipped"},
    )


@pytest.mark.parametrize(
    ("order", "field"),
    [
        ({"fates": {}}, "document"),
        ({"document": CHAIN, "fates": {"zz": "fails"}}, "fates.zz"),
        ({"document": CHAIN, "fates": {"a": "explodes"}}, "fates.a"),
        ({"document": CHAIN, "abort_at": -1}, "abort_at"),
        ({"document": CHAIN, "fate": {}}, "fate"),
        ({"document": CHAIN, "task": 1}, "document"),
        ({"task": True}, "task"),
        ({"task": "1"}, "task"),
        ({"document": 1}, "document"),
    ],
)
def test_a_rehearsal_that_makes_no_sense_is_refused_by_field(api: APIClient, order: Any, field: str) -> None:
    answer = api.post("/api/v1/tasks/rehearse/", order, format="json")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])


def test_the_schema_for_editors_is_a_json_schema_that_takes_what_is_taken(api: APIClient) -> None:
    schema = api.get("/api/v1/tasks/schema/").json()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate({"scripts": {"a": {"body": "exit 0"}}}, schema)


@pytest.mark.both_databases
def test_an_abort_before_dispatch_is_done_at_once(api: APIClient) -> None:
    task = post(api, "tasks/", CHAIN).json()
    trial_id = task["trials"][0]["id"]
    answer = api.put(f"/api/v1/trials/{trial_id}/", {"state": "aborted"}, format="json")
    assert (answer.status_code, answer.json()["state"], answer.json()["counts"]) == (200, "aborted", {"skipped": 2})
    assert {script["reason"] for script in answer.json()["scripts"]} == {"abort"}
    assert set(Procedure.objects.values_list("state", "cause")) == {("STOPPED", "abort")}
    assert api.get(f"/api/v1/tasks/{task['id']}/").json()["state"] == "aborted"
    assert Trial.objects.count() == 1
    again = api.put(f"/api/v1/trials/{trial_id}/", {"state": "aborted"}, format="json")
    assert (again.status_code, again.json()["code"]) == (409, "wrong_state")


@pytest.mark.both_databases
def test_an_aborted_task_can_be_retried_by_hand(api: APIClient) -> None:
    task = post(api, "tasks/", CHAIN).json()
    api.put(f"/api/v1/tasks/{task['id']}/", {"state": "aborted"}, format="json")
    answer = api.post(f"/api/v1/tasks/{task['id']}/trials/")
    assert (answer.status_code, answer.json()["number"], answer.json()["created_by"]) == (201, 2, "operator")
    assert api.get(f"/api/v1/tasks/{task['id']}/").json()["state"] == "pending"


def test_only_what_did_not_pass_cannot_be_repeated_of_a_trial_that_is_not_over(api: APIClient) -> None:
    task = post(api, "tasks/", CHAIN).json()
    answer = api.post(f"/api/v1/tasks/{task['id']}/trials/", {"only_not_passed": True}, format="json")
    assert (answer.status_code, "trial 1 is pending" in answer.json()["detail"]) == (409, True)


@pytest.mark.both_databases
def test_trials_are_listed_by_task_and_state(api: APIClient) -> None:
    one, other = post(api, "tasks/", CHAIN).json(), post(api, "tasks/", CHAIN).json()
    api.put(f"/api/v1/tasks/{other['id']}/", {"state": "aborted"}, format="json")

    def ids(query: str) -> list[int]:
        return [row["id"] for row in api.get(f"/api/v1/trials/?{query}").json()]

    assert ids(f"task={one['id']}") == [one["trials"][0]["id"]]
    assert ids("state=aborted") == [other["trials"][0]["id"]]
    assert [row["id"] for row in api.get("/api/v1/tasks/?state=aborted,passed").json()] == [other["id"]]
    assert api.get("/api/v1/trials/?state=nonsense").status_code == 400
    page = api.get("/api/v1/tasks/?limit=1")
    assert ('rel="prev"' in page.headers["Link"], len(page.json())) == (True, 1)


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("get", "tasks/999/", 404),
        ("get", "trials/999999999999999999999999/", 404),
        ("put", "tasks/999/", 404),
        ("post", "tasks/999/trials/", 404),
        ("get", "trials/999/graph/", 404),
        ("delete", "tasks/", 405),
    ],
)
def test_what_is_not_there_is_answered_so(api: APIClient, method: str, address: str, status: int) -> None:
    assert getattr(api, method)(f"/api/v1/{address}").status_code == status


def test_rights_are_those_of_procedures(api_as: Callable[..., APIClient], api: APIClient) -> None:
    viewer = api_as("viewer")
    assert post(viewer, "tasks/", CHAIN).status_code == 403
    assert post(viewer, "tasks/validate/", CHAIN).status_code == 200
    task = post(api, "tasks/", CHAIN).json()
    assert viewer.get(f"/api/v1/tasks/{task['id']}/").status_code == 200
    assert viewer.put(f"/api/v1/tasks/{task['id']}/", {"state": "aborted"}, format="json").status_code == 403
    assert viewer.post(f"/api/v1/tasks/{task['id']}/trials/").status_code == 403
    assert api_as("nobody").get("/api/v1/trials/").status_code == 403
    assert api_as().get("/api/v1/tasks/").status_code == 401


@pytest.mark.parametrize("body", [b"\xff\xfe", b"", b"[1, 2]", b"{", b"&a [*a, *a]", b"x" * (2 << 20)])
def test_no_document_makes_a_failure_of_ours(api: APIClient, body: bytes) -> None:
    answer = api.post("/api/v1/tasks/", body, content_type=YAML)
    assert answer.status_code in {400, 413}, answer.content


def test_only_documents_are_taken(api: APIClient) -> None:
    assert post(api, "tasks/", CHAIN, "text/html").status_code == 415


@pytest.mark.parametrize(("method", "part"), [("POST", "pause/"), ("POST", "resume/"), ("GET", "stack/")])
def test_a_script_that_no_node_has_taken_cannot_be_steered_or_looked_at(api: APIClient, method: str, part: str) -> None:
    post(api, "tasks/", CHAIN)
    answer = api.generic(method, f"/api/v1/procedures/{Procedure.objects.order_by('id')[0].pk}/{part}")
    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")
    assert "has no node yet" in answer.json()["detail"]
