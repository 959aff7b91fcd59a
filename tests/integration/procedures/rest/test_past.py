"""The history for programs."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from oet.output import STDOUT, Frame, encode_frame
from procedures.models import OutputChunk, Procedure
from procedures.nights import last_lines
from tests.past import record_nights

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

API = "/api/v1"


@pytest.fixture
def nights(db: None) -> list[Procedure]:
    record_nights(1)
    return list(Procedure.objects.order_by("-pk"))


def test_a_program_finds_what_the_pages_find_page_by_page(api: APIClient, nights: list[Procedure]) -> None:
    right = [one.pk for one in nights if one.state == "FAILED"]
    found: list[int] = []
    before: int | None = None
    while True:
        page = api.get(f"{API}/search/?q=state:failed&limit=2{f'&before={before}' if before else ''}").json()
        found += [summary["id"] for summary in page["procedures"]]
        before = page["older"]
        if before is None:
            break
    assert found == right
    assert page["procedures"][-1]["uri"].endswith(f"/api/v1/procedures/{right[-1]}/")


@pytest.mark.parametrize(
    ("address", "field"),
    [
        ("search/?q=state:lost", "q"),
        ("search/?limit=0", "limit"),
        ("search/?words=x", "words"),
        ("outcomes/?since=never", "since"),
        ("days/never/", "day"),
        ("days/0001-01-01/", "day"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_field(api: APIClient, address: str, field: str) -> None:
    answer = api.get(f"{API}/{address}")
    assert answer.status_code == 400
    assert field in answer.json()["errors"]


def test_outcomes_are_counted_by_script(api: APIClient, nights: list[Procedure]) -> None:
    found = {one["script"]: one for one in api.get(f"{API}/outcomes/").json()["scripts"]}
    ran = [one for one in nights if one.script_name == "health_check.py"]
    figures = found["health_check.py"]
    assert figures["runs"] == len(ran) == figures["complete"] + figures["stopped"] + figures["failed"]
    assert figures["usual_s"][0] <= figures["median_s"] <= figures["usual_s"][1]
    assert [one["script"] for one in api.get(f"{API}/outcomes/?script=drift_scan.py").json()["scripts"]] == [
        "drift_scan.py"
    ]


def test_a_day_tells_what_ran_and_who_stopped_what(api: APIClient, nights: list[Procedure]) -> None:
    begin = nights[-1].created_at
    day = api.get(f"{API}/days/{begin:%Y-%m-%d}/").json()
    ids = [one["id"] for one in day["procedures"]]
    assert set(ids) == {one.pk for one in nights if one.created_at.timestamp() < day["end"]}
    stopped = {one["id"] for one in day["procedures"] if one["state"] == "STOPPED"}
    assert stopped
    assert {stop["procedure"] for stop in day["stops"]} == stopped
    assert {stop["who"] for stop in day["stops"]} == {"l.okafor"}
    assert all(one["output_end"] for one in day["procedures"] if one["state"] == "FAILED")


@pytest.mark.parametrize("address", ["search/", "outcomes/", "days/2026-03-17/"])
def test_the_history_needs_the_right_to_see(api_as: Callable[[str], APIClient], address: str) -> None:
    assert api_as("nobody").get(f"{API}/{address}").status_code == 403
    assert api_as("viewer").get(f"{API}/{address}").status_code == 200


def test_the_last_line_of_a_failure_may_have_any_length(nights: list[Procedure]) -> None:
    failed = next(one for one in nights if one.state == "FAILED")
    OutputChunk.objects.filter(procedure=failed).delete()
    size = 1 << 16
    for offset in range(0, 40 * size, size):
        frames = encode_frame(Frame(0, 1.0, STDOUT, offset, 0, b"." * size))
        OutputChunk.objects.create(
            procedure=failed, offset=offset, first_line=0, at=failed.created_at, size=size, lines=0, frames=frames
        )
    with CaptureQueriesContext(connection) as queries:
        (line,) = last_lines(failed.pk)
    assert set(line) == {"."}
    assert len(queries) < 6  # only the end was read
