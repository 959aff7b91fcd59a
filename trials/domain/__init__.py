"""What a trial is and does, without any framework, clock or I/O. Its main functions can be had from here.

From text to specification: `nodes`, `readers`, `document` read YAML and JSON · `shapes`, `vocabulary` what is legal ·
`hints`, `report`, `errors` what is wrong · `assembly`, `inheritance` short forms, contexts, deep merge ·
`rules`, `warnings` what does not go together · `parsing` all of it, in order ·
`specification` TaskSpec, ScriptSpec and their stored form · `rendering` environments and resources of one trial
Life: `states` · `scheduler` what is to be done now · `ledger` who holds what · `outcome` of a script · `aggregation` to trial, task ·
`retry` of what did not pass
Rehearsal: `simulation` plays a node without processes · `rehearsal` "what if" · `analysis` what can never happen
"""

from procedures.domain.durations import parse_duration
from trials.domain.aggregation import new_trials, task_state, trial_state
from trials.domain.errors import Problem, SpecError, TemplateError
from trials.domain.outcome import Ending, outcome
from trials.domain.parsing import parse, parse_all
from trials.domain.rendering import render, render_environment
from trials.domain.scheduler import step
from trials.domain.specification import Condition, ScriptSpec, TaskSpec
from trials.domain.states import (
    TERMINAL,
    Decision,
    Resources,
    ScriptRef,
    ScriptState,
    ScriptStatus,
    TrialState,
)
from trials.domain.vocabulary import document_schema

__all__ = [
    "TERMINAL",
    "Condition",
    "Decision",
    "Ending",
    "Problem",
    "Resources",
    "ScriptRef",
    "ScriptSpec",
    "ScriptState",
    "ScriptStatus",
    "SpecError",
    "TaskSpec",
    "TemplateError",
    "TrialState",
    "document_schema",
    "new_trials",
    "outcome",
    "parse",
    "parse_all",
    "parse_duration",
    "render",
    "render_environment",
    "step",
    "task_state",
    "trial_state",
]
