"""Server-Sent Events, from a real server."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.integration.procedures.feed.conftest import Web, announce
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def messages(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    """The events of a stream; the `id` of each is that of the event."""
    number = ""
    for line in lines:
        name, _, value = line.partition(": ")
        if name == "id":
            number = value
        elif name == "data":
            event = json.loads(value)
            assert str(event["id"]) == number
            yield event


def test_events_come_as_they_happen_and_go_on_after_the_last_that_was_seen(web: Web) -> None:
    announce("old", "old")
    url = f"{web.url}api/v1/stream"
    with httpx.stream("GET", f"{url}?after=0", headers=web.headers, timeout=30) as answer:
        assert answer.headers["content-type"] == "text/event-stream"
        assert answer.headers["cache-control"] == "no-cache"
        coming = messages(answer.iter_lines())
        first, second = next(coming), next(coming)
        announce("new")
        third = next(coming)
    assert [first["topic"], second["topic"], third["topic"]] == ["old", "old", "new"]
    with httpx.stream(
        "GET", f"{url}?after=0", headers={**web.headers, "Last-Event-ID": str(second["id"])}, timeout=30
    ) as answer:
        assert next(messages(answer.iter_lines())) == third


def test_a_stream_can_be_narrowed_to_topics(web: Web) -> None:
    with httpx.stream("GET", f"{web.url}api/v1/stream?topic=b.*,c&after=0", headers=web.headers, timeout=30) as answer:
        announce("a", "b.x", "c")
        coming = messages(answer.iter_lines())
        assert [next(coming)["topic"], next(coming)["topic"]] == ["b.x", "c"]


def test_a_stream_needs_a_login_and_a_query_that_makes_sense(web: Web) -> None:
    assert httpx.get(f"{web.url}api/v1/stream", timeout=30).status_code == 401
    refused = httpx.get(f"{web.url}api/v1/stream?after=x&topics=y", headers=web.headers, timeout=30)
    assert refused.status_code == 400
    assert refused.json()["errors"].keys() == {"after", "topics"}


def test_a_hundred_streams_that_were_left_keep_nothing_open(web: Web) -> None:
    from pathlib import Path

    descriptors = Path(f"/proc/{web.pid}/fd")
    with httpx.stream("GET", f"{web.url}api/v1/stream", headers=web.headers, timeout=30):
        before = len(list(descriptors.iterdir()))
        for _ in range(100):
            with httpx.stream("GET", f"{web.url}api/v1/stream", headers=web.headers, timeout=30) as answer:
                assert next(answer.iter_raw()).startswith(b"retry: 2000")
        wait_until(lambda: len(list(descriptors.iterdir())) <= before + 5, what="the streams to end", timeout_s=30)
    assert "Traceback" not in web.log_file.read_text()
