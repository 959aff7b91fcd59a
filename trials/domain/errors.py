"""What can be wrong with a specification or with its templates, as data that people and editors can use."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, NamedTuple


class Code(StrEnum):
    """The kinds of errors in a document."""

    YAML_SYNTAX = "yaml_syntax"
    UNKNOWN_PROPERTY = "unknown_property"
    NOT_SUPPORTED = "not_supported"
    TYPE_MISMATCH = "type_mismatch"
    REQUIRED = "required"
    ILLEGAL_STATE = "illegal_state"
    INVALID_DURATION = "invalid_duration"
    INVALID_VALUE = "invalid_value"
    DUPLICATE_KEY = "duplicate_key"
    TOO_LARGE = "too_large"


class WarningCode(StrEnum):
    """What is legal but hardly meant."""

    UNKNOWN_SCRIPT_KEY = "unknown_script_key"
    WAITS_FOR_ITS_SERVICE = "waits_for_its_service"
    NULL_REMOVES = "null_removes"


class Problem(NamedTuple):
    """One error or warning: where, what, and how to put it right."""

    path: str
    """Keys joined by dots, as in `scripts.test.timeout`; empty for the document as a whole."""
    code: str
    message: str
    hint: str = ""
    line: int | None = None
    """Counted from 1; None where the document has no such line."""

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line else ""
        return f"{where}{self.path or 'document'}: {self.message}" + (f"; {self.hint}" if self.hint else "")

    def as_json(self) -> dict[str, Any]:
        """The form in which REST answers it."""
        return self._asdict()


class SpecError(Exception):
    """The document is no specification. `errors` has everything that is wrong with it, in the order of its lines."""

    def __init__(self, errors: Sequence[Problem]) -> None:
        self.errors = list(errors)
        super().__init__("\n".join(map(str, self.errors)))


class TemplateError(Exception):
    """A variable does not settle, or grows beyond all bounds: the trial cannot be set up."""

    def __init__(self, variable: str, why: str) -> None:
        self.variable = variable
        super().__init__(f"the value of {variable} {why}")
