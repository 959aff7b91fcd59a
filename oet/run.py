"""Run a script without OET: `python -m oet.run my_script.py main --subarray_id 1`.

Imports the script as OET does, calls its `init` if it has one, then the function (`main` by default), and prints what it says. Ctrl-C
is a stop: it raises StopRequested, once; a second one ends it at once. Exit status: 0, 1 after an exception, 2 for wrong arguments,
130 after a stop.
"""

from __future__ import annotations

import argparse
import importlib.util
import inspect
import json
import os
import signal
import sys
import traceback
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

from oet import StopRequested, calling, functions, inside, modules, pubsub_bridge, terminal
from oet.stopping import StopGuard

if TYPE_CHECKING:
    from types import FrameType, ModuleType

STATUS_FAILED, STATUS_USAGE, STATUS_STOPPED = 1, 2, 130


class Misuse(Exception):
    """What was asked for cannot be done; the message says why."""


def main(arguments: list[str]) -> int:
    """Run a script as the command line says; returns the exit status."""
    options, rest = _parser().parse_known_args(arguments)
    guard = StopGuard()
    guard.install()
    conversation = terminal.talking(guard)
    inside.use(conversation, guard)
    pubsub_bridge.install(conversation)
    try:
        for given in options.override:
            name, _, value = given.partition("=")
            conversation.context.overrides.learn(name, _value(value))
        positional, named = _arguments(rest)
        signal.signal(signal.SIGINT, partial(_stop, guard))
        guard.expose(lambda: _load_and_run(Path(options.script), options.function, positional, named))
    except Misuse as misuse:
        print(f"oet.run: {misuse}", file=sys.stderr)
        return STATUS_USAGE
    except StopRequested:
        conversation.flush()  # its last words
        print("[oet] stopped", file=sys.stderr)
        return STATUS_STOPPED
    except Exception:  # noqa: BLE001 - the border to the author's script
        traceback.print_exc()
        return STATUS_FAILED
    finally:
        conversation.flush()
    return 0


def load(path: Path) -> ModuleType:
    """Import a script under its own name, from its own folder, as OET does; Misuse where there is none."""
    path = path.resolve()
    if not path.is_file():
        raise Misuse(f"there is no script {path}")
    os.chdir(path.parent)
    sys.path.insert(0, str(path.parent))
    name = modules.module_name(path.stem, sys.path[1:])
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise Misuse(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def call(module: ModuleType, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """Call a function of a script as OET does: with the context where it wants it. Misuse where that is impossible."""
    function = _found(module, name)
    if misfit := calling.misfit(name, function, args, kwargs):
        raise Misuse(misfit)
    return calling.call(name, function, args, kwargs, inside.conversation().context)


def _load_and_run(path: Path, name: str, positional: list[Any], named: dict[str, Any]) -> None:
    module = load(path)
    context = inside.conversation().context
    context.script_type, context.script_uri = "filesystem", Path(module.__file__ or "").as_uri()
    _run(module, name, positional, named)


def _found(module: ModuleType, name: str) -> Callable[..., Any]:
    function = functions.find_function(module, name)
    if function is None:
        raise Misuse(calling.missing(module, name))
    return function


def _run(module: ModuleType, name: str, positional: list[Any], named: dict[str, Any]) -> None:
    """`init` gets the named arguments that it knows, the function those that it knows; each must be known to one of them."""
    known_to_init: list[str] = []
    if not functions.find_function(module, "init"):
        _found(module, name)
    elif name != "init":
        if name != "main":  # which `init` may make
            _found(module, name)
        known_to_init = _known(module, "init", named, _parameters(module, name))
        call(module, "init", [], {key: named[key] for key in known_to_init})
    known = _known(module, name, named, _parameters(module, "init"))
    if unknown := [key for key in named if key not in (*known, *known_to_init)]:
        raise Misuse(f"neither init nor {name} has a parameter {unknown[0]!r}")
    result = call(module, name, positional, {key: named[key] for key in known})
    if result is not None:
        print(f"[oet returned] {functions.short_repr(result)}", file=sys.stderr)


def _known(module: ModuleType, name: str, named: dict[str, Any], others: set[str]) -> list[str]:
    """The named arguments that a function takes; where it takes any, those that it has a parameter for and those nobody else has.

    SKA's `init` binds the `subarray_id` to a `main` that takes any: it must not get it twice.
    """
    function = functions.find_function(module, name)
    signature = functions.signature_of(function) if function else None
    if signature is None:
        return list(named)
    takes_any = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in signature.parameters.values())
    return [key for key in named if key in signature.parameters or (takes_any and key not in others)]


def _parameters(module: ModuleType, name: str) -> set[str]:
    function = functions.find_function(module, name)
    signature = functions.signature_of(function) if function else None
    return set(signature.parameters) if signature is not None else set()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m oet.run",
        description="Run a function of a script without OET. Whatever else is given goes to the function: "
        "--name value, or values by position; JSON where it is JSON, else text.",
        allow_abbrev=False,
    )
    parser.add_argument("script", help="the Python file")
    parser.add_argument("function", nargs="?", default="main", help="the function; main by default")
    parser.add_argument(
        "--override", action="append", default=[], metavar="NAME=VALUE", help="what an operator has decided; repeatable"
    )
    return parser


def _arguments(rest: list[str]) -> tuple[list[Any], dict[str, Any]]:
    positional: list[Any] = []
    named: dict[str, Any] = {}
    waiting = iter(rest)
    for item in waiting:
        if not item.startswith("--"):
            positional.append(_value(item))
            continue
        name, has_value, value = item[2:].partition("=")
        if not has_value:
            value = next(waiting, "")
            if not value:
                raise Misuse(f"--{name} needs a value")
        named[name.replace("-", "_")] = _value(value)
    return positional, named


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _stop(guard: StopGuard, _number: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    guard.request()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
