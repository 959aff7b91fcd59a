"""One OET server, as its clients see it: requests with a token, and every way in which they can fail, in words with a remedy."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import httpx

DEFAULT_URL = "http://127.0.0.1:8000"
_API = "/api/v1/"
_ANSWER_S = 60.0
_CONNECT_S = 10.0
STREAM_SILENCE_S = 40.0
"""A stream says every 15 s that it lives; after this it does not."""


class ClientError(Exception):
    """Something that was asked for was not done; the message says what, why, and what to do."""


class Unreachable(ClientError):
    """The server did not answer, or its answer did not arrive."""


class BadDocument(ClientError):
    """The server found errors in a specification."""

    def __init__(self, errors: Sequence[Mapping[str, Any]]) -> None:
        self.errors = errors
        super().__init__(f"the document has {len(errors)} {'error' if len(errors) == 1 else 'errors'}")


class Server:
    """To be used in a `with` block. `url` is that of the dashboard; every method raises ClientError."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url.rstrip("/").removesuffix(_API.rstrip("/"))
        if not token:
            raise ClientError(
                "log in first: set OET_TOKEN, or give --token. POST /api/v1/auth/token/ gives a token for a username and password."
            )
        if not token.isascii() or not token.isprintable():
            raise ClientError(
                "the token (OET_TOKEN, or --token) has characters that no token has: give it as it was issued."
            )
        try:
            self._http = httpx.Client(
                base_url=self.url + _API,
                headers={"Authorization": f"Token {token}", "Accept": "application/json"},
                timeout=httpx.Timeout(_ANSWER_S, connect=_CONNECT_S),
            )
        except httpx.InvalidURL as error:
            raise ClientError(self._no_address(error)) from error

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str) -> Any:
        """The JSON at an address below `/api/v1/`."""
        return self._ask("GET", path)

    def post_document(self, path: str, document: bytes) -> Any:
        """What the server answers to a specification; raises BadDocument with its errors."""
        return self._ask("POST", path, content=document, headers={"Content-Type": "application/yaml"})

    @contextmanager
    def stream(self, topics: Sequence[str], after: int | None) -> Iterator[Iterator[str]]:
        """The lines of the event stream: after an event, or from now on. Raises Unreachable when the link is lost."""
        headers = {"Accept": "text/event-stream", **({} if after is None else {"Last-Event-ID": str(after)})}
        timeout = httpx.Timeout(STREAM_SILENCE_S, connect=_CONNECT_S)
        with (
            self._in_words(),
            self._http.stream("GET", "stream", params={"topic": topics}, headers=headers, timeout=timeout) as answer,
        ):
            if answer.is_error:
                answer.read()
                raise self._refusal(answer)
            yield answer.iter_lines()

    def _ask(self, method: str, path: str, **wanted: Any) -> Any:
        with self._in_words():
            answer = self._http.request(method, path, **wanted)
            if not answer.is_success:
                raise self._refusal(answer)
            try:
                return answer.json()
            except ValueError as error:
                raise ClientError(self._no_oet(answer)) from error

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        """Say what went wrong on the way to the server, and back."""
        try:
            yield
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise ClientError(self._no_address(error)) from error
        except httpx.ConnectError as error:
            words = f"{self.url} cannot be reached: {error}. Start OET there (make up), or name another server with --url or OET_URL."
            raise Unreachable(words) from error
        except httpx.TimeoutException as error:
            words = f"{self.url} does not answer. Look whether anything was done before you repeat it."
            raise Unreachable(words) from error
        except httpx.HTTPError as error:
            raise Unreachable(f"the link to {self.url} was lost: {error or type(error).__name__}") from error

    def _refusal(self, answer: httpx.Response) -> ClientError:
        """The server's words, and a remedy where it is the client's to find."""
        said = _json_object(answer)
        if said is None:
            return ClientError(self._no_oet(answer))
        if said.get("code") == "invalid_specification":
            return BadDocument(said.get("errors", []))
        detail = str(said.get("detail", "no reason is given")).rstrip(".")
        match answer.status_code:
            case 401:
                detail += ". The token (OET_TOKEN, or --token) is not valid, or has expired: get another"
            case 403:
                detail += ". Ask an administrator for a role that has the right"
            case 503 if wait_s := answer.headers.get("Retry-After"):
                detail += f". Try again in {wait_s} s"
        return ClientError(f"{self.url} refuses: {detail}.")

    def _no_oet(self, answer: httpx.Response) -> str:
        what = f"{answer.status_code} {answer.reason_phrase}".strip()
        return f"{self.url} answers {what} without words of OET: name the address of OET's dashboard with --url or OET_URL."

    def _no_address(self, error: Exception) -> str:
        return f"{self.url!r} is no address ({error}); one is {DEFAULT_URL}. Set OET_URL, or give --url."


def _json_object(answer: httpx.Response) -> dict[str, Any] | None:
    try:
        found = answer.json()
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
