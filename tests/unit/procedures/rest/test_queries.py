from datetime import UTC, datetime
from typing import Any

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from procedures.domain.errors import InvalidInput
from procedures.domain.states import ProcedureState
from procedures.rest.queries import DEFAULT_PAGE, Query, cut_page, link_header, procedure_filter
from procedures.selectors import ProcedureFilter


def faults(query: str) -> dict[str, list[str]]:
    with pytest.raises(InvalidInput) as refused:
        procedure_filter(QueryDict(query))
    return refused.value.errors


def test_without_a_query_the_newest_procedures_are_meant() -> None:
    assert procedure_filter(QueryDict("")) == (ProcedureFilter(states=[]), DEFAULT_PAGE)


def test_every_filter_is_read() -> None:
    wanted, limit = procedure_filter(
        QueryDict("state=READY,RUNNING&state=FAILED&script=a&q=b&who=c&since=86400&limit=7&before=9")
    )
    states = [ProcedureState.READY, ProcedureState.RUNNING, ProcedureState.FAILED]
    assert wanted == ProcedureFilter(states, "a", "b", "c", datetime(1970, 1, 2, tzinfo=UTC), 9)
    assert limit == 7


def test_all_faults_are_named_at_once() -> None:
    found = faults("state=ready&limit=0&before=x&since=yesterday&sinc=1&q=a%00b")
    assert found.keys() == {"state", "limit", "before", "since", "sinc", "q"}
    assert "“ready” is no state; there are: CREATING" in found["state"][0]
    assert "Did you mean “since”?" in found["sinc"][0]


@pytest.mark.parametrize(
    "text",
    [
        "1767225600",
        "1767225600.0",
        "2026-01-01T00:00:00Z",
        "2026-01-01",
        "2026-01-01T01:00:00+01:00",
        "2026-01-01T01:00:00 01:00",
    ],
)
def test_a_time_is_unix_seconds_or_iso_with_its_plus_escaped_or_not(text: str) -> None:
    parameters = QueryDict(mutable=True)
    parameters["since"] = text
    assert Query(parameters, ("since",)).time("since") == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["nan", "inf", "1e300", "-1e18", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "T", ""]
)
def test_a_time_that_no_calendar_has_is_refused(text: str) -> None:
    parameters = QueryDict(mutable=True)
    parameters["since"] = text
    query = Query(parameters, ("since",))
    assert query.time("since") is None
    assert "must be Unix seconds or ISO 8601" in query.errors["since"]


@pytest.mark.parametrize("text", ["-1", "1.5", "٣", "1e3", " 1", "9" * 40, "9223372036854775808", ""])
def test_an_id_is_a_whole_number_of_64_bits(text: str) -> None:
    parameters = QueryDict(mutable=True)
    parameters["after"] = text
    query = Query(parameters, ("after",))
    assert query.number("after") is None
    assert "must be a whole number from 0 to 9223372036854775807" in query.errors["after"]


def test_before_and_after_cannot_be_combined() -> None:
    assert "cannot be given together with before" in faults("before=1&after=2")["after"][0]


@given(
    st.dictionaries(
        st.sampled_from(["state", "since", "limit", "before", "after", "q", "who", "script", "x"]), st.text(max_size=30)
    )
)
def test_no_query_leads_to_anything_but_a_filter_or_a_refusal(parameters: dict[str, str]) -> None:
    query = QueryDict(mutable=True)
    query.update(parameters)
    try:
        _, limit = procedure_filter(query)
    except InvalidInput:
        return
    assert 1 <= limit <= 500


def test_a_page_keeps_the_end_that_is_next_to_its_cursor() -> None:
    assert cut_page([1, 2, 3], 2, None) == ([2, 3], True)
    assert cut_page([1, 2, 3], 2, 0) == ([1, 2], True)
    assert cut_page([1, 2], 2, None) == ([1, 2], False)


@pytest.mark.parametrize(
    ("query", "has_more", "relations"),
    [
        ("", False, {}),
        ("", True, {"prev": "before=4"}),
        ("before=9", True, {"prev": "before=4", "next": "after=6"}),
        ("before=9", False, {"next": "after=6"}),
        ("after=3", True, {"prev": "before=4", "next": "after=6"}),
        ("after=3", False, {"prev": "before=4"}),
    ],
)
def test_links_lead_to_the_pages_that_there_are(query: str, has_more: bool, relations: dict[str, str]) -> None:
    header = link_header(_request(f"limit=3&{query}"), [4, 5, 6], has_more=has_more).get("Link", "")
    links = {
        relation: address for address, _, relation in (part.partition("; rel=") for part in header.split(", ") if part)
    }
    assert links == {f'"{name}"': f"<http://testserver/x/?limit=3&{cursor}>" for name, cursor in relations.items()}


def test_an_empty_page_has_no_links() -> None:
    assert link_header(_request("before=1"), [], has_more=False) == {}


def _request(query: str) -> Request:
    django: Any = APIRequestFactory().get(f"/x/?{query}")
    return Request(django)
