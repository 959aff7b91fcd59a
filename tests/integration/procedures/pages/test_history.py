"""History without a browser: what is found, the night, the figures, and the report of a day."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client

from procedures.models import Procedure
from tests.fixtures.people import Users
from tests.past import record_nights

pytestmark = pytest.mark.both_databases

ClientAs = Callable[[str], Client]


@pytest.fixture
def client_as(users: Users) -> ClientAs:
    def client(role: str) -> Client:
        made = Client()
        made.force_login(getattr(users, role))
        return made

    return client


@pytest.fixture
def nights(db: None) -> list[Procedure]:
    """Last night and this one, and of each the procedures."""
    record_nights(1)
    return list(Procedure.objects.order_by("pk"))


@pytest.fixture
def yesterday(nights: list[Procedure]) -> str:
    return f"{nights[0].started_at:%Y-%m-%d}"


def body(client: Client, address: str, status: int = 200) -> str:
    response = client.get(address)
    assert response.status_code == status, response.content.decode()
    return response.content.decode()


def listed(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'<tr data-procedure="(\d+)"', page)]


class Bars(HTMLParser):
    """The links of the timeline."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.links: list[tuple[str, str]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if given.get("class") == "bar-link":
            self.links.append((given["href"] or "", given["aria-label"] or ""))


def test_everything_can_be_walked_through_newest_first(client_as: ClientAs, nights: list[Procedure]) -> None:
    client, address, seen = client_as("viewer"), "/history/", []
    while True:
        page = body(client, address)
        seen += listed(page)
        older = re.search(r'<a href="([^"]*)" rel="next">Older', page)
        if not older:
            break
        address = older[1].replace("&amp;", "&")
    assert seen == [one.pk for one in nights][::-1]


def test_a_search_is_in_the_address(client_as: ClientAs, nights: list[Procedure]) -> None:
    page = body(client_as("viewer"), "/history/?q=state:failed+dish")
    failed = [one.pk for one in nights if one.state == "FAILED" and "dish" in one.cause]
    assert failed
    assert listed(page) == failed[::-1]
    assert 'value="state:failed dish"' in page
    assert re.search(r'<a href="/history/\?q=dish\+state%3Afailed%2Cstopped"><svg[^>]*><use href="#g-STOPPED"/>', page)


def test_what_cannot_be_understood_is_said(client_as: ClientAs, nights: list[Procedure]) -> None:
    page = body(client_as("viewer"), "/history/?q=state:lost")
    assert "Not understood, and left out: state: there is no state LOST" in page
    assert len(listed(page)) == 30


@pytest.mark.parametrize(
    "address", ["/history/?before=x", "/history/?night=never", "/history/?night=0001-01-01", "/history/9999-12-31/"]
)
def test_an_address_that_makes_no_sense_is_refused_in_words(client_as: ClientAs, address: str) -> None:
    assert "must be" in body(client_as("viewer"), address, 400)


def test_a_nul_and_a_long_search_are_no_fault(client_as: ClientAs) -> None:
    body(client_as("viewer"), "/history/?q=%00")
    body(client_as("viewer"), f"/history/?q={'x' * 5000}")


def test_an_empty_history_says_so(client_as: ClientAs) -> None:
    page = body(client_as("viewer"), "/history/")
    assert "Nothing has run yet." in page
    assert "Nothing ran in this night." in page
    assert "Nothing failed." in body(client_as("viewer"), "/history/2026-03-17/")


def test_the_night_shows_each_procedure_of_it_as_a_bar_that_leads_there(
    client_as: ClientAs, nights: list[Procedure], yesterday: str
) -> None:
    links = Bars(body(client_as("viewer"), f"/history/?night={yesterday}")).links
    end = datetime.fromisoformat(f"{yesterday}T12:00+00:00") + timedelta(days=1)
    of_the_night = [one for one in nights if one.created_at < end]
    assert {href for href, _ in links} == {f"/procedures/{one.pk}/" for one in of_the_night}
    words = dict(links)[f"/procedures/{nights[0].pk}/"]
    assert re.fullmatch(rf"{nights[0].script_name} #\d+, [A-Z]+, subarray \d, \d\d:\d\d to \d\d:\d\d, .+", words)


