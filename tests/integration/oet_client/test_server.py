"""oet_client against servers that misbehave: real sockets, and no OET behind them."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from oet_client import following
from oet_client.following import Following
from oet_client.main import main
from oet_client.server import ClientError, Server

Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def serving(*answers: Answer) -> Iterator[str]:
    """A server that answers one request after the other; the last answer again and again."""
    left = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            (left.pop(0) if len(left) > 1 else left[0])(self)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def says(status: int, body: bytes, **headers: str) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(body)

    return answer


def hangs_up(request: BaseHTTPRequestHandler) -> None:
    request.connection.close()


def refused(words: str, code: str) -> bytes:
    return json.dumps({"detail": words, "code": code}).encode()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (says(401, refused("the token is unknown.", "authentication_failed")), "unknown. The token (OET_TOKEN, or --token) is not valid"),
        (says(403, refused("that needs the right to start", "forbidden")), "Ask an administrator for a role that has the right."),
        (says(503, refused("no manager is running", "no_manager"), Retry_After="5"), "no manager is running. Try again in 5 s."),
        (says(404, b"<h1>nothing here</h1>"), "answers 404 Not Found without words of OET"),
        (says(200, b"<h1>another site</h1>"), "answers 200 OK without words of OET"),
        (says(500, b"[1]"), "answers 500 Internal Server Error without words of OET"),
        (hangs_up, "the link to http://127.0.0.1"),
    ],
)  # fmt: skip
def test_every_refusal_is_said_with_its_remedy(answer: Answer, words: str) -> None:
    with serving(answer) as url, Server(url, "token") as server, pytest.raises(ClientError) as refusal:
        server.get("nodes/")
    assert words in str(refusal.value)


@pytest.mark.parametrize(
    ("url", "token", "words"),
    [
        ("http://127.0.0.1:1", "t", "cannot be reached"),
        ("ftp://127.0.0.1", "t", "is no address"),
        ("127.0.0.1:8000", "t", "is no address"),
        ("http://127.0.0.1:x", "t", "is no address"),
        ("http://127.0.0.1:1", "", "log in first: set OET_TOKEN"),
        ("http://127.0.0.1:1", "smørrebrød", "characters that no token has"),
    ],
)
def test_wrong_addresses_and_tokens_are_explained(
    url: str, token: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["trial", "check", __file__, "--url", url, "--token", token]) == 1
    assert words in capsys.readouterr().err


def test_a_file_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trial", "run", "/no/such.yml", "--token", "t"]) == 1
    assert capsys.readouterr().err == "oet: /no/such.yml cannot be read: No such file or directory.\n"


def test_the_link_is_made_again_after_the_last_event_that_was_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "_FIRST_PAUSE_S", 0.01)
    asked: list[str | None] = []

    def stream(text: str) -> Answer:
        def answer(request: BaseHTTPRequestHandler) -> None:
            asked.append(request.headers.get("Last-Event-ID"))
            says(200, text.encode(), Content_Type="text/event-stream")(request)

        return answer

    told: list[str] = []
    event = 'id: 8\ndata: {"id": 8, "topic": "x", "payload": {}}\n\n'
    begin = "retry: 2000\n: from 7\n\n"
    with (
        serving(
            stream(begin), stream(begin + event), hangs_up, stream(": from 8\n\n" + event.replace("8", "9"))
        ) as url,
        Server(url, "token") as server,
    ):
        events = Following(server, ("x",), told.append).events()
        assert [next(events)["id"], next(events)["id"]] == [8, 9]
        events.close()  # type: ignore[attr-defined] # a generator
    assert asked == [None, "7", "8"]
    assert [words.rpartition("; ")[2] for words in told] == ["trying again", "the link is back"]
