"""The local variables of a frame, told briefly: for whoever reads, at night, why a script failed.

A variable is `[name, words]`. Little of much is told: so many variables, so many items of a container, so deep, so many characters.
What looks like a secret by its name is not told, wherever the name stands: a variable, a key of a dictionary, an attribute in the words
that an object has for itself. Objects are asked for those words in a thread of their own that is waited for a moment only, for they
are the script's code and may never answer.
"""

from __future__ import annotations

import contextlib
import re
import threading
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Variables = list[list[str]]

MAX_VARIABLES = 20
MAX_CHARACTERS = 200
MAX_ITEMS = 6
MAX_DEPTH = 3
TIMEOUT_S = 1.0
"""For all frames of a failure together."""
MASK = "•••"
_NO_TIME = "(not told in time)"
_LEFT_OUT = (ModuleType, FunctionType, BuiltinFunctionType, MethodType, type)
_ENDS: dict[type, tuple[str, str]] = {
    list: ("[", "]"),
    tuple: ("(", ")"),
    set: ("{", "}"),
    frozenset: ("frozenset({", "})"),
}
_PLAIN = (bool, int, float, complex, type(None), type(Ellipsis))
_SECRETS = frozenset(
    [
        "password",
        "passphrase",
        "passcode",
        "passwd",
        "pwd",
        "pw",
        "secret",
        "secrets",
        "key",
        "keys",
        "credential",
        "credentials",
        "auth",
        "authorization",
        "bearer",
        "cookie",
        "cookies",
    ]
)
_SECRET_PART = re.compile(r"passw|secret|token|apikey|credential")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_INSIDE = re.compile(
    r"""(?P<name>[A-Za-z_][\w-]*)(?P<is>['"]?\s*[=:]\s*)"""
    r"""(?P<value>"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|(?:(?:Bearer|Basic|Token)\s+)?[^\s,;'")\]}]+)"""
)
_OPTION = re.compile(r"--([a-z][\w-]*)\s+([^\s'\"]+)")
_USER_IN_ADDRESS = re.compile(r"(\w+://[^\s/:@]*:)[^\s/@]+@")


def is_secret(name: str) -> bool:
    """Whether what goes by this name is better not told: `password`, `api_key`, `authToken`, `AWS_SECRET`."""
    words = _HUMP.sub("_", name).lower()
    return _SECRET_PART.search(words) is not None or not _SECRETS.isdisjoint(re.split(r"[\W_\d]+", words))


def describe_all(frames: Iterable[Mapping[str, Any]], timeout_s: float) -> list[Variables]:
    """The variables of several frames, as far as they are told in `timeout_s` seconds; never fails, whatever objects do."""
    found: list[Variables] = [
        [[name, MASK if is_secret(name) else _NO_TIME] for name in _worth_telling(variables)] for variables in frames
    ]
    asked = list(frames)

    def tell() -> None:
        for shown, variables in zip(found, asked):
            for one in shown:
                if one[1] is not MASK:
                    one[1] = describe(variables.get(one[0]))

    teller = threading.Thread(target=tell, name="oet-variables", daemon=True)
    with contextlib.suppress(RuntimeError):  # no further thread can be had
        teller.start()
        teller.join(timeout_s)
    return [[list(one) for one in shown] for shown in found]


def describe(value: Any, depth: int = 0) -> str:
    """A value in at most MAX_CHARACTERS; what it holds, MAX_DEPTH deep. Never fails."""
    try:
        words = _described(value, depth)
    except BaseException as fault:  # noqa: BLE001 - runs methods of the script's own objects
        words = f"<{_kind(value)}, which cannot be shown: {type(fault).__name__}>"
    return words if len(words) <= MAX_CHARACTERS else f"{words[: MAX_CHARACTERS - 1]}…"


def _worth_telling(variables: Mapping[str, Any]) -> list[str]:
    """Names of values; modules, functions and classes say nothing of what went wrong."""
    # The type is asked, not the object: a proxy would look up what it stands for.
    names = [
        name
        for name, value in dict(variables).items()
        if not (name.startswith("__") or issubclass(type(value), _LEFT_OUT))
    ]
    return names[:MAX_VARIABLES]


def _described(value: Any, depth: int) -> str:
    kind = type(value)
    if kind in _PLAIN:
        return repr(value) if kind is not int or value.bit_length() < 2 * MAX_CHARACTERS else "<a very large int>"
    if kind in (str, bytes, bytearray):
        return _without_secrets(_text(value))
    if kind is dict:
        items = [_item(key, held, depth) for key, held in _first(value.items())]
        return _enclosed("{", items, len(value), "}", depth)
    if kind in _ENDS and len(value):
        begin, end = _ENDS[kind]
        comma = "," if kind is tuple and len(value) == 1 else ""
        items = [] if depth == MAX_DEPTH else [describe(held, depth + 1) for held in _first(value)]
        return _enclosed(begin, items, len(value), comma + end, depth)
    return _without_secrets(repr(value)[: 2 * MAX_CHARACTERS])


def _item(key: Any, value: Any, depth: int) -> str:
    if depth == MAX_DEPTH:
        return ""
    told = MASK if isinstance(key, str) and is_secret(key) else describe(value, depth + 1)
    return f"{describe(key, depth + 1)}: {told}"


def _first(held: Iterable[Any]) -> list[Any]:
    return [one for _, one in zip(range(MAX_ITEMS), held)]


def _enclosed(begin: str, items: list[str], count: int, end: str, depth: int) -> str:
    if count and depth == MAX_DEPTH:
        return f"{begin}…{end}"
    more = [f"… {count - MAX_ITEMS} more"] if count > MAX_ITEMS else []
    return f"{begin}{', '.join([*items, *more])}{end}"


def _text(value: Any) -> str:
    """As Python writes it, without writing all of a long one."""
    return repr(value) if len(value) <= MAX_CHARACTERS else f"{repr(value[:MAX_CHARACTERS])[:-1]}…"


def _without_secrets(words: str) -> str:
    """Without what stands beside the name of a secret, and without the password of an address."""
    hidden = _INSIDE.sub(
        lambda found: f"{found['name']}{found['is']}{MASK}" if is_secret(found["name"]) else found[0], words
    )
    hidden = _OPTION.sub(lambda found: f"--{found[1]} {MASK}" if is_secret(found[1]) else found[0], hidden)
    return _USER_IN_ADDRESS.sub(rf"\1{MASK}@", hidden)


def _kind(value: Any) -> str:
    return type(value).__qualname__
