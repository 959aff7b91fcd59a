"""The list of procedures: what it shows, filters, searches and costs."""

from datetime import timedelta

import pytest
from django.contrib.admin import site
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from procedures.admin.changelist import KeysetChangeList
from procedures.admin.procedure import ProcedureAdmin
from procedures.domain.states import ProcedureState
from procedures.models import Procedure
from tests.integration.procedures.admin.conftest import START, MakeProcedure, listed, words

LIST = "/admin/procedures/procedure/"


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three rows a page, and searches that look through five rows at a time."""
    monkeypatch.setattr(ProcedureAdmin, "list_per_page", 3)
    monkeypatch.setattr(KeysetChangeList, "window", 5)


def test_row_tells_state_script_arguments_who_when_how_long_and_why(
    staff: Client, make_procedure: MakeProcedure
) -> None:
    procedure = make_procedure(
        state="FAILED", cause="TimeoutError: no answer", kwargs={"subarray_id": 3, "target": "Cen A"}
    )
    text = words(staff.get(LIST))
    row = f"#{procedure.pk} FAILED observe.py subarray_id=3, target=&quot;Cen A&quot; operator 2026-03-18 01:00:00 1:25 TimeoutError:"
    assert row in text


@pytest.mark.parametrize("state", list(ProcedureState))
def test_state_has_a_glyph_and_a_word(staff: Client, make_procedure: MakeProcedure, state: ProcedureState) -> None:
    make_procedure(state=state.value)
    page = staff.get(LIST).content.decode()
    assert f'data-state="{state}"' in page
    assert f"glyphs.svg#{state}" in page


def test_every_state_has_a_glyph_in_the_sprite() -> None:
    from django.contrib.staticfiles import finders

    path = finders.find("admin_oet/glyphs.svg")
    assert isinstance(path, str)
    with open(path) as sprite:  # noqa: PTH123 - a test
        text = sprite.read()
    assert [state for state in ProcedureState if f'id="{state}"' not in text] == []


def test_script_and_cause_cannot_bring_markup(staff: Client, make_procedure: MakeProcedure) -> None:
    make_procedure(script_name="<script>alert(1)</script>", cause="<img src=x>", kwargs={"a": "<b>"})
    page = staff.get(LIST).content.decode()
    assert "<script>alert" not in page
    assert "<img src=x>" not in page
    assert "=&quot;&lt;b&gt;" in page


def test_long_arguments_and_causes_are_cut(staff: Client, make_procedure: MakeProcedure) -> None:
    make_procedure(cause="c" * 5000, kwargs={"targets": ["x" * 5000]})
    page = staff.get(LIST).content.decode()
    assert "c" * 160 + "…" in page
    assert "c" * 161 not in page
    assert "x" * 400 not in page


@pytest.mark.usefixtures("small_pages")
def test_pages_lead_from_the_newest_to_the_oldest_and_back(staff: Client, make_procedure: MakeProcedure) -> None:
    keys = [make_procedure().pk for _ in range(8)][::-1]
    response = staff.get(LIST)
    seen = [listed(response)]
    while older := response.context["cl"].older_url:
        response = staff.get(LIST + older)
        seen.append(listed(response))
    assert seen == [keys[:3], keys[3:6], keys[6:]]
    response = staff.get(LIST + response.context["cl"].newer_url)
    assert listed(response) == keys[3:6]
    response = staff.get(LIST + response.context["cl"].newer_url)
    assert listed(response) == keys[:3]
    assert response.context["cl"].newer_url == ""


@pytest.mark.usefixtures("small_pages")
def test_pages_keep_the_filter(staff: Client, make_procedure: MakeProcedure) -> None:
    failed = [make_procedure(state="FAILED" if number % 2 else "COMPLETE").pk for number in range(8)][::-1][::2]
    response = staff.get(LIST, {"state": "FAILED"})
    assert listed(response) == failed[:3]
    assert listed(staff.get(LIST + response.context["cl"].older_url)) == failed[3:]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"state": "FAILED"}, ["failed"]),
        ({"state": "live"}, ["live"]),
        ({"script": "other.py"}, ["other"]),
        ({"who": "engineer"}, ["engineer"]),
        ({"since": "2026-03-20"}, ["late"]),
        ({"until": "2026-03-10"}, ["early"]),
        ({"since": "2026-03-20", "until": "2026-03-20"}, ["late"]),
        ({"since": "2027-01-01"}, []),
        ({"since": "2026-03-20", "state": "FAILED"}, []),
        ({"q": "engineer"}, ["engineer"]),
        ({"q": "quench"}, ["failed"]),
        ({"q": "QUENCH magnet"}, ["failed"]),
        ({"state": "FAILED", "who": "operator"}, ["failed"]),
        ({"state": "live", "script": "observe.py"}, ["live"]),
        ({"state": "live", "script": "other.py"}, []),
        ({"state": "COMPLETE", "script": "other.py", "who": "operator", "q": "main"}, ["other"]),
        ({"q": "quench other"}, []),
        ({"q": "quench", "state": "FAILED"}, ["failed"]),
        ({"q": "other"}, ["other"]),
    ],
)
@pytest.mark.both_databases
def test_filters_and_search_leave_what_they_say(
    staff: Client, make_procedure: MakeProcedure, parameters: dict[str, str], expected: list[str]
) -> None:
    made = {
        "failed": make_procedure(state="FAILED", cause="the magnet had a quench").pk,
        "live": make_procedure(state="READY", finished_at=None, cause="").pk,
        "other": make_procedure(script_name="other.py", script_uri="file:///srv/scripts/other.py").pk,
        "engineer": make_procedure(created_by="engineer").pk,
        "late": make_procedure(at=START + timedelta(days=2)).pk,
        "early": make_procedure(at=START - timedelta(days=8)).pk,
    }
    assert listed(staff.get(LIST, parameters)) == [made[name] for name in expected]


@pytest.mark.parametrize("form", ["{}", "#{}", " {} "])
def test_number_finds_the_procedure(staff: Client, make_procedure: MakeProcedure, form: str) -> None:
    wanted, _ = make_procedure(), make_procedure()
    assert listed(staff.get(LIST, {"q": form.format(wanted.pk)})) == [wanted.pk]


@pytest.mark.usefixtures("small_pages")
def test_search_looks_through_a_bounded_number_of_rows_and_goes_on_where_it_ended(
    staff: Client, make_procedure: MakeProcedure
) -> None:
    rare = make_procedure(cause="quench").pk
    for _ in range(11):
        make_procedure()
    response = staff.get(LIST, {"q": "quench"})
    assert listed(response) == []
    assert "Looked through 5 rows" in words(response)
    pages = 1
    while not listed(response):
        response = staff.get(LIST + response.context["cl"].older_url)
        pages += 1
    assert (listed(response), pages) == ([rare], 3)
    assert response.context["cl"].older_url == ""
    assert "Looked through" not in words(response)


@pytest.mark.usefixtures("small_pages")
def test_rare_value_leads_through_the_table_whatever_else_is_wanted(
    staff: Client, make_procedure: MakeProcedure
) -> None:
    rare = make_procedure(created_by="guest").pk
    for _ in range(11):
        make_procedure()
    response = staff.get(LIST, {"state": "COMPLETE", "who": "guest", "script": "observe.py"})
    assert listed(response) == [rare]
    assert response.context["cl"].older_url == ""


@pytest.mark.usefixtures("small_pages")
def test_window_of_a_search_counts_only_rows_that_the_filters_leave(
    staff: Client, make_procedure: MakeProcedure
) -> None:
    rare = make_procedure(cause="quench", state="FAILED").pk
    for _ in range(11):
        make_procedure()
    assert listed(staff.get(LIST, {"q": "quench", "state": "FAILED"})) == [rare]


@pytest.mark.parametrize(
    "parameters",
    [
        {"before": "x"}, {"before": "-1"}, {"before": "9" * 30}, {"before": "5", "after": "5"}, {"state": "DANCING"},
        {"since": "yesterday"},
        {"until": "9999-12-31"}, {"since": "0000-00-00"}, {"script": "\0"}, {"who": "\0"},
    ],
)  # fmt: skip
def test_address_that_makes_no_sense_leads_back_to_the_list(
    staff: Client, make_procedure: MakeProcedure, parameters: dict[str, str]
) -> None:
    make_procedure()
    for address in (LIST, f"{LIST}export.csv"):
        response = staff.get(address, parameters)
        assert (response.status_code, response["Location"]) == (302, f"{LIST}?e=1")


@pytest.mark.parametrize("text", ["9" * 40, "\0", "%", "_", "'", "\\", "é" * 3000, "a " * 500])
@pytest.mark.both_databases
def test_no_search_is_an_error(staff: Client, make_procedure: MakeProcedure, text: str) -> None:
    make_procedure()
    assert staff.get(LIST, {"q": text}).status_code == 200


@pytest.mark.parametrize(
    "lookup", ["script_body__contains", "cause", "created_by__startswith", "abort_of__cause", "id__gt"]
)
def test_columns_without_a_filter_cannot_be_searched_by_address(staff: Client, lookup: str) -> None:
    assert staff.get(LIST, {lookup: "x"}).status_code == 400


def test_ordering_by_address_is_ignored(staff: Client, make_procedure: MakeProcedure) -> None:
    keys = [make_procedure(cause=cause).pk for cause in "bca"]
    assert listed(staff.get(LIST, {"o": "8"})) == keys[::-1]


def test_filters_offer_the_values_of_the_latest_rows_and_the_one_that_is_chosen(
    staff: Client, make_procedure: MakeProcedure
) -> None:
    make_procedure(script_name="often.py")
    make_procedure(script_name="often.py")
    make_procedure(script_name="seldom.py")
    spec = next(
        spec for spec in staff.get(LIST, {"script": "gone.py"}).context["cl"].filter_specs if spec.title == "script"
    )
    assert [words for words, _ in spec.offers()] == ["All", "often.py", "seldom.py", "gone.py"]


@pytest.mark.parametrize(
    "address", [LIST, f"{LIST}?state=COMPLETE&who=operator", f"{LIST}?q=main", f"{LIST}?since=2026-03-01"]
)
def test_number_of_queries_does_not_depend_on_the_number_of_rows(
    staff: Client, make_procedure: MakeProcedure, address: str
) -> None:
    counts = []
    for _ in range(2):
        for _ in range(5):
            make_procedure()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert staff.get(address).status_code == 200
        counts.append(len(queries))
        texts = [query["sql"].lower() for query in queries]
        assert [text for text in texts if ("count(" in text and "limit" not in text) or "distinct" in text] == []
        assert [text for text in texts if '"script_body"' in text or '"functions"' in text] == []
    assert counts[0] == counts[1] <= 11


@pytest.mark.parametrize(
    "parameters",
    [
        {}, {"state": "FAILED"}, {"state": "UNKNOWN"}, {"script": "a.py"}, {"who": "x"}, {"since": "2026-03-18", "until": "2026-03-18"},
        {"before": "5"}, {"state": "FAILED", "before": "5"}, {"q": "x"}, {"q": "x", "who": "x"}, {"state": "FAILED", "who": "x"},
        {"state": "FAILED", "script": "a.py", "who": "x", "q": "x"},
    ],
)  # fmt: skip
def test_list_is_read_along_an_index_in_its_order(
    staff: Client, make_procedure: MakeProcedure, parameters: dict[str, str]
) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("the plan is that of SQLite")
    make_procedure()
    with CaptureQueriesContext(connection) as queries:
        staff.get(LIST, parameters)
    (listing,) = [query["sql"] for query in queries if "cause_start" in query["sql"]]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {listing}")
        plan = [row[3] for row in cursor.fetchall()]
    assert "USE TEMP B-TREE FOR ORDER BY" not in plan


def test_admin_of_every_table_of_history_pages_by_key() -> None:
    admins = [registered for model, registered in site._registry.items() if model._meta.app_label == "procedures"]
    assert [type(a).__name__ for a in admins if a.ordering != ("-pk",) or a.show_full_result_count] == []
    assert Procedure in site._registry
