"""What is legal in a specification but hardly meant; stored as issues of level warning."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from trials.domain.assembly import Script, Task
from trials.domain.document import Path
from trials.domain.errors import Problem, WarningCode
from trials.domain.hints import closest
from trials.domain.report import Report
from trials.domain.specification import Condition, ScriptSpec, TaskSpec
from trials.domain.states import ScriptState

MOST: Final = 100
"""More warnings than this nobody reads."""
_MOST_HINTS: Final = 10
"""Searches for the key that was meant, among a thousand perhaps."""


def warnings_of(spec: TaskSpec, task: Task, report: Report) -> list[Problem]:
    """The warnings of a specification that was built from `task`."""
    places = {script.data.get("key") or script.key: script.at for script in task.scripts}
    hints = iter(range(_MOST_HINTS))
    return list(islice(_warnings(spec, task, places, report, hints), MOST))


def _warnings(
    spec: TaskSpec, task: Task, places: dict[str, Path], report: Report, hints: Iterator[int]
) -> Iterator[Problem]:
    for path in task.null_scripts:
        hint = f"write {{}} for a script that passes at once: {path[-1]}: {{}}"
        yield report.warning(path, WarningCode.NULL_REMOVES, "is null, so there is no such script", hint)
    for written in task.scripts:
        yield from _null_arguments(written, report)
    for script in spec.scripts.values():
        yield from _unknown_keys(script, spec, places[script.key], report, hints)
        yield from _waits_for_its_service(script, spec, places[script.key], report)


def _null_arguments(script: Script, report: Report) -> Iterator[Problem]:
    """A null in `kwargs` deletes; whoever wanted to hand over None would not notice."""
    inherited = script.general.get("kwargs") or {}
    for name, value in (script.data.get("kwargs") or {}).items():
        if value is None and name not in inherited:
            message = f"is null, so {name[:60]} is not handed over"
            hint = "the function's own default applies; None can be handed over in args"
            yield report.warning((*script.at, "kwargs", name), WarningCode.NULL_REMOVES, message, hint)


def _unknown_keys(
    script: ScriptSpec, spec: TaskSpec, at: Path, report: Report, hints: Iterator[int]
) -> Iterator[Problem]:
    for use, conditions in (("start_when", script.start_when), ("terminate_when", script.terminate_when)):
        for condition in conditions:
            if condition.script_key not in spec.scripts:
                meant = closest(condition.script_key, spec.scripts) if next(hints, None) is not None else ""
                effect = "the script is never started" if use == "start_when" else "the script is not ended by this"
                message = f"there is no script '{condition.script_key[:60]}'; {effect}"
                hint = f"did you mean '{meant}'?" if meant else ""
                path = (*at, use, condition.label, "script_key")
                yield report.warning(path, WarningCode.UNKNOWN_SCRIPT_KEY, message, hint)


def _waits_for_its_service(script: ScriptSpec, spec: TaskSpec, at: Path, report: Report) -> Iterator[Problem]:
    for condition in script.start_when:
        shared = _shared(script, condition, spec)
        if shared:
            message = (
                f"starts while '{condition.script_key}' executes, which holds the resource it needs itself ({', '.join(shared)}): "
                f"it waits until '{condition.script_key}' has ended, at the latest by its timeout"
            )
            hint = "give one of them another exclusive_executor_resource"
            yield report.warning((*at, "start_when", condition.label), WarningCode.WAITS_FOR_ITS_SERVICE, message, hint)


def _shared(script: ScriptSpec, condition: Condition, spec: TaskSpec) -> list[str]:
    service = spec.scripts.get(condition.script_key)
    if service is None or service is script or ScriptState.EXECUTING not in condition.states:
        return []
    return [name for name in script.resources if name in service.resources]
