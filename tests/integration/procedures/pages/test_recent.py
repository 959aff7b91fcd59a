"""What has ended, narrowed; and how long scripts usually take: on both databases, and with few questions however many there are."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from procedures.domain.people import Actor, Right
from procedures.models import ArgCapture, Procedure
from procedures.pages.recent import RecentFilter, find_recent
from procedures.usual import ScriptKey, usual_durations
from tests.fixtures.people import Users

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

AT = datetime(2026, 3, 18, 1, 40, tzinfo=UTC)
ANN = Actor("ann", frozenset({Right.VIEW}))


def ended(name: str = "observe.py", state: str = "COMPLETE", took_s: float = 60.0, **columns: Any) -> int:
    given = {
        "script_type": "filesystem",
        "script_uri": f"file:///srv/imaging/{name}",
        "script_name": name,
        "state": state,
        "state_at": AT,
        "created_at": AT,
        "started_at": AT,
        "finished_at": AT + timedelta(seconds=took_s),
        "created_by": "t.mokoena",
        "node": "a",
    }
    return int(Procedure.objects.create(**given | columns).pk)


def found(**query: str) -> list[int]:
    rows, _ = find_recent(ANN, RecentFilter.of(query))
    return [row.id for row in rows]


@pytest.fixture
def night() -> dict[str, int]:
    ids = {
        "complete": ended(),
        "failed": ended("raster.py", "FAILED", cause="ValueError: band 5 is not there"),
        "stopped": ended("raster.py", "STOPPED", created_by="l.okafor", created_at=AT + timedelta(days=1)),
        "unknown": ended("raster.py", "UNKNOWN", finished_at=None),
        "running": ended("raster.py", "RUNNING", finished_at=None),
    }
    ArgCapture.objects.create(procedure_id=ids["complete"], function="main", kwargs={"target": "Fornax A"}, at=AT)
    return ids


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, ["complete", "failed", "stopped"]),
        ({"q": "imaging RASTER"}, ["failed", "stopped"]),
        ({"q": "fornax"}, ["complete"]),
        ({"q": "band 5"}, ["failed"]),
        ({"script": "raster", "by": "okafor"}, ["stopped"]),
        ({"state": "FAILED"}, ["failed"]),
        ({"state": "UNKNOWN"}, ["unknown"]),
        ({"since": "2026-03-19"}, ["stopped"]),
        ({"until": "2026-03-18"}, ["complete", "failed"]),
        ({"since": "2026-03-18", "until": "2026-03-18", "by": "mokoena", "q": "value"}, ["failed"]),
        ({"q": "nothing like that"}, []),
        ({"since": "yesterday", "state": "BAD", "rows": "7", "q": "\0"}, ["complete", "failed", "stopped"]),
    ],
)
def test_each_way_to_narrow_finds_what_it_says(night: dict[str, int], query: dict[str, str], names: list[str]) -> None:
    assert found(**query) == [night[name] for name in names]


def test_a_number_finds_its_procedure(night: dict[str, int]) -> None:
    assert night["failed"] in found(q=f"#{night['failed']}")


def test_the_address_of_a_narrowed_list_says_the_same_again(night: dict[str, int]) -> None:
    wanted = RecentFilter.of({"q": "a b", "state": "FAILED", "since": "2026-03-18"})
    assert wanted.address(250) == "q=a+b&since=2026-03-18&state=FAILED&rows=250"
    assert (wanted.is_set, wanted.longer, RecentFilter.of({"rows": "1000"}).longer) == (True, 250, None)


def test_a_script_of_ours_gets_only_what_was_found(night: dict[str, int], users: Users) -> None:
    client = Client()
    client.force_login(users.viewer)
    answer = client.get("/?state=FAILED", headers={"Accept": "application/json"}).json()
    assert [record["id"] for record in answer["records"]] == [night["failed"]]
    assert answer["more"] == ""
    page = client.get("/?since=nonsense").content.decode()
    assert 'value="nonsense"' in page
    assert 'aria-invalid="true"' in page


def test_more_rows_are_offered_where_there_are_more(users: Users) -> None:
    for _ in range(27):
        ended()
    client = Client()
    client.force_login(users.viewer)
    assert 'href="?rows=250"' in client.get("/").content.decode()
    assert client.get("/?rows=250", headers={"Accept": "application/json"}).json()["more"] == ""


def test_usual_is_what_the_same_script_took_where_it_completed() -> None:
    for took_s in (10, 20, 30):
        ended(took_s=took_s)
    ended(took_s=1000, state="FAILED")
    ended(took_s=2000, script_uri="file:///srv/elsewhere/observe.py")
    ended(took_s=3000, script_options={"git_args": {"git_repo": "https://example.org/a"}})
    keys = [
        ScriptKey("observe.py", "file:///srv/imaging/observe.py", ""),
        ScriptKey("observe.py", "file:///srv/imaging/observe.py", "https://example.org/a"),
        ScriptKey("observe.py", "file:///srv/never/observe.py", ""),
    ]
    usual = usual_durations(keys)
    assert [(usual[key].runs, usual[key].median_s) for key in keys] == [(3, 20.0), (1, 3000.0), (0, 0.0)]


def test_usual_asks_once_for_each_name(django_assert_num_queries: Callable[..., Any]) -> None:
    keys = [ScriptKey(f"s{n % 3}.py", f"file:///{n}", "") for n in range(30)]
    with django_assert_num_queries(3):
        usual_durations(keys)


def test_what_is_usual_of_many_runs_is_remembered_and_of_a_few_it_is_not(
    django_assert_num_queries: Callable[..., Any],
) -> None:
    keys = [ScriptKey("observe.py", "file:///srv/imaging/observe.py", ""), ScriptKey("new.py", "file:///new.py", "")]
    for _ in range(6):
        ended(took_s=20)
    first = usual_durations(keys)
    with django_assert_num_queries(1):
        assert usual_durations(keys) == first
    assert first[keys[0]].runs == 6


def test_a_page_asks_for_what_no_event_told(users: Users) -> None:
    ended(took_s=40)
    asked = ended(state="RUNNING", finished_at=None)
    client = Client()
    client.force_login(users.viewer)
    answer = client.get(f"/usual/?id={asked}&id=999999&id=x").json()
    assert answer == {
        str(asked): {"usual_runs": 1, "usual_s": 40.0, "usual_low_s": 40.0, "usual_high_s": 40.0, "commit": ""}
    }