def test_the_sky_stands_above_the_night_where_the_site_is_known(
    client_as: ClientAs, nights: list[Procedure], yesterday: str, settings: Any
) -> None:
    address = f"/history/?night={yesterday}"
    assert "dark time" not in body(client_as("viewer"), address)
    settings.OET = settings.OET.model_copy(update={"latitude": 0.0, "longitude": 0.0})
    page = body(client_as("viewer"), address)
    assert re.search(r'aria-label="Sky: .*dark \d\d:\d\d to \d\d:\d\d', page)
    assert re.search(r'<span class="narrow">dark \d\d:\d\d to \d\d:\d\d</span>', page), "on a phone, below it"
    of_dark = re.search(r"busy for [^<]+ and (\d+) % of the dark time", page)
    assert of_dark
    assert f"and {of_dark[1]} % of the dark time" in body(client_as("viewer"), f"/history/{yesterday}/")


def test_figures_tell_how_long_and_how_each_script_ended(client_as: ClientAs, nights: list[Procedure]) -> None:
    page = body(client_as("viewer"), "/history/")
    ran = [one for one in nights if one.script_name == "health_check.py"]
    complete = sum(one.state == "COMPLETE" for one in ran)
    assert re.search(rf"{len(ran)} runs, \d:\d\d", page)
    row = re.search(r'health_check\.py</a></th><td class="shares">.*?</tr>', page, re.DOTALL)
    assert row
    assert f'<td class="num right">{complete}</td>' in row[0]


def test_the_report_names_what_ran_what_failed_and_who_stopped_what(
    client_as: ClientAs, nights: list[Procedure], yesterday: str
) -> None:
    page = body(client_as("viewer"), f"/history/{yesterday}/")
    of_the_night = [one for one in nights if one.created_at.date().isoformat() == yesterday]
    for one in of_the_night:
        assert f'href="/procedures/{one.pk}/"' in page
    failed = next(one for one in of_the_night if one.state == "FAILED" and "dish 007" not in one.cause)
    assert failed.cause in page
    assert f"ERROR {failed.cause}" in page, "the last line that it printed"
    assert any(one.state == "STOPPED" for one in of_the_night)
    assert "stopped, grace 5 s" in page
    assert "l.okafor" in page


def test_the_number_of_queries_does_not_grow_with_the_night(
    client_as: ClientAs, nights: list[Procedure], yesterday: str, django_assert_max_num_queries: Callable[..., object]
) -> None:
    client = client_as("viewer")
    with django_assert_max_num_queries(28):  # type: ignore[attr-defined] # a context manager
        client.get(f"/history/?night={yesterday}")


def test_whoever_has_no_role_sees_nothing(client_as: ClientAs) -> None:
    assert "nobody may not see procedures" in body(client_as("nobody"), "/history/", 403)
    assert "nobody may not see procedures" in body(client_as("nobody"), "/history/2026-03-17/", 403)


def test_times_of_a_search_are_links(client_as: ClientAs, nights: list[Procedure]) -> None:
    page = body(client_as("viewer"), "/history/?q=observe")
    spans = dict(re.findall(r'<a href="(/history/\?q=observe[^"]*)"[^>]*>(Tonight|3 nights|90 days|Ever)</a>', page))
    assert sorted(spans.values()) == ["3 nights", "90 days", "Ever", "Tonight"]
    since = re.search(r"since%3A([0-9T%A-]+)", next(url for url, words in spans.items() if words == "90 days"))
    assert since
    at = datetime.fromisoformat(since[1].replace("%3A", ":")).replace(tzinfo=UTC)
    assert timedelta(days=88) < datetime.now(UTC) - at < timedelta(days=91)
