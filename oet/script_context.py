"""What a script may know about itself: `oet.context`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


class Overrides(Mapping[str, Any]):
    """Decisions of the operators by name, kept current while the script runs. Scripts read them and never set them."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = dict(values)

    def __getitem__(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            known = ", ".join(sorted(self._values)) or "none"
            raise KeyError(f"there is no override {name!r}; there are: {known}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Overrides({self._values!r})"

    def learn(self, name: str, value: Any) -> None:
        """An operator has decided."""
        self._values = {**self._values, name: value}


class ScriptContext:
    """Which procedure this is, of which script, for whom. Outside of OET it is mostly empty.

    A script function that has a parameter named `context` gets this.
    """

    def __init__(self, known: Mapping[str, Any] | None = None) -> None:
        """`known` is `context` of spec.json."""
        known = known or {}
        self.procedure_id: int | None = known.get("procedure_id")
        self.script_type: str = known.get("script_type", "")
        self.script_uri: str = known.get("script_uri", "")
        self.git_repo: str = known.get("git_repo", "")
        self.git_commit: str = known.get("git_commit", "")
        """In full; empty unless the script comes from git."""
        self.prepared_by: str = known.get("prepared_by", "")
        self.started_by: str = ""
        """Who started the function that runs; empty during `init`."""
        self.function: str = ""
        """The function that runs."""
        self.subarray_id: Any = None
        """The latest `subarray_id` that a function was called with."""
        self.node: str = known.get("node", "")
        self.overrides = Overrides(known.get("overrides") or {})

    def __repr__(self) -> str:
        return f"ScriptContext(procedure_id={self.procedure_id}, script_uri={self.script_uri!r}, function={self.function!r})"
