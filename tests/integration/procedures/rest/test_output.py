"""Output of procedures, as text and as frames."""

import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from django.http import StreamingHttpResponse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from oet.output import STDERR, STDOUT, Frame, encode_frame
from procedures.models import OutputChunk, Procedure
from procedures.output import Gap, read_output, tail_offset
from procedures.rest import output as view
from tests.integration.procedures.rest.conftest import MakeProcedure

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]

Piece = tuple[int, bytes]
MISSING = 0
"""Stands for a stream in a piece that was left out."""


def store(procedure: Procedure, *chunks: Sequence[Piece], compress: bool = False) -> None:
    """Store what was printed; a piece of no stream is left out."""
    offset = line = 0
    for chunk in chunks:
        frames, first = [], None
        for stream, text in chunk:
            if stream != MISSING:
                first = first or (offset, line)
                frames.append(encode_frame(Frame(0, 1000.0 + offset, stream, offset, line, text)))
            offset, line = offset + len(text), line + text.count(b"\n")
        if first:
            data = b"".join(frames)
            OutputChunk.objects.create(
                procedure=procedure,
                offset=first[0],
                first_line=first[1],
                at=datetime.now(UTC),
                size=offset - first[0],
                lines=line - first[1],
                is_compressed=compress,
                frames=zlib.compress(data) if compress else data,
            )
    Procedure.objects.filter(pk=procedure.pk).update(output_bytes=offset, output_lines=line)


@pytest.fixture
def procedure(make_procedure: MakeProcedure) -> Procedure:
    return make_procedure()


def get(api: APIClient, procedure: Procedure, **query: Any) -> Any:
    answer = api.get(f"/api/v1/procedures/{procedure.pk}/output/", query)
    assert answer.status_code == 200, answer.content
    return answer


def text_of(answer: Any) -> bytes:
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    assert isinstance(content, bytes)
    return content


@pytest.mark.parametrize("compress", [False, True])
def test_text_is_byte_for_byte_what_was_printed(api: APIClient, procedure: Procedure, compress: bool) -> None:
    store(procedure, [(STDOUT, b"one\ntw"), (STDERR, b"\xff\0oops\n")], [(STDOUT, b"o\nthree")], compress=compress)
    answer = get(api, procedure)
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert text_of(answer) == b"one\ntw\xff\0oops\no\nthree"
    assert text_of(get(api, procedure, stream="stdout")) == b"one\ntwo\nthree"
    assert text_of(get(api, procedure, stream="stderr")) == b"\xff\0oops\n"


def test_a_procedure_that_printed_nothing_has_empty_output(api: APIClient, procedure: Procedure) -> None:
    assert text_of(get(api, procedure)) == b""
    page = get(api, procedure, format="frames").json()
    assert page == {"offset": 0, "next_offset": 0, "total_bytes": 0, "lines_total": 0, "frames": []}


def test_offset_and_limit_count_bytes(api: APIClient, procedure: Procedure) -> None:
    store(procedure, [(STDOUT, b"0123")], [(STDOUT, b"4567"), (STDERR, b"89")])
    assert text_of(get(api, procedure, offset=2, limit=5)) == b"23456"
    assert text_of(get(api, procedure, offset=8)) == b"89"
    assert text_of(get(api, procedure, offset=100)) == b""


@pytest.mark.parametrize(
    ("tail", "query", "text"),
    [
        (1, {}, b"four"),
        (2, {}, b"three\nfour"),
        (3, {}, b"two\nthree\nfour"),
        (99, {}, b"one\ntwo\nthree\nfour"),
        (1, {"stream": "stderr"}, b"three\n"),
        (1, {"stream": "stdout"}, b"four"),
    ],
)
def test_tail_is_the_last_lines(
    api: APIClient, procedure: Procedure, tail: int, query: dict[str, str], text: bytes
) -> None:
    store(
        procedure, [(STDOUT, b"one\ntw"), (STDOUT, b"o\n")], [(STDERR, b"three\n"), (STDOUT, b"fo")], [(STDOUT, b"ur")]
    )
    assert text_of(get(api, procedure, tail=tail, **query)) == text


def test_what_was_left_out_is_named_with_its_size(api: APIClient, procedure: Procedure) -> None:
    store(procedure, [(STDOUT, b"head\n")], [(MISSING, b"lost\n" * 3)], [(STDOUT, b"tail\n")])
    words = "[OET: 15 bytes (3 lines) of output were not kept]"
    assert text_of(get(api, procedure)) == f"head\n\n{words}\ntail\n".encode()
    frames = get(api, procedure, format="frames").json()["frames"]
    assert frames[1] == {"offset": 5, "line": 1, "time": None, "stream": "gap", "text": words, "bytes": 15, "lines": 3}
    assert text_of(get(api, procedure, offset=10)).startswith(b"\n[OET: 10 bytes")


