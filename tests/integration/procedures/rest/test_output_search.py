"""Lines of output: found by number, by text and as errors."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from oet.output import STDERR, STDOUT
from procedures import output_search
from procedures.domain.lines import text_finder
from procedures.models import OutputChunk, Procedure
from procedures.output import line_offset
from procedures.output_search import Search, search_back, search_forward
from tests.integration.procedures.rest.conftest import MakeProcedure
from tests.integration.procedures.rest.test_output import MISSING, get, store

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


@pytest.fixture
def procedure(make_procedure: MakeProcedure) -> Procedure:
    return make_procedure()


def ask(api: APIClient, procedure: Procedure, status: int = 200, **query: Any) -> Any:
    answer = api.get(f"/api/v1/procedures/{procedure.pk}/output/search/", query)
    assert answer.status_code == status, answer.content
    return answer.json()


def lines(answer: Any) -> list[int]:
    return [hit["line"] for hit in answer["hits"]]


TEXTS = st.text(alphabet="ab\n", min_size=1, max_size=8).map(str.encode)
CHUNKS = st.lists(st.lists(st.tuples(st.just(STDOUT), TEXTS), min_size=1, max_size=4), max_size=6)


@given(CHUNKS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
def test_every_line_is_found_by_its_number(procedure: Procedure, chunks: list[list[tuple[int, bytes]]]) -> None:
    OutputChunk.objects.all().delete()
    store(procedure, *chunks)
    text = b"".join(piece for chunk in chunks for _, piece in chunk)
    offset = 0
    for number, line in enumerate(text.split(b"\n"), start=1):
        assert line_offset(procedure.pk, number) == offset
        offset += len(line) + 1


def test_a_line_that_was_not_kept_leads_to_where_output_goes_on(procedure: Procedure) -> None:
    store(procedure, [(STDOUT, b"head\n")], [(MISSING, b"lost\n" * 3)], [(STDOUT, b"tail\nend\n")])
    assert [line_offset(procedure.pk, line) for line in (1, 2, 3, 4, 5, 6)] == [0, 5, 5, 5, 20, 25]


def test_output_begins_at_a_line(api: APIClient, procedure: Procedure) -> None:
    store(procedure, [(STDOUT, b"one\ntw")], [(STDOUT, b"o\nthree\n")])
    assert get(api, procedure, line=2).content == b"two\nthree\n"
    assert get(api, procedure, line=99).content == b""
    refused = api.get(f"/api/v1/procedures/{procedure.pk}/output/", {"line": 1, "offset": 1})
    assert refused.status_code == 400


def test_a_text_is_found_forwards_and_backwards_across_chunks(api: APIClient, procedure: Procedure) -> None:
    store(procedure, [(STDOUT, b"dish 1\nno\ndi")], [(STDOUT, b"SH 2\n"), (STDERR, b"dish 3\n")], [(STDOUT, b"no\n")])
    assert lines(ask(api, procedure, q="dish")) == [1, 3, 4]
    assert lines(ask(api, procedure, q="dish", after=1, limit=1)) == [3]
    assert lines(ask(api, procedure, q="dish", before=4, limit=1)) == [3]
    assert lines(ask(api, procedure, q="dish", before=99, limit=1)) == [4]
    assert lines(ask(api, procedure, q="dish", stream="stderr")) == [4]
    assert lines(ask(api, procedure, q="dish", before=1)) == []
    hit = ask(api, procedure, q="dish", limit=1)["hits"][0]
    assert hit == {"offset": 0, "line": 1, "time": 1000.0, "stream": "stdout", "text": "dish 1"}


def test_errors_are_found_and_what_is_beyond_the_limit_is_counted(api: APIClient, procedure: Procedure) -> None:
    store(procedure, [(STDOUT, b"ERROR a\nfine\nERROR b\nERROR c\n")])
    answer = ask(api, procedure, errors=1, limit=1, count=1)
    assert (lines(answer), answer["count"], answer["is_complete"]) == ([1], 3, True)


def test_one_answer_searches_only_so_much_and_the_next_goes_on_there(
    procedure: Procedure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output_search, "SCAN_BYTES", 10)
    text = b"".join(b"line %d\n" % number for number in range(50))
    store(procedure, *[[(STDOUT, text[at : at + 7])] for at in range(0, len(text), 7)])
    search = Search(text_finder("line"), limit=1000)
    answer = search_forward(procedure.pk, search)
    found, requests = [hit.line for hit in answer.hits], 1
    while not answer.is_complete:
        answer = search_forward(procedure.pk, search, answer.next_offset)
        found += [hit.line for hit in answer.hits]
        requests += 1
    assert found == list(range(1, 51))
    assert requests > 10
    rare = Search(text_finder("line 7"))
    place, requests = len(text), 0
    while not (answer := search_back(procedure.pk, rare, place)).hits:
        assert not answer.is_complete
        assert answer.next_offset < place
        place, requests = answer.next_offset, requests + 1
    assert [hit.line for hit in answer.hits] == [8]
    assert requests > 10


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"q": "a\nb"}, "q"),
        ({"q": "a", "errors": "1"}, "errors"),
        ({"after": 1, "before": 2}, "before"),
        ({"x": 1}, "x"),
    ],
)
def test_a_search_that_makes_no_sense_is_refused(
    api: APIClient, procedure: Procedure, query: dict[str, Any], field: str
) -> None:
    assert field in ask(api, procedure, 400, **query)["errors"]


def test_what_nobody_may_see_is_not_searched(api_as: Any, procedure: Procedure) -> None:
    assert api_as("nobody").get(f"/api/v1/procedures/{procedure.pk}/output/search/").status_code == 403
