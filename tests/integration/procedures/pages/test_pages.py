"""The pages as a browser without JavaScript gets them: who sees what, and that nothing inline slips in."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
from django.test import Client

from procedures.domain.arguments import ProcedureInput
from procedures.domain.source import describe_source
from procedures.domain.states import ProcedureState
from procedures.models import Node, Procedure
from procedures.moves import Move
from procedures.recorder import recording
from tests.fixtures.people import Users

AT = datetime(2026, 3, 18, 1, 40, tzinfo=UTC)
LIFE = ["IDLE", "LOADING", "IDLE", "READY", "RUNNING"]
SCRIPT = "def init(subarray_id: int): ...\ndef main(target: str, scans: int = 3): ...\ndef wave(): ...\n"

ClientAs = Callable[[str], Client]


@pytest.fixture
def client_as(users: Users) -> ClientAs:
    def client(role: str) -> Client:
        made = Client()
        made.force_login(getattr(users, role))
        return made

    return client


def procedure(*states: str, cause: str = "", stacktrace: str = "", name: str = "observe_sb.py") -> Procedure:
    made = Procedure(
        script_type="filesystem",
        script_uri=f"file:///srv/imaging/{name}",
        script_name=name,
        script_path=f"/srv/imaging/{name}",
        state_at=AT,
        node="test-node",
        resources=["telescope"],
        functions=describe_source(SCRIPT).functions,
        created_by="t.mokoena",
        created_at=AT,
    )
    with recording() as record:
        record.create(made, {"init": ProcedureInput((), {"subarray_id": 1})})
        for number, state in enumerate(states, 1):
            is_last = number == len(states)
            move = Move(
                ProcedureState(state),
                AT + timedelta(seconds=number),
                cause=cause if is_last else "",
                who="l.okafor" if state == "RUNNING" else "",
                function="main" if state == "RUNNING" else "",
                stacktrace=stacktrace if is_last else "",
            )
            record.move(made.pk, move)
    made.refresh_from_db()
    return made


@pytest.fixture
def life(db: None) -> dict[str, Procedure]:
    """One procedure in each list, and a manager."""
    now = datetime.now(UTC)
    Node.objects.create(name="test-node", heartbeat_at=now + timedelta(minutes=5), started_at=now)
    return {
        "failed": procedure(*LIFE, "FAILED", cause="ValueError: no <b>", stacktrace="Traceback …\nValueError: no <b>"),
        "running": procedure(*LIFE),
        "ready": procedure(*LIFE[:4]),
    }


def body(client: Client, address: str, status: int = 200) -> str:
    response = client.get(address)
    assert response.status_code == status, response.content.decode()
    return response.content.decode()


class InlineCode(HTMLParser):
    """Finds what the content policy forbids."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.found += [f"<{tag} {name}>" for name in given if name == "style" or name.startswith("on")]
        is_data = given.get("type") == "application/json"
        if tag == "style" or (tag == "script" and "src" not in given and not is_data):
            self.found.append(f"<{tag}>")


