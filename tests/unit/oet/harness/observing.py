"""The four actions of the acceptance table, a script made of them, and a look at what it did."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pytest

from oet import harness
from oet.harness import Action, Context, ListSink, Script

Behaviour = Callable[[Context], Any]
GROUPS = {"one": ["am"], "two": ["pm"], "three": ["am"], "four": ["pm"]}


class Night:
    """A script of the actions one, two, three (disabled) and four; each appends its name to `calls`, then behaves as told."""

    def __init__(
        self,
        behaviours: Mapping[str, Behaviour] | None = None,
        args: Sequence[str] = (),
        template: harness.ConfigTemplate | None = None,
        *,
        grouped: bool = False,
        **options: Any,
    ) -> None:
        self.calls: list[str] = []
        self.behaviours = dict(behaviours or {})
        self.sink = ListSink()
        sinks: Iterable[Any] = [self.sink, *options.pop("sinks", ())]
        actions = [self._action(name, grouped=grouped) for name in ("one", "two", "three", "four")]
        self.script = Script(
            actions, template, options.pop("name", "root"), cmdln_args=list(args), sinks=sinks, **options
        )

    def _action(self, name: str, *, grouped: bool) -> Action:
        def function(context: Context) -> Any:
            self.calls.append(name)
            behave = self.behaviours.get(name)
            return behave(context) if behave else None

        return Action(name, GROUPS[name] if grouped else (), function, enabled=grouped or name != "three")

    def listen(self, label: str, phase: str, action_names: Any = None, behaviour: Behaviour | None = None) -> None:
        """Add a listener that appends `label` to the calls, then behaves as told."""

        def listener(context: Context) -> None:
            self.calls.append(label)
            if behaviour:
                behaviour(context)

        self.script.add_listener(listener, phase, action_names)

    def run(self) -> list[str]:
        """Run it, and return who was called."""
        self.script.run()
        return self.calls

    def run_into(self, error: type[BaseException]) -> list[str]:
        """Run it into an exception, and return who was called."""
        with pytest.raises(error):
            self.script.run()
        return self.calls

    def history(self, name: str) -> dict[str, Any]:
        history: dict[str, Any] = self.script.actions[name].history
        return history

    def told(self) -> list[str]:
        """The events in brief: "phase pre_action one", "action_started one"."""
        return [
            " ".join(filter(None, [e.type, e.phase if e.type == "phase" else "", e.action])) for e in self.sink.events
        ]

    def event(self, kind: str) -> harness.Event:
        """The latest event of that type."""
        return next(e for e in reversed(self.sink.events) if e.type == kind)


def raising(error: BaseException | type[BaseException]) -> Behaviour:
    """A behaviour that raises."""

    def behave(_context: Context) -> None:
        raise error

    return behave
