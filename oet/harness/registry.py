"""Scripts by name, for code that is far from the place where they are made."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from oet.harness.errors import ScriptHarnessException
from oet.harness.script import Script

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable

    from oet.harness.action import Action
    from oet.harness.template import ConfigTemplate

_scripts: dict[str, Script] = {}
_lock = threading.Lock()


def get_script(
    actions: Iterable[Action] | None = None, template: ConfigTemplate | None = None, name: str = "root", **kwargs: Any
) -> Script:
    """The script of that name; the first call makes it, later ones ignore everything but the name."""
    with _lock:
        if name not in _scripts:
            if actions is None:
                raise ScriptHarnessException(
                    f"there is no script {name!r} yet; the first get_script() must be given its actions."
                )
            _scripts[name] = Script(actions, template, name, **kwargs)
        return _scripts[name]


def get_config(name: str = "root") -> dict[str, Any]:
    """The configuration of a script that `get_script` made."""
    return _script(name).config


def get_logger(name: str = "root") -> logging.Logger:
    """The logger of a script that `get_script` made."""
    return _script(name).logger


def _script(name: str) -> Script:
    if name not in _scripts:
        raise ScriptHarnessException(
            f"there is no script {name!r}; get_script() has made: {', '.join(_scripts) or 'none'}."
        )
    return _scripts[name]