ADDRESSES = [
    "/",
    "/history/",
    "/history/2026-03-17/",
    "/prepare/",
    "/prepare/?paste=1",
    "/stop/",
    "/login/",
    "/procedures/999999/",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_page_has_inline_script_or_style(client_as: ClientAs, life: dict[str, Procedure], address: str) -> None:
    checker = InlineCode()
    for client in (client_as("operator"), Client()):
        checker.feed(client.get(address, follow=True).content.decode())
    assert checker.found == []


@pytest.mark.parametrize("which", ["failed", "running", "ready"])
@pytest.mark.parametrize("address", ["/procedures/{}/", "/procedures/{}/stop/"])
def test_no_page_of_a_procedure_has_inline_script_or_style(
    client_as: ClientAs, life: dict[str, Procedure], address: str, which: str
) -> None:
    checker = InlineCode()
    checker.feed(body(client_as("operator"), address.format(life[which].pk)))
    assert checker.found == []


def test_the_checker_of_inline_code_finds_it() -> None:
    checker = InlineCode()
    checker.feed(
        '<p style="x"></p><a onclick="y"></a><script>z</script><style></style><script type="application/json"></script>'
    )
    assert checker.found == ["<p style>", "<a onclick>", "<script>", "<style>"]


def test_pages_may_load_nothing_but_what_this_site_serves(client_as: ClientAs) -> None:
    policy = client_as("operator").get("/").headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe-inline" not in policy
    assert "unsafe-inline" not in client_as("admin").get("/admin/").headers["Content-Security-Policy"]


@pytest.mark.parametrize("address", ["/", "/prepare/", "/procedures/1/", "/stop/", "/procedures/1/stop/"])
def test_whoever_is_not_logged_in_is_sent_to_the_door_and_back(db: None, address: str) -> None:
    response = Client().get(address)
    assert response.status_code == 302
    assert response.headers["Location"] == f"/login/?next={address}"


def test_a_wrong_password_is_said_and_the_name_kept(users: Users) -> None:
    page = Client().post("/login/", {"username": "operator", "password": "wrong"}).content.decode()
    assert "Name and password do not match." in page
    assert 'value="operator"' in page


def test_after_logging_in_one_is_where_one_wanted_to_go(users: Users) -> None:
    response = Client().post(
        "/login/?next=/prepare/", {"username": "operator", "password": users.password, "next": "/prepare/"}
    )
    assert response.headers["Location"] == "/prepare/"


def test_nobody_is_sent_to_another_site_after_logging_in(users: Users) -> None:
    form = {"username": "operator", "password": users.password, "next": "https://elsewhere.example/"}
    assert Client().post("/login/", form).headers["Location"] == "/"


def test_logging_out_ends_the_session(client_as: ClientAs) -> None:
    client = client_as("operator")
    assert "You are logged out" in client.post("/logout/", follow=True).content.decode()
    assert client.get("/").status_code == 302


def test_now_shows_every_list(client_as: ClientAs, life: dict[str, Procedure]) -> None:
    page = body(client_as("operator"), "/")
    assert "RUNNING main" in page
    assert "1 ready, 0 on the way" in page
    assert "ValueError: no &lt;b&gt;" in page
    assert f'data-cursor="{life["ready"].events.latest("id").pk}"' in page


def test_an_operator_gets_the_buttons(client_as: ClientAs, life: dict[str, Procedure]) -> None:
    page = body(client_as("operator"), "/")
    assert f'action="/procedures/{life["ready"].pk}/start/"' in page
    assert f'href="/procedures/{life["running"].pk}/stop/?how=kill"' in page
    assert "data-stop-all" in page


@pytest.mark.parametrize("address", ["/", "/procedures/{}/"])
@pytest.mark.parametrize("which", ["running", "ready"])
def test_a_viewer_sees_no_way_to_change_anything(
    client_as: ClientAs, life: dict[str, Procedure], address: str, which: str
) -> None:
    page = body(client_as("viewer"), address.format(life[which].pk))
    assert "observe_sb.py" in page
    assert set(re.findall(r'<form[^>]*method="post"[^>]*action="([^"]*)"', page)) == {"/logout/", "/theme/"}
    assert not re.search(r"data-stop|/stop/|/start/|/prepare/", page)


@pytest.mark.parametrize("address", ["/prepare/", "/stop/", "/procedures/{}/stop/"])
def test_a_viewer_is_refused_in_words(client_as: ClientAs, life: dict[str, Procedure], address: str) -> None:
    page = body(client_as("viewer"), address.format(life["running"].pk), 403)
    assert "viewer may not" in page
    assert "procedures." in page


def test_a_viewer_cannot_post_either(client_as: ClientAs, life: dict[str, Procedure]) -> None:
    for address in ("/prepare/", f"/procedures/{life['ready'].pk}/start/", f"/procedures/{life['running'].pk}/stop/"):
        assert client_as("viewer").post(address).status_code == 403


def test_whoever_has_no_role_sees_nothing_and_is_told_why(client_as: ClientAs, life: dict[str, Procedure]) -> None:
    page = body(client_as("nobody"), "/", 403)
    assert "nobody may not see procedures" in page
    assert "observe_sb.py" not in page


def test_a_form_without_its_token_is_refused(users: Users, life: dict[str, Procedure]) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(users.operator)
    assert client.post(f"/procedures/{life['running'].pk}/stop/").status_code == 403


def test_a_procedure_that_does_not_exist_is_said_to(client_as: ClientAs) -> None:
    assert "there is no procedure 999999" in body(client_as("operator"), "/procedures/999999/", 404)


def test_a_failure_shows_its_cause_and_its_stack_trace(client_as: ClientAs, life: dict[str, Procedure]) -> None:
    page = body(client_as("viewer"), f"/procedures/{life['failed'].pk}/")
    assert "<strong>FAILED</strong>: ValueError: no &lt;b&gt;" in page
    assert "Traceback …\nValueError: no &lt;b&gt;</pre>" in page


def test_a_ready_procedure_offers_its_functions_but_not_init(client_as: ClientAs, life: dict[str, Procedure]) -> None:
    page = body(client_as("operator"), f"/procedures/{life['ready'].pk}/")
    assert re.findall(r'id="start-(\w+)"', page) == ["main", "wave"]
    assert 'name="main.target"' in page


def test_a_missing_manager_is_said_at_once(client_as: ClientAs, life: dict[str, Procedure]) -> None:
    assert "No process manager is running" not in body(client_as("viewer"), "/")
    Node.objects.update(heartbeat_at=AT)
    assert "No process manager is running, last heard of at 01:40:00 UTC" in body(client_as("viewer"), "/")


def test_a_first_start_says_what_to_do(client_as: ClientAs) -> None:
    assert "Nothing runs yet" in body(client_as("operator"), "/")


def test_the_number_of_queries_does_not_grow_with_the_lists(
    client_as: ClientAs, life: dict[str, Procedure], django_assert_max_num_queries: Callable[..., object]
) -> None:
    for _ in range(10):
        procedure(*LIFE[:4])
        procedure(*LIFE, "FAILED", cause="no")
    client = client_as("operator")
    with django_assert_max_num_queries(21):  # type: ignore[attr-defined] # a context manager
        client.get("/")


def test_the_theme_is_written_by_the_server_from_a_cookie(client_as: ClientAs) -> None:
    client = client_as("viewer")
    response = client.post("/theme/", {"theme": "night"}, headers={"Referer": "http://testserver/prepare/"})
    assert response.headers["Location"] == "http://testserver/prepare/"
    assert '<html lang="en" data-theme="night">' in body(client, "/")
    client.cookies["oet_theme"] = '"><script>'
    assert '<html lang="en">' in body(client, "/")
    assert client.post("/theme/", {"theme": "pink"}).status_code == 400


@pytest.mark.django_db
def test_an_address_that_leads_nowhere_still_shows_what_runs_and_how_to_stop_it(client_as: ClientAs) -> None:
    answer = client_as("operator").get("/nosuch/<b>/")
    page = answer.content.decode()
    assert answer.status_code == 404
    assert "there is nothing at /nosuch/&lt;b&gt;/" in page
    assert "data-link" in page
    assert 'href="/stop/' in page
    assert Client().get("/nosuch/").status_code == 404
    assert client_as("operator").get("/nosuch/", headers={"accept": "application/json"}).json()["code"] == "not_found"
