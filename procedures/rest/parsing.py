"""JSON in and out, strictly: what is ambiguous, too deep or no JSON is refused with its place."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, Any, NoReturn

from django.conf import settings
from rest_framework import status
from rest_framework.exceptions import APIException, NotAcceptable, UnsupportedMediaType
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from procedures.json_text import compact_json

MAX_DEPTH = 100
JSON = "application/json"


class MalformedBody(APIException):
    """The body is no JSON, or none that has one meaning."""

    status_code = status.HTTP_400_BAD_REQUEST
    default_code = "malformed"


class BodyTooLarge(APIException):
    """The body has more bytes than OET_BODY_LIMIT."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"

    def __init__(self) -> None:
        super().__init__(f"the body has more than {settings.OET.body_limit} bytes; OET reads no more (OET_BODY_LIMIT).")


def bounded_body(stream: IO[Any]) -> bytes:
    """The body of a request; raises BodyTooLarge above OET_BODY_LIMIT bytes."""
    body: bytes = stream.read(settings.OET.body_limit + 1)
    if len(body) > settings.OET.body_limit:
        raise BodyTooLarge
    return body


class StrictJSONParser(BaseParser):
    """Parses a JSON body of at most OET_BODY_LIMIT bytes."""

    media_type = JSON

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The value that the body is; raises MalformedBody, BodyTooLarge."""
        return json_from_bytes(bounded_body(stream))


class JSONRenderer(BaseRenderer):
    """Renders what views return as JSON in UTF-8."""

    media_type = JSON
    format = "json"
    charset = None

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        """`data` as JSON; nothing where there is nothing to say."""
        return b"" if data is None else compact_json(data).encode()


class Negotiation(BaseContentNegotiation):
    """JSON in and JSON out. A view that answers with something else says so in `media_types`."""

    def select_parser(self, request: Request, parsers: Sequence[BaseParser]) -> BaseParser:  # type: ignore[override] # DRF's stub is untyped here
        """The JSON parser; a body without Content-Type counts as JSON."""
        given = (request.content_type or JSON).partition(";")[0].strip().lower()
        if given != JSON:
            raise UnsupportedMediaType(given, f"the body is “{given[:100]}”; send JSON, with Content-Type: {JSON}.")
        return parsers[0]

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """The JSON renderer, if the client takes what the view gives; raises NotAcceptable."""
        view = (request.parser_context or {}).get("view")
        offered = getattr(view, "media_types", (JSON,))
        accepted = request.META.get("HTTP_ACCEPT", "*/*")
        if not any(_accepts(accepted, media_type) for media_type in offered):
            raise NotAcceptable(f"this address answers with {' or '.join(offered)}, not with “{accepted[:100]}”.")
        return next(iter(renderers)), JSON


def json_from_bytes(body: bytes) -> Any:
    """The JSON value that `body` is; raises MalformedBody with line and column."""
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise MalformedBody(f"the body is not UTF-8: byte {error.start} cannot be read.") from error
    try:
        value = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        raise MalformedBody(f"the body is not JSON: line {error.lineno}, column {error.colno}: {error.msg}.") from error
    except RecursionError as error:
        raise MalformedBody(_TOO_DEEP) from error
    except ValueError as error:  # an integer with more digits than Python converts
        raise MalformedBody(f"the body has a number that cannot be read: {error}.") from error
    if text.count("[") + text.count("{") > MAX_DEPTH and _is_deep(value):
        raise MalformedBody(_TOO_DEEP)
    return value


_TOO_DEEP = f"the body is nested more than {MAX_DEPTH} levels deep."


def _no_constant(name: str) -> NoReturn:
    raise MalformedBody(f"the body is not JSON: {name} is no number that JSON has.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in found if keys.count(key) > 1)
        raise MalformedBody(
            f"the body has the key “{twice[:100]}” twice in one object, so it is not clear what is meant."
        )
    return found


def _is_deep(value: Any) -> bool:
    """Whether `value` is nested deeper than MAX_DEPTH; level by level, without the recursion that it protects from."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(MAX_DEPTH):
        children = [child for item in level for child in (item.values() if isinstance(item, dict) else item)]
        level = [child for child in children if isinstance(child, dict | list)]
    return bool(level)


def _accepts(accept: str, media_type: str) -> bool:
    wanted = {part.partition(";")[0].strip().lower() for part in accept.split(",")}
    return bool(wanted & {"*/*", "*", "", media_type, media_type.partition("/")[0] + "/*"})
