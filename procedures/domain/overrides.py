"""Operator overrides: decisions of the operators that scripts read. A site declares them in settings; scripts never set them."""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from procedures.domain.errors import InvalidInput, Refusal
from procedures.domain.json_values import text_fault

TOPIC: Final = "operator."
MAX_TEXT: Final = 1000
_LARGEST: Final = sys.float_info.max
"""Beyond it a whole number is no float; NaN is never below it."""


class Kind(StrEnum):
    """What values an override takes."""

    BOOL = "bool"
    INT = "int"
    FLOAT = "float"
    STR = "str"
    CHOICE = "choice"


_WORDS: Final = {
    Kind.BOOL: "true or false",
    Kind.INT: "a whole number",
    Kind.FLOAT: "a number",
    Kind.STR: f"text of at most {MAX_TEXT} characters",
}


class NoSuchOverride(Refusal):
    """No override of this name is declared."""

    code = "not_found"

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(f"there is no override “{name[:60]}”; there are: {', '.join(known)} (OET_OVERRIDES).")


@dataclass(frozen=True)
class Declaration:
    """One override, as it is declared."""

    name: str
    kind: Kind
    default: Any
    description: str = ""
    choices: tuple[str, ...] = ()

    def value_of(self, value: Any) -> Any:
        """`value`, if it is one that this override takes; raises InvalidInput."""
        is_number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST
        match self.kind:
            case Kind.BOOL if isinstance(value, bool):
                return value
            case Kind.INT if is_number and value == int(value) and abs(value) < 2**53:
                return int(value)
            case Kind.FLOAT if is_number:
                return float(value)
            case Kind.STR if isinstance(value, str) and len(value) <= MAX_TEXT and not text_fault(value):
                return value
            case Kind.CHOICE if value in self.choices:
                return value
        wanted = _WORDS.get(self.kind) or f"one of {', '.join(self.choices)}"
        shown = repr(value)
        raise InvalidInput({"value": f"of {self.name} must be {wanted}, not {shown[:60]}."})

    def topic_of(self, value: Any) -> str:
        """The topic that announces `value`: `operator.wait_for_qa_ready.enable`, or `operator.<name>.set`."""
        if self.kind is Kind.BOOL:
            return f"{TOPIC}{self.name}.{'enable' if value else 'disable'}"
        return f"{TOPIC}{self.name}.set"


class Overrides:
    """Everything that is declared."""

    def __init__(self, declarations: Iterable[Declaration]) -> None:
        self._by_name = {declaration.name: declaration for declaration in declarations}

    def __iter__(self) -> Any:
        return iter(self._by_name.values())

    def get(self, name: str) -> Declaration:
        """The declaration of `name`; raises NoSuchOverride."""
        try:
            return self._by_name[name]
        except KeyError:
            raise NoSuchOverride(name, self._by_name) from None

    def in_force(self, stored: Mapping[str, Any]) -> dict[str, Any]:
        """The value of each: what is stored, or the default where nothing is, or nothing that still fits its declaration."""
        values = {}
        for declaration in self._by_name.values():
            try:
                values[declaration.name] = declaration.value_of(stored.get(declaration.name, declaration.default))
            except InvalidInput:
                values[declaration.name] = declaration.default
        return values

    def from_event(self, topic: str, payload: Mapping[str, Any]) -> tuple[str, Any] | None:
        """Name and value that an operator's event sets; None if it is another event. Raises InvalidInput, NoSuchOverride."""
        if not topic.startswith(TOPIC):
            return None
        name, _, deed = topic.removeprefix(TOPIC).rpartition(".")
        if name not in self._by_name:
            return None
        declaration = self._by_name[name]
        if declaration.kind is Kind.BOOL and deed in {"enable", "disable"}:
            return name, deed == "enable"
        if deed != "set":
            return None
        return name, declaration.value_of(payload.get("value"))
