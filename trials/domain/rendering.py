"""Environments and resources of scripts, with `{{ NAME }}` replaced."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final

from procedures.domain.resources import resources_of
from trials.domain.errors import TemplateError
from trials.domain.specification import ScriptSpec, TaskSpec

MAX_VALUE_BYTES: Final = 64 * 1024
MAX_ENVIRONMENT_CHARACTERS: Final = 1024 * 1024
"""Of one script, names included; the kernel starts no process with much more."""
MAX_ENVIRONMENTS_CHARACTERS: Final = 16 * 1024 * 1024
"""Of all scripts of a trial: each is stored."""
MAX_ROUNDS: Final = 10
_MAX_LOOKED_AHEAD: Final = 2 * 1024 * 1024
_LEAST_COST: Final = 10_000
"""Characters of environments that are rendered before there is a trial, each counted as so many at least."""
SITE: Final = "site:"
"""What begins with it is claimed for the whole installation, not for one node."""

_PLACEHOLDER: Final = re.compile(r"\{\{[ \t]*([A-Za-z_][A-Za-z0-9_]*)[ \t]*\}\}")
_RESOURCE: Final = "exclusive_executor_resource"


@dataclass(frozen=True)
class TrialFacts:
    """What a script can know of its trial only once that is being set up."""

    task_id: int | str
    trial_id: int | str
    working_dir: str
    ports: Mapping[str, int | str] = field(default_factory=dict)


@dataclass(frozen=True)
class Rendered:
    """A script's environment and resources in one trial. Nothing here includes the allow-listed environment below it."""

    environment: Mapping[str, str]
    removed: frozenset[str]
    """Variables that a null removes, also from the environment below."""
    resources: tuple[str, ...]
    unknown: tuple[str, ...]
    """Variables that templates name and nobody sets: a warning each."""


def render(text: str, variables: Mapping[str, str]) -> tuple[str, list[str]]:
    """`text` with each `{{ NAME }}` replaced, once; and the names that are unknown, for which nothing is put in."""
    unknown: dict[str, None] = {}
    return _replaced(text, variables, unknown), list(unknown)


