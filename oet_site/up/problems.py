"""What makes a start pointless: found before anything is started, all at once, each with the variable that would mend it."""

import difflib
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

from oet_site.configuration import Configuration, InvalidConfiguration, variable_of
from procedures.domain.resources import templates_fault

INTERNAL_PREFIXES = ("OET_TEST_", "OET_BENCH_")
OF_PROGRAMS = ("OET_URL", "OET_TOKEN", "OET_HARNESS_EVENTS")
"""Read by the command line `oet` and by scripts; whoever has them set has made no mistake."""


def require_possible(configuration: Configuration, command: str) -> None:
    """Raise InvalidConfiguration with every reason why the command of manage.py cannot run; Django's settings need a home at least.

    Only `up` looks at the rest: a manager that is started again must not fail because a folder of scripts is away for a while.
    """
    found = [_home_problem(configuration.home)]
    if command == "up":
        found += _start_problems(configuration)
    if any(found):
        raise InvalidConfiguration([problem for problem in found if problem])


def _start_problems(configuration: Configuration) -> list[str]:
    found = [_python_problem(configuration.python)]
    found += [
        f"OET_SCRIPT_ROOTS: {root} is not a folder; scripts could not be found there."
        for root in configuration.script_root_paths
        if not root.is_dir()
    ]
    found.append(_resources_problem(configuration.resources))
    found.append(_abort_problem(configuration))
    found.append(_broker_problem(configuration.celery_broker_url))
    constraints = configuration.env_constraints
    if constraints and not constraints.is_file():
        found.append(f"OET_ENV_CONSTRAINTS={constraints}: there is no such file; no environment could be built.")
    return found


def unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """Hints for variables that look like settings of OET and are none, such as OET_PROT."""
    known = [variable_of(name) for name in Configuration.model_fields]
    hints = []
    for name in sorted(environment):
        if name.startswith("OET_") and name not in (*known, *OF_PROGRAMS) and not name.startswith(INTERNAL_PREFIXES):
            close = difflib.get_close_matches(name, known, n=1)
            hints.append(f"{name} is no setting of OET and has no effect" + (f"; {close[0]} is one." if close else "."))
    return hints


def advice(environment: Mapping[str, str]) -> list[str]:
    """What works, but had better be otherwise."""
    hints = unknown_variables(environment)
    if os.geteuid() == 0:
        hints.append("OET runs as root, and so does every script. In production give it a user of its own.")
    return hints


def _home_problem(home: Path) -> str:
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        return f"OET_HOME={home}: cannot be made: {error.strerror}. Choose a folder that you may write to."
    if not os.access(home, os.R_OK | os.W_OK | os.X_OK) or _is_read_only(home):
        return f"OET_HOME={home}: cannot be written to. Choose another folder, or change its owner."
    return ""


def _is_read_only(home: Path) -> bool:
    return bool(os.statvfs(home).f_flag & os.ST_RDONLY)


def _python_problem(python: Path) -> str:
    if not (os.access(python, os.X_OK) and python.is_file()):
        return f"OET_PYTHON={python}: is not a program; it has to be the Python that runs scripts."
    if str(python) == sys.executable:
        return ""
    from environments.domain.pythons import OLDEST, is_recent_enough  # only needed here, and slow to load
    from environments.interpreters import asked

    found = asked(str(python))
    if found is None:
        return f"OET_PYTHON={python}: does not answer as a Python does; it has to be the CPython that runs scripts."
    if not is_recent_enough(found):
        return f"OET_PYTHON={python}: is Python {found.version}; scripts need {OLDEST} or later."
    return ""


def _resources_problem(templates: str) -> str:
    fault = templates_fault(templates)
    return f"OET_RESOURCES={templates}: {fault}" if fault else ""


def _abort_problem(configuration: Configuration) -> str:
    """Why no abort could run its script: better said now than when somebody needs it."""
    uri = configuration.abort_script
    if not uri:
        return ""
    path = Path(unquote(uri.removeprefix("file://")))
    if not path.is_absolute() or not path.is_file():
        return f"OET_ABORT_SCRIPT={uri}: there is no such file; it has to be one such as file:///srv/scripts/abort.py."
    if not any(path.resolve().is_relative_to(root) for root in configuration.script_root_paths):
        return f"OET_ABORT_SCRIPT={uri}: lies below no folder of OET_SCRIPT_ROOTS ({configuration.script_roots})."
    return ""


def _broker_problem(url: str) -> str:
    """Why Celery could not use this broker; whether it answers is not asked. The URL itself may hold a password."""
    if not url:
        return ""
    from kombu.transport import TRANSPORT_ALIASES  # only needed here, and slow to load

    if "://" in url and url.partition("://")[0].partition("+")[0] in TRANSPORT_ALIASES:
        return ""
    return "CELERY_BROKER_URL=…: is no broker that Celery knows; it begins with redis:// or amqp://."
