"""Bodies of requests: documents in YAML or JSON, handed on as the text they are, and what is asked about them."""

from collections.abc import Mapping, Sequence
from typing import IO, Any

from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from procedures.domain.errors import InvalidInput
from procedures.rest.parsing import JSON, MalformedBody, Negotiation, bounded_body
from procedures.rest.requests import json_object, unknown_fields
from trials.domain.rehearsal import Fate
from trials.domain.specification import TaskSpec

YAML = "application/yaml"
_DOCUMENTS = (YAML, "application/x-yaml", "text/yaml", "text/x-yaml", JSON)
_MAX_TIME_S = 1e9


class DocumentParser(BaseParser):
    """The text of a specification; what is wrong with it is for the specification's own rules to say."""

    media_type = YAML

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The body as text; raises MalformedBody, BodyTooLarge."""
        try:
            return bounded_body(stream).decode()
        except UnicodeDecodeError as error:
            raise MalformedBody(f"the body is not UTF-8: byte {error.start} cannot be read.") from error


class DocumentNegotiation(Negotiation):
    """Takes YAML as well as JSON, of which it is a part."""

    def select_parser(self, request: Request, parsers: Sequence[BaseParser]) -> BaseParser:  # type: ignore[override] # DRF's stub is untyped here
        """The parser of documents."""
        given = (request.content_type or YAML).partition(";")[0].strip().lower()
        if given not in _DOCUMENTS:
            wanted = f"send YAML or JSON, with Content-Type: {YAML} or {JSON}."
            raise UnsupportedMediaType(given, f"the body is “{given[:100]}”; {wanted}")
        return parsers[0]


def document_of(body: Any) -> str:
    """The text of a document; a request without a body has an empty one."""
    return body if isinstance(body, str) else ""


def state_wanted(body: Any) -> None:
    """Check the body of a PUT; raises InvalidInput unless it asks for an abort."""
    data = json_object(body)
    errors = unknown_fields(data, ("state",))
    if data.get("state") != "aborted":
        errors["state"] = 'must be "aborted": nothing else can be asked for.'
    if errors:
        raise InvalidInput(errors)


def only_not_passed(body: Any) -> bool:
    """Whether a retry leaves out what has passed; raises InvalidInput."""
    if body is None or body == {}:
        return False
    data = json_object(body)
    errors = unknown_fields(data, ("only_not_passed",))
    wanted = data.get("only_not_passed", False)
    if not isinstance(wanted, bool):
        errors["only_not_passed"] = "must be true or false."
    if errors:
        raise InvalidInput(errors)
    return bool(wanted)


def rehearsal_wanted(data: Mapping[str, Any], spec: TaskSpec) -> dict[str, Any]:
    """The keyword arguments of a rehearsal; raises InvalidInput."""
    errors: dict[str, str | list[str]] = {}
    fates = {key: _fate(f"fates.{key}", fate, errors) for key, fate in _map(data, "fates", errors).items()}
    durations = {key: _seconds(f"durations.{key}", s, errors) for key, s in _map(data, "durations", errors).items()}
    for name, keys in (("fates", fates), ("durations", durations)):
        if unknown := [key for key in keys if key not in spec.scripts]:
            errors[f"{name}.{unknown[0]}"[:200]] = "there is no such script in this task."
    abort_at = data.get("abort_at")
    abort_at_s = None if abort_at is None else _seconds("abort_at", abort_at, errors)
    if errors:
        raise InvalidInput(errors)
    return {"fates": fates, "durations_s": durations, "abort_at_s": abort_at_s}


def _map(data: Mapping[str, Any], name: str, errors: dict[str, str | list[str]]) -> Mapping[str, Any]:
    value = data.get(name)
    if value is None or isinstance(value, Mapping):
        return value or {}
    errors[name] = "must be an object: script keys and what becomes of them."
    return {}


def _fate(name: str, value: Any, errors: dict[str, str | list[str]]) -> Fate:
    if isinstance(value, str) and value in set(Fate):
        return Fate(value)
    errors[name[:200]] = f"must be one of: {', '.join(Fate)}."
    return Fate.PASSES


def _seconds(name: str, value: Any, errors: dict[str, str | list[str]]) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _MAX_TIME_S:
        return float(value)
    errors[name[:200]] = f"must be seconds: a number from 0 to {_MAX_TIME_S:g}."
    return 0.0
