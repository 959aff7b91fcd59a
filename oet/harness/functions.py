"""The functions behind the actions: where they are looked up by name, and how they and the listeners are called."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Callable

from oet.harness import seam
from oet.harness.errors import ScriptHarnessException

if TYPE_CHECKING:
    from oet.harness.context import Context

_MISSING = object()


def find_function(action: str, namespace: Any = None) -> Callable[[Context], Any]:
    """The function named like the action, with `_` for `-`, in `namespace` (a mapping or a module).

    Without a namespace it is looked up in the script's own module inside OET, else in `__main__`; nowhere else.
    """
    name = action.replace("-", "_")
    where = namespace if namespace is not None else _home()
    function = where.get(name, _MISSING) if isinstance(where, Mapping) else getattr(where, name, _MISSING)
    if function is _MISSING:
        raise ScriptHarnessException(
            f"Can't find function {name}! It was looked up in {_words(where)} only; define it there before the action is made, "
            "or say function= or namespace=."
        )
    if not callable(function):
        raise ScriptHarnessException(
            f"{name} is not callable! In {_words(where)} it is of type {type(function).__name__}."
        )
    found: Callable[[Context], Any] = function
    return found


def call(function: Callable[[Context], Any], context: Context) -> Any:
    """Call a function or a listener; an `async def` is run to its end, for otherwise it would look as if it had run."""
    result = function(context)
    if not inspect.iscoroutine(result):
        return result
    import asyncio

    return asyncio.run(result)


def _home() -> Any:
    return seam.script_module() or sys.modules["__main__"]


def _words(where: Any) -> str:
    if isinstance(where, Mapping):
        return f"the namespace of {where['__name__']}" if "__name__" in where else "the given mapping"
    return str(getattr(where, "__name__", None) or type(where).__name__)