def test_a_lost_beginning_is_named_too(procedure: Procedure) -> None:
    store(procedure, [(MISSING, b"lost\n")], [(STDOUT, b"x")])
    assert next(iter(read_output(procedure.pk))) == Gap(0, 0, 5, 1)


def test_frames_carry_time_line_and_stream(api: APIClient, procedure: Procedure) -> None:
    store(procedure, [(STDOUT, b"a\nb\n"), (STDERR, b"c\n")])
    page = get(api, procedure, format="frames").json()
    assert page["frames"] == [
        {"offset": 0, "line": 0, "time": 1000.0, "stream": "stdout", "text": "a\nb\n"},
        {"offset": 4, "line": 2, "time": 1004.0, "stream": "stderr", "text": "c\n"},
    ]
    assert (page["next_offset"], page["total_bytes"], page["lines_total"]) == (6, 6, 3)
    only = get(api, procedure, format="frames", stream="stderr").json()
    assert ([frame["text"] for frame in only["frames"]], only["next_offset"]) == (["c\n"], 6)


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 1000])
def test_pages_of_frames_join_to_the_text_with_no_character_broken(
    api: APIClient, procedure: Procedure, limit: int
) -> None:
    text = "añ€😀\n" * 3
    data = text.encode()
    store(procedure, [(STDOUT, data[:6]), (STDOUT, data[6:7])], [(STDOUT, data[7:])])
    if limit < len("😀".encode()):
        limit = len("😀".encode())  # a page must hold a character
    joined, offset = "", 0
    while offset < len(data):
        page = get(api, procedure, format="frames", offset=offset, limit=limit).json()
        assert page["next_offset"] > offset
        joined += "".join(frame["text"] for frame in page["frames"])
        offset = page["next_offset"]
    assert joined == text


def test_half_a_character_at_the_end_does_not_keep_readers_waiting(api: APIClient, procedure: Procedure) -> None:
    store(procedure, [(STDOUT, b"ok\xe2\x82")])
    first = get(api, procedure, format="frames").json()
    assert (first["frames"][0]["text"], first["next_offset"]) == ("ok", 2)
    last = get(api, procedure, format="frames", offset=2).json()
    assert (last["frames"][0]["text"], last["next_offset"]) == ("\ufffd", 4)


def test_a_download_is_named_after_its_procedure(api: APIClient, procedure: Procedure) -> None:
    assert (
        get(api, procedure, download=1).headers["Content-Disposition"]
        == f'attachment; filename="procedure-{procedure.pk}-output.txt"'
    )


def test_long_output_is_sent_piece_by_piece(
    api: APIClient, procedure: Procedure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view, "BLOCK_BYTES", 10)
    store(procedure, *[[(STDOUT, b"%07d\n" % number)] for number in range(10)])
    answer = get(api, procedure)
    assert isinstance(answer, StreamingHttpResponse)
    assert answer.is_async


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("format=html", "format"),
        ("offset=-1", "offset"),
        ("limit=0", "limit"),
        ("format=frames&limit=1048577", "limit"),
        ("stream=stdin", "stream"),
        ("tail=0", "tail"),
        ("tail=3&offset=3", "tail"),
        ("download=maybe", "download"),
        ("ofset=1", "ofset"),
    ],
)
def test_a_query_that_makes_no_sense_is_refused(api: APIClient, procedure: Procedure, query: str, field: str) -> None:
    answer = api.get(f"/api/v1/procedures/{procedure.pk}/output/?{query}")
    assert answer.status_code == 400
    assert field in answer.json()["errors"]


PIECES = st.lists(
    st.lists(st.tuples(st.sampled_from([STDOUT, STDERR]), st.binary(min_size=1, max_size=6)), min_size=1, max_size=4),
    max_size=5,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(chunks=PIECES, offset=st.integers(0, 60), lines=st.integers(1, 8))
def test_every_part_can_be_read_from_every_place(
    procedure: Procedure, chunks: list[list[Piece]], offset: int, lines: int
) -> None:
    OutputChunk.objects.all().delete()
    store(procedure, *chunks)
    text = b"".join(text for chunk in chunks for _, text in chunk)
    read = [part for part in read_output(procedure.pk, offset) if isinstance(part, Frame)]
    assert b"".join(part.text for part in read) == text[offset:]
    assert all(part.line == text[: part.offset].count(b"\n") for part in read)
    split = text.removesuffix(b"\n").split(b"\n") if text else []
    expected = b"\n".join(split[-lines:]) + (b"\n" if text.endswith(b"\n") else b"")
    assert text[tail_offset(procedure.pk, lines) :] == expected
