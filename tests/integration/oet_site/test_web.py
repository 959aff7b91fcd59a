"""`manage.py web` alone, over real sockets."""

import contextlib
import json
import re
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from oet_site.configuration import MIB
from tests.home import clean_environment
from tests.product import PROJECT_DIR
from tests.waiting import wait_until

SOFT_LIMIT = 200
"""Descriptors that the server is started with; it has to raise that itself."""
CLIENTS = 400


class Web:
    """A running web server."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process = process
        self.url = url
        self.address = ("127.0.0.1", httpx.URL(url).port or 0)

    @property
    def peak_memory_bytes(self) -> int:
        """The most it ever had resident."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) * 1024


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    home = tmp_path_factory.mktemp("web")
    environment = {**clean_environment(), "OET_HOME": str(home), "OET_PORT": "0", "OET_BODY_LIMIT": str(MIB)}
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    process = subprocess.Popen(
        ["prlimit", f"--nofile={SOFT_LIMIT}:{hard}", sys.executable, "manage.py", "web"],
        cwd=PROJECT_DIR,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield Web(process, process.stdout.readline().partition("listening: ")[2].strip())
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        process.stdout.close()


def answer_of(connection: socket.socket) -> tuple[int, Any]:
    """Status and JSON of the answer on a raw connection."""
    connection.settimeout(20)
    received = b""
    while not received.endswith(b"}"):
        piece = connection.recv(65536)
        if not piece:
            break
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


def test_a_body_that_is_announced_as_too_large_is_refused_before_it_is_sent(web: Web) -> None:
    with socket.create_connection(web.address) as connection:
        connection.sendall(b"POST /api/v1/procedures/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 52428800\r\n\r\n")
        status, answer = answer_of(connection)
    assert status == httpx.codes.REQUEST_ENTITY_TOO_LARGE
    assert answer["code"] == "too_large"
    assert "at most 1048576 are allowed (OET_BODY_LIMIT)" in answer["detail"]


def test_a_body_of_unknown_length_is_refused_as_soon_as_it_is_too_large(web: Web) -> None:
    head = b"POST /api/v1/procedures/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    with socket.create_connection(web.address) as connection:
        connection.sendall(head + chunk * 17)
        status, answer = answer_of(connection)
    assert (status, answer["code"]) == (httpx.codes.REQUEST_ENTITY_TOO_LARGE, "too_large")


def test_a_client_that_sends_everything_first_gets_its_answer_and_takes_no_memory(web: Web) -> None:
    before = web.peak_memory_bytes
    refused = httpx.post(f"{web.url}api/v1/procedures/", content=b"x" * (50 * MIB), timeout=60)
    assert refused.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE
    assert web.peak_memory_bytes - before < 10 * MIB


def test_a_body_within_the_limit_reaches_the_application(web: Web) -> None:
    answer = httpx.post(f"{web.url}api/v1/procedures/", content=b"x" * MIB, timeout=60)
    assert answer.status_code != httpx.codes.REQUEST_ENTITY_TOO_LARGE
    assert answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR


def test_styles_of_the_administration_are_served_without_collecting_them_first(web: Web) -> None:
    answer = httpx.get(f"{web.url}static/admin/css/base.css", timeout=20)
    assert answer.status_code == httpx.codes.OK
    assert answer.headers["content-type"].startswith("text/css")


def test_many_clients_stay_connected_at_once(web: Web) -> None:
    with contextlib.ExitStack() as clients:
        for _ in range(CLIENTS):
            clients.enter_context(socket.create_connection(web.address, timeout=20))
        assert httpx.get(f"{web.url}static/admin/css/base.css", timeout=20).status_code == httpx.codes.OK
        descriptors = Path(f"/proc/{web.process.pid}/fd")
        wait_until(lambda: len(list(descriptors.iterdir())) >= CLIENTS, what=f"{CLIENTS} connections")


def test_a_large_file_reaches_a_client_that_reads_slowly_whole(web: Web) -> None:
    path = "static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js"
    expected = httpx.get(f"{web.url}{path}", timeout=20, headers={"Accept-Encoding": "identity"}).content
    assert len(expected) > MIB
    with socket.create_connection(web.address) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32768)
        connection.settimeout(20)
        connection.sendall(f"GET /{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        received = bytearray()
        while piece := connection.recv(8192):
            received += piece
    assert bytes(received).partition(b"\r\n\r\n")[2] == expected


def test_a_chunked_body_is_read(web: Web) -> None:
    def chunks() -> Iterator[bytes]:
        yield b'{"username": "nobody",'
        yield b' "password": "x"}'

    answer = httpx.post(f"{web.url}api/v1/auth/token/", content=chunks(), timeout=20)
    assert "transfer-encoding" in answer.request.headers
    assert answer.json()["code"] != "invalid"
