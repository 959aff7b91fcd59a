"""The functions that OET calls, `init` and `main`, made from a Script."""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING, Any, Callable, Literal

from oet.harness import logs
from oet.harness.errors import ScriptHarnessError
from oet.harness.selection import Selection
from oet.harness.status import SKIPPED, Status

if TYPE_CHECKING:
    from oet.harness.run import Run
    from oet.harness.script import Script
    from oet.harness.template import Variable

_SELECTORS = ("actions", "add_actions", "skip_actions", "action_group")
_WORDS = """{what}

    actions, add_actions, skip_actions: names in a list, or with commas between them; action_group: one name.
    Actions: {actions}. Groups: {groups}.
    Everything else is a value for a variable of the configuration."""


def entry_points(
    script: Script, *, fail_on_error: bool = False
) -> tuple[Callable[..., None], Callable[..., dict[str, str]]]:
    """Make `init`, which applies a selection and configuration, and `main`, which does the same and runs.

    `main` returns `{action: status name or "SKIPPED"}`; with `fail_on_error` it raises ScriptHarnessError if an action failed.
    """

    def init(
        actions: Any = None,
        add_actions: Any = None,
        skip_actions: Any = None,
        action_group: Any = None,
        **configuration: Any,
    ) -> None:
        logs.ensure_logging()
        script.configure(Selection(actions, add_actions, skip_actions, action_group), configuration)

    def main(
        actions: Any = None,
        add_actions: Any = None,
        skip_actions: Any = None,
        action_group: Any = None,
        **configuration: Any,
    ) -> dict[str, str]:
        logs.ensure_logging()
        script.configure(Selection(actions, add_actions, skip_actions, action_group), configuration)
        run = script.carry_out()
        if fail_on_error:
            _refuse_errors(script, run)
        return {action.name: _status_name(run.statuses.get(action.name)) for action in script.actions}

    module = sys._getframe(1).f_globals.get("__name__", __name__)
    for function, what in ((init, "Prepare the script; runs nothing."), (main, "Run the actions that are enabled.")):
        _describe(function, script, module, what)
    return init, main


def _refuse_errors(script: Script, run: Run) -> None:
    failed = [name for name, status in run.statuses.items() if status is Status.ERROR]
    if failed:
        raise ScriptHarnessError(f"{len(failed)} of {len(script.actions)} actions failed: {', '.join(failed)}")


def _status_name(status: Status | None) -> str:
    return SKIPPED if status is None else status.name


def _describe(function: Any, script: Script, module: str, what: str) -> None:
    """Make it a function of the script's own module, with a signature from which OET makes the form of its arguments."""
    function.__module__ = module
    function.__qualname__ = function.__name__
    function.__doc__ = _WORDS.format(
        what=what, actions=", ".join(script.actions.by_name) or "none", groups=", ".join(script.actions.groups)
    )
    kind = inspect.Parameter
    selectors = [kind(name, kind.POSITIONAL_OR_KEYWORD, default=None) for name in _SELECTORS]
    variables = [
        kind(variable.name, kind.KEYWORD_ONLY, default=_Shown(variable), annotation=_annotation(variable))
        for variable in script.variables
        if variable.name.isidentifier() and variable.name not in _SELECTORS
    ]
    rest = kind("configuration", kind.VAR_KEYWORD)
    function.__signature__ = inspect.Signature([*selectors, *variables, rest])


class _Shown:
    """Stands for the default in the signature. What is not given is left as it is, so this value is for reading only."""

    def __init__(self, variable: Variable) -> None:
        self._text = "..." if variable.is_secret else repr(variable.default)

    def __repr__(self) -> str:
        return self._text


def _annotation(variable: Variable) -> Any:
    choices = variable.keywords.get("choices")
    if choices is not None and all(isinstance(choice, str) for choice in choices):
        return Literal[tuple(choices)]
    if variable.keywords.get("action") in {"store_true", "store_false"}:
        return bool
    given = variable.keywords.get("type")
    return given if given in {int, float, str, bool} and "nargs" not in variable.keywords else inspect.Parameter.empty