def render_environment(variables: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """The variables rendered against each other until nothing changes, and the names that are unknown.

    Raises TemplateError with the variable that does not settle in 10 rounds, grows above 64 KiB, or makes all of them too large.
    """
    unknown: dict[str, None] = {}
    values = dict(variables)
    for name, value in values.items():
        _refuse_large(name, len(value.encode()))
    for _ in range(MAX_ROUNDS + 1):
        following = _following(values, unknown)
        unsettled = [name for name, value in following.items() if value != values[name]]
        if not unsettled:
            return values, list(unknown)
        values = following
    raise TemplateError(unsettled[0], f"does not settle in {MAX_ROUNDS} rounds: it refers to itself")


def task_environment(spec: TaskSpec, facts: TrialFacts) -> tuple[dict[str, str], list[str]]:
    """The rendered environment that the task's template files see, and the names that are unknown; raises TemplateError."""
    return render_environment(_set(_task_layers(spec, facts)))


def rendered_script(spec: TaskSpec, script: ScriptSpec, facts: TrialFacts, *, resource_templates: str) -> Rendered:
    """The script's environment and resources in a trial; raises TemplateError with the variable that fails the set-up."""
    layered = {**_task_layers(spec, facts), **script.environment_variables}
    environment, unknown = _set(layered), list[str]()
    if script.template_environment_variables:
        environment, unknown = render_environment(environment)
    resources, more = _resources(script, environment, resource_templates)
    removed = frozenset(name for name, value in layered.items() if value is None)
    return Rendered(environment, removed, resources, tuple(dict.fromkeys([*unknown, *more])))


def rendered_scripts(
    spec: TaskSpec, facts: TrialFacts, *, resource_templates: str
) -> tuple[dict[str, Rendered], dict[str, TemplateError]]:
    """Every script of a trial rendered, and the scripts that cannot be, with their errors: these fail the set-up."""
    rendered: dict[str, Rendered] = {}
    errors: dict[str, TemplateError] = {}
    size = 0
    for key, script in spec.scripts.items():
        try:
            found = rendered_script(spec, script, facts, resource_templates=resource_templates)
        except TemplateError as error:
            errors[key] = error
            continue
        size += _size(found.environment)
        if size > MAX_ENVIRONMENTS_CHARACTERS:
            largest = max(found.environment, key=lambda name: len(found.environment[name]))
            why = f"makes the environments of all scripts larger than {MAX_ENVIRONMENTS_CHARACTERS} characters; put it into a file"
            return rendered, {**errors, key: TemplateError(largest, why)}
        rendered[key] = found
    return rendered, errors


def with_resources(spec: TaskSpec, resources: Mapping[str, tuple[str, ...]]) -> TaskSpec:
    """The specification with the resources of one trial's scripts, for `step`."""
    return replace(
        spec, scripts={key: replace(script, resources=resources[key]) for key, script in spec.scripts.items()}
    )


def with_known_resources(spec: TaskSpec, resource_templates: str) -> TaskSpec:
    """The specification with its resources as far as they can be told without a trial.

    What only a trial knows stands for itself; where the set-up will fail, or too much would have to be rendered, the resource stays
    as it is written.
    """
    names = ("OET_TASK_ID", "OET_TRIAL_ID", "OET_WORKING_DIR", *spec.ports)
    own = {name: "{{" + name + "}}" for name in names}
    facts = TrialFacts(
        own["OET_TASK_ID"], own["OET_TRIAL_ID"], own["OET_WORKING_DIR"], {name: own[name] for name in spec.ports}
    )
    common, left = _size(_set(_task_layers(spec, facts))), _MAX_LOOKED_AHEAD
    resources: dict[str, tuple[str, ...]] = {}
    for key, script in spec.scripts.items():
        text = script.exclusive_executor_resource
        if text is None or "{{" not in text:
            resources[key] = _resources(script, {}, resource_templates)[0]
            continue
        resources[key] = (text,)
        left -= max(_LEAST_COST, common + _size(_set(script.environment_variables)))
        if left > 0:
            with suppress(TemplateError):
                resources[key] = rendered_script(spec, script, facts, resource_templates=resource_templates).resources
    return with_resources(spec, resources)


def _task_layers(spec: TaskSpec, facts: TrialFacts) -> dict[str, str | None]:
    """What comes before the script's own variables, later ones winning; None removes."""
    return {
        "CI": "true",
        "OET_WORKING_DIR": facts.working_dir,
        **{name: str(port) for name, port in facts.ports.items()},
        **spec.environment_variables,
        "OET_TASK_ID": str(facts.task_id),
        "OET_TRIAL_ID": str(facts.trial_id),
    }


def _size(environment: Mapping[str, str]) -> int:
    return sum(len(name) + len(value) for name, value in environment.items())


def _following(values: Mapping[str, str], unknown: dict[str, None]) -> dict[str, str]:
    """The values after one round."""
    following: dict[str, str] = {}
    size = 0
    for name, value in values.items():
        following[name] = text = _replaced(value, values, unknown, name) if "{{" in value else value
        size += len(name) + len(text)
        if size > MAX_ENVIRONMENT_CHARACTERS:
            raise TemplateError(name, f"makes the environment larger than {MAX_ENVIRONMENT_CHARACTERS} characters")
    return following


def _set(layered: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in layered.items() if value is not None}


def _resources(script: ScriptSpec, environment: Mapping[str, str], templates: str) -> tuple[tuple[str, ...], list[str]]:
    """The resources of a script in this environment, and the names its template does not find."""
    if script.exclusive_executor_resource is None:
        names = resources_of(templates, script.inputs) if script.script is not None else []
        return tuple(SITE + name for name in names), []
    unknown: dict[str, None] = {}
    text = script.exclusive_executor_resource
    for _ in range(MAX_ROUNDS + 1):
        following = _replaced(text, environment, unknown, _RESOURCE)
        if following == text:
            return ((text,) if text.strip() else ()), list(unknown)
        text = following
    raise TemplateError(_RESOURCE, f"does not settle in {MAX_ROUNDS} rounds")


def _replaced(text: str, values: Mapping[str, str], unknown: dict[str, None], variable: str = "") -> str:
    """One round of replacing; with the name of a variable it ends before the value becomes too large to hold."""
    parts: list[str] = []
    position = size = 0
    for match in _PLACEHOLDER.finditer(text):
        if match[1] not in values:
            unknown[match[1]] = None
        parts += [text[position : match.start()], values.get(match[1], "")]
        position = match.end()
        size += len(parts[-1]) + len(parts[-2])
        if variable:
            _refuse_large(variable, size)
    if not parts:
        return text
    result = "".join([*parts, text[position:]])
    if variable:
        _refuse_large(variable, len(result.encode()))
    return result


def _refuse_large(variable: str, size_bytes: int) -> None:
    if size_bytes > MAX_VALUE_BYTES:
        raise TemplateError(variable, f"grows above {MAX_VALUE_BYTES} bytes")
