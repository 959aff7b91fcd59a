"""The page of one procedure: how it stands, what it offers, what it printed, who asked for what."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_safe

from procedures.domain.actions import fold
from procedures.domain.arguments import ProcedureInput
from procedures.domain.errors import Refusal
from procedures.domain.scripts import GitScript
from procedures.domain.states import FINAL, ProcedureState
from procedures.happenings import harness_events
from procedures.models import ArgCapture, Command, Procedure, ProcedureHistory
from procedures.pages.action_list import drawn_actions, drawn_phases, shown_actions
from procedures.pages.attached import shown_attachments, shown_questions
from procedures.pages.fields import FunctionForm, form_of
from procedures.pages.logged import shown_log
from procedures.pages.page import Page, page_view, status_of
from procedures.pages.published import shown_events
from procedures.pages.row_words import ShownRow, shown
from procedures.pages.rows import row_of
from procedures.pages.said import said_of
from procedures.pages.stop_report import stop_report
from procedures.pages.timeouts import timeout_field
from procedures.pages.trace import shown_trace
from procedures.selectors import procedure_for, script_of
from procedures.words import line_count, moment, number, size, took

MAX_COMMANDS = 50
MAX_CALLS = 50
MAX_TEXT = 2000
"""Characters of an argument or a result that the page shows."""


@dataclass(frozen=True)
class ShownStep:
    """One transition, in words."""

    state: str
    at: str
    lasted: str
    function: str
    who: str
    cause: str


@dataclass(frozen=True)
class ShownCall:
    """One call of a function: with what, when, and what came of it."""

    function: str
    state: str
    at: str
    arguments: list[tuple[str, str]]
    result: str
    remark: str


@dataclass(frozen=True)
class ShownCommand:
    """What somebody asked for, and the answer."""

    kind: str
    who: str
    at: str
    state: str
    """That of a glyph: success, error, pending."""
    what: str
    answer: str


@dataclass(frozen=True)
class ShownGit:
    """From where a script from git came."""

    repository: str
    branch: str
    commit: str


@require_safe
@page_view
def show(request: HttpRequest, procedure_id: int) -> HttpResponseBase:
    """The page of a procedure."""
    return procedure_page(request, procedure_id)


def procedure_page(
    request: HttpRequest, procedure_id: int, *, filled_in: FunctionForm | None = None, refusal: Refusal | None = None
) -> HttpResponse:
    """The page, perhaps with a start form as it was filled in and the reason why it was refused."""
    page = Page.of(request)
    procedure = procedure_for(page.actor, procedure_id)
    row = row_of(procedure)
    words = shown(row, page.now)
    forms = _forms(procedure, filled_in)
    history = list(procedure.history.all())
    told = harness_events(procedure)
    run = fold(told, is_process_gone=procedure.state in FINAL)
    aborts = list(procedure.aborts.defer("script_body", "functions").order_by("pk"))
    return page.render(
        "procedures/procedure.html",
        here="procedure",
        status=status_of(refusal) if refusal else 200,
        procedure=procedure,
        git=_git(procedure),
        row=row,
        shown=words,
        page_item=ShownRow(row, words),
        elapsed=words["elapsed"],
        record=row.as_record(),
        history_data={
            "steps": [[step.state, step.at.timestamp(), step.function] for step in history],
            "actions": drawn_actions(run),
            "phases": drawn_phases(told),
        },
        actions=shown_actions(run, page.now),
        events=shown_events(request, page.actor, procedure.pk),
        attachments=shown_attachments(procedure.pk, page.now),
        asked_before=shown_questions(procedure.pk, page.now),
        log=shown_log(request, page.actor, procedure.pk),
        steps=_steps(history, page.now),
        calls=_calls(procedure, history, page.now),
        commands=_commands(procedure, page.now),
        forms=forms,
        other_functions=", ".join(form.name for form in forms[1:]),
        trace=shown_trace(history, procedure.script_name),
        is_final=procedure.state in FINAL,
        is_ready=procedure.state == ProcedureState.READY,
        said=said_of(procedure),
        resources=", ".join(procedure.resources),
        subarray=_subarray(procedure),
        aborts=aborts,
        report=stop_report(
            history, list(procedure.commands.filter(kind=Command.Kind.STOP).order_by("id")[:MAX_COMMANDS]), aborts, run
        ),
        output_lines=line_count(procedure.output_lines),
        output_size=size(procedure.output_bytes),
        refusal=str(refusal) if refusal else "",
    )


def _git(procedure: Procedure) -> ShownGit | None:
    script = script_of(procedure)
    if not isinstance(script, GitScript):
        return None
    args = script.git_args
    return ShownGit(args.git_repo, args.git_branch, args.git_commit)


def prepared_call(procedure: Procedure, function: str) -> ProcedureInput | None:
    """What the function was last given, at its preparation or by an earlier start; None if nothing."""
    capture = ArgCapture.objects.filter(procedure=procedure, function=function).order_by("-id").first()
    return ProcedureInput(tuple(capture.args), capture.kwargs) if capture else None


def _forms(procedure: Procedure, filled_in: FunctionForm | None) -> list[FunctionForm]:
    """A form for each function that can be started, `main` first."""
    if procedure.state != ProcedureState.READY and filled_in is None:
        return []
    forms = []
    for function in procedure.functions or []:
        if function["name"] == "init":
            continue
        form = form_of(function, prepared_call(procedure, function["name"]))
        form.timeout = timeout_field(procedure.timeout_s)
        forms.append(filled_in if filled_in is not None and filled_in.name == form.name else form)
    return sorted(forms, key=lambda form: form.name != "main")


def _steps(history: Sequence[ProcedureHistory], now: float) -> list[ShownStep]:
    ends = [step.at.timestamp() for step in history[1:]] + [now]
    return [
        ShownStep(
            state=step.state,
            at=f"{moment(step.at.timestamp(), now)}.{step.at.microsecond // 1000:03}",
            lasted="" if step.state in FINAL else took(end - step.at.timestamp()),
            function=step.function,
            who=step.who,
            cause=step.cause,
        )
        for step, end in zip(history, ends, strict=False)
    ]


def _calls(procedure: Procedure, history: Sequence[ProcedureHistory], now: float) -> list[ShownCall]:
    """The latest calls, oldest first; each has what its function returned, where that is known."""
    captures = list(procedure.captures.order_by("-id")[:MAX_CALLS])[::-1]
    parameters = {f["name"]: f["parameters"] for f in procedure.functions or []}
    calls = []
    for number_of_call, capture in enumerate(captures):
        until = next((c.at for c in captures[number_of_call + 1 :] if c.function == capture.function), None)
        during = [h for h in history if h.at >= capture.at and (until is None or h.at < until)]
        is_kept = capture.function != "init" and capture.at == procedure.created_at
        if is_kept and until is not None:
            continue  # it was kept for a start that has come
        result = "" if is_kept else _result(during, capture.function)
        calls.append(
            ShownCall(
                function=capture.function,
                state=_outcome(history, capture, until),
                at=moment(capture.at.timestamp(), now),
                arguments=_named(capture, parameters.get(capture.function, [])),
                result=result,
                remark="kept for its start" if is_kept else "",
            )
        )
    return calls


def _result(history: Sequence[ProcedureHistory], function: str) -> str:
    for step in history:
        details = step.details or {}
        if details.get("function") == function and "result_repr" in details:
            return _cut(str(details["result_repr"]))
    return ""


def _outcome(history: Sequence[ProcedureHistory], capture: ArgCapture, until: datetime | None) -> str:
    """The state that tells how the call went: `pending` before it, RUNNING during it."""
    wanted = ProcedureState.INITIALISING if capture.function == "init" else ProcedureState.RUNNING
    for step, after in zip(history, [*history[1:], None], strict=True):
        is_later = until is not None and step.at >= until
        if step.state != wanted or step.at < capture.at or is_later or step.function not in ("", capture.function):
            continue
        if after is None:
            return ProcedureState.RUNNING
        return ProcedureState.COMPLETE if after.state == ProcedureState.READY else after.state
    return "pending"


def _named(capture: ArgCapture, parameters: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    """The arguments beside the names of the parameters they went to."""
    names = [p["name"] for p in parameters if p["kind"] in {"positional_only", "positional_or_keyword"}]
    names += [f"[{number}]" for number in range(len(names), len(capture.args))]
    given = [*zip(names, capture.args, strict=False), *capture.kwargs.items()]
    return [(name, _cut(json.dumps(value, ensure_ascii=False))) for name, value in given]


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}… ({number(len(text))} characters)"


def _commands(procedure: Procedure, now: float) -> list[ShownCommand]:
    latest = list(procedure.commands.order_by("-id")[:MAX_COMMANDS])[::-1]
    return [
        ShownCommand(
            kind=command.kind,
            who=command.issued_by or "nobody",
            at=moment(command.issued_at.timestamp(), now),
            state={Command.State.DONE: "success", Command.State.QUEUED: "pending"}.get(
                Command.State(command.state), "error"
            ),
            what=_what(command),
            answer=_answer(command),
        )
        for command in latest
    ]


def _what(command: Command) -> str:
    if command.kind == Command.Kind.START:
        return str(command.arguments.get("function", ""))
    if command.kind != Command.Kind.STOP:
        return ""
    grace = command.arguments.get("grace")
    words = ["at once" if grace == 0 else f"grace {grace:g} s" if grace is not None else ""]
    words.append("then abort" if command.arguments.get("abort") else "")
    return ", ".join(filter(None, words))


def _answer(command: Command) -> str:
    if command.state == Command.State.REJECTED:
        return f"refused: {command.reason}"
    if command.state == Command.State.EXPIRED:
        return command.reason or "expired: no manager took it in time, so it will not be carried out"
    if command.answered_at is None:
        return "waits for the manager"
    return f"done after {took((command.answered_at - command.issued_at).total_seconds())}"


def _subarray(procedure: Procedure) -> str:
    """The subarray that the arguments name; empty if none or several do."""
    found = {str(c.kwargs["subarray_id"]) for c in procedure.captures.all()[:MAX_CALLS] if "subarray_id" in c.kwargs}
    return found.pop() if len(found) == 1 else ""
