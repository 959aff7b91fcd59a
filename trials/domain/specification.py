"""TaskSpec and ScriptSpec: a specification after validation, inheritance and defaults, and its stored JSON form."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from procedures.domain.arguments import ProcedureInput
from procedures.domain.durations import parse_duration
from procedures.domain.scripts import ExecutableScript, GitArgs, script_from_json
from trials.domain.errors import Problem
from trials.domain.states import TERMINAL, ScriptState

DEFAULT_TIMEOUT = "3 Minutes"
MAX_BODY_BYTES = 256 * 1024

SATISFY_ANY = "satisfy-any"
SATISFY_LAST = "satisfy-last"


class Condition(NamedTuple):
    """Matches while the script of that key is in one of the states."""

    label: str
    script_key: str
    states: frozenset[ScriptState]


class PortRange(NamedTuple):
    """One free port of these is chosen for a trial; both ends belong to the range."""

    min: int
    max: int


class TemplateFile(NamedTuple):
    """A file of the working directory to be rendered, and where the result goes."""

    src: str
    dest: str


@dataclass(frozen=True)
class ScriptSpec:
    """One script of a task, resolved."""

    key: str
    name: str = ""
    description: str = ""
    body: str = ""
    script: Mapping[str, Any] | None = None
    """A Python procedure instead of `body`, as in `POST procedures/`."""
    function: str = "main"
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    init: Mapping[str, Any] = field(default_factory=dict)
    environment_variables: Mapping[str, str | None] = field(default_factory=dict)
    """None removes what the task or OET itself has set."""
    template_environment_variables: bool = True
    exclusive_executor_resource: str | None = None
    """As written; None if the script names none, which for a Python procedure is not the same as a blank one."""
    start_when: tuple[Condition, ...] = ()
    terminate_when: tuple[Condition, ...] = ()
    timeout: float = 180.0
    """Seconds."""
    ignore_state: bool = False
    ignore_abort: bool = False
    resources: tuple[str, ...] = ()
    """Rendered: from `parse` as far as they are known without a trial, else those of the trial."""

    @property
    def executable(self) -> ExecutableScript | None:
        """The Python procedure to be run; None if the script has a body instead."""
        return script_from_json(self.script, max_body_bytes=MAX_BODY_BYTES) if self.script is not None else None

    @property
    def inputs(self) -> dict[str, ProcedureInput]:
        """What `init` and the function of a Python procedure are called with."""
        init = ProcedureInput(tuple(self.init.get("args", ())), self.init.get("kwargs", {}))
        return {"init": init, self.function: ProcedureInput(self.args, self.kwargs)}


@dataclass(frozen=True)
class TaskSpec:
    """A task, resolved; `scripts` maps keys to scripts in the order of the document."""

    key: str = ""
    name: str = ""
    description: str = ""
    scripts: Mapping[str, ScriptSpec] = field(default_factory=dict)
    environment_variables: Mapping[str, str | None] = field(default_factory=dict)
    aggregate_state: str = SATISFY_ANY
    max_trials: int = 2
    eager_trials: int = 1
    priority: int = 0
    load: float = 1.0
    traits: tuple[str, ...] = ()
    git_args: GitArgs | None = None
    ports: Mapping[str, PortRange] = field(default_factory=dict)
    templates: Mapping[str, TemplateFile] = field(default_factory=dict)
    warnings: tuple[Problem, ...] = field(default=(), compare=False)
    """What is legal but hardly meant, to be stored as issues."""

    @cached_property
    def doomed_by(self) -> dict[str, dict[ScriptState, list[str]]]:
        """For each script and each state it may end in, the scripts that can then never start; only where there are any."""
        doomed: dict[str, dict[ScriptState, list[str]]] = {}
        for key, script in self.scripts.items():
            for condition in script.start_when:
                if condition.script_key in self.scripts:
                    by_state = doomed.setdefault(condition.script_key, {})
                    for state in TERMINAL - condition.states:
                        by_state.setdefault(state, []).append(key)
        return doomed


def task_to_json(task: TaskSpec) -> dict[str, Any]:
    """The normalised form: every key with its value. It is itself a legal document, except for `resources` of its scripts."""
    git_args = task.git_args
    return {
        "key": task.key,
        "name": task.name,
        "description": task.description,
        "scripts": {key: script_to_json(script) for key, script in task.scripts.items()},
        "environment_variables": dict(task.environment_variables),
        "aggregate_state": task.aggregate_state,
        "max_trials": task.max_trials,
        "eager_trials": task.eager_trials,
        "priority": task.priority,
        "load": task.load,
        "traits": list(task.traits),
        "git_args": {name: getattr(git_args, name) for name in _GIT_KEYS} if git_args else None,
        "ports": {name: port._asdict() for name, port in task.ports.items()},
        "templates": {name: template._asdict() for name, template in task.templates.items()},
    }


def script_to_json(script: ScriptSpec) -> dict[str, Any]:
    """The normalised form of one script; the keys of the way it does not run (`body` or `script`) are left out."""
    python = {
        "script": script.script,
        "function": script.function,
        "args": list(script.args),
        "kwargs": dict(script.kwargs),
        "init": dict(script.init),
    }
    return {
        "key": script.key,
        "name": script.name,
        "description": script.description,
        **({"body": script.body} if script.script is None else python),
        "environment_variables": dict(script.environment_variables),
        "template_environment_variables": script.template_environment_variables,
        "exclusive_executor_resource": script.exclusive_executor_resource,
        "start_when": _conditions_to_json(script.start_when),
        "terminate_when": _conditions_to_json(script.terminate_when),
        "timeout": f"{script.timeout!r} seconds",
        "ignore_state": script.ignore_state,
        "ignore_abort": script.ignore_abort,
    }


_GIT_KEYS = ("git_repo", "git_branch", "git_commit")


def _conditions_to_json(conditions: tuple[Condition, ...]) -> dict[str, Any]:
    return {
        c.label: {"script_key": c.script_key, "states": [s.value for s in ScriptState if s in c.states]}
        for c in conditions
    }


def task_from_json(data: Mapping[str, Any], *, key: str = "") -> TaskSpec:
    """The task that valid, merged `data` describes; what is absent or null has its default. `key` is the default of its key."""
    given = _given(data)
    key = given.get("key", key)
    scripts = [
        script_from_spec(name, script) for name, script in given.get("scripts", {}).items() if script is not None
    ]
    git_args = given.get("git_args")
    return TaskSpec(
        **_only(given, "description", "aggregate_state", "max_trials", "eager_trials", "priority"),
        key=key,
        name=given.get("name", key),
        load=float(given.get("load", 1.0)),
        scripts={script.key: script for script in scripts},
        environment_variables=dict(given.get("environment_variables", {})),
        traits=_traits(given.get("traits", [])),
        git_args=GitArgs(**{name: text or "" for name, text in git_args.items()}) if git_args else None,
        ports={name: PortRange(port["min"], port["max"]) for name, port in _given(given.get("ports", {})).items()},
        templates={name: TemplateFile(t["src"], t["dest"]) for name, t in _given(given.get("templates", {})).items()},
    )


def script_from_spec(key: str, data: Mapping[str, Any]) -> ScriptSpec:
    """The script that valid, merged `data` describes; `key` is its key in the map."""
    given = _given(data)
    key = given.get("key", key)
    init = _given(given.get("init", {}))
    flags = ("template_environment_variables", "ignore_state", "ignore_abort")
    return ScriptSpec(
        **_only(given, "description", "body", "function", "exclusive_executor_resource", *flags),
        key=key,
        name=given.get("name", key),
        script=_given(given["script"]) if "script" in given else None,
        args=tuple(given.get("args", ())),
        kwargs=without_nulls(given.get("kwargs", {})),
        init={name: without_nulls(value) for name, value in init.items()},
        environment_variables=dict(given.get("environment_variables", {})),
        start_when=_conditions(given.get("start_when", {})),
        terminate_when=_conditions(given.get("terminate_when", {})),
        timeout=parse_duration(given.get("timeout", DEFAULT_TIMEOUT)),
    )


def without_nulls(value: Any) -> Any:
    """`value` without the keys of its maps whose value is null; lists are left as they are."""
    if not isinstance(value, Mapping):
        return value
    return {key: without_nulls(child) for key, child in value.items() if child is not None}


def _given(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if value is not None}


def _only(given: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: given[key] for key in keys if key in given}


def _traits(traits: Any) -> tuple[str, ...]:
    names = [name for name, is_wanted in traits.items() if is_wanted] if isinstance(traits, Mapping) else traits
    return tuple(dict.fromkeys(names))


def _conditions(data: Mapping[str, Any]) -> tuple[Condition, ...]:
    return tuple(
        Condition(label, condition["script_key"], _states(condition.get("states")))
        for label, condition in _given(data).items()
    )


def _states(words: list[str] | None) -> frozenset[ScriptState]:
    return frozenset({ScriptState.PASSED}) if words is None else frozenset(ScriptState(word) for word in words)
