"""Steering a script that runs: pause and resume at its checkpoints, answers to its questions."""

from typing import Any

from django.conf import settings

from procedures.commanding import queue, wait_for_answer
from procedures.domain.errors import InvalidInput, NoSuchQuestion, NotOpen, WrongState
from procedures.domain.json_values import text_fault
from procedures.domain.people import Actor, Right
from procedures.domain.states import FINAL
from procedures.models import Command, Procedure, Question
from procedures.nodes import require_manager
from procedures.recorder import recording
from procedures.sayings import question_summary
from procedures.selectors import procedure_for, summaries

MAX_ANSWER_CHARACTERS = 2000


class SteeringService:
    """Pause, resume and answer, on behalf of one Actor. Raises NotAllowed, NoSuchProcedure, WrongState, NoManager, NoAnswer."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor

    def pause(self, procedure_id: int) -> dict[str, Any]:
        """Have it wait at its next checkpoint; its summary once the script knows. Asking again changes nothing."""
        return self._tell(procedure_id, Command.Kind.PAUSE, "paused")

    def resume(self, procedure_id: int) -> dict[str, Any]:
        """Have it go on, or no longer wait at its next checkpoint; its summary once the script knows."""
        return self._tell(procedure_id, Command.Kind.RESUME, "resumed")

    def answer(self, procedure_id: int, number: int, answer: str) -> dict[str, Any]:
        """Answer a question; the question as it is then. Raises NoSuchQuestion, NotOpen, InvalidInput."""
        self.actor.require(Right.STEER)
        procedure = procedure_for(self.actor, procedure_id)
        asked = Question.objects.filter(procedure=procedure, number=number).first()
        if asked is None:
            raise NoSuchQuestion(procedure_id, number)
        if asked.state != Question.State.ASKED or procedure.state in FINAL:
            by = f" by {asked.answered_by}" if asked.answered_by else ""
            raise NotOpen(procedure_id, number, f"it is {asked.get_state_display().lower()}{by}")
        _check_answer(asked, answer)
        require_manager(procedure, "answered")
        self._carry_out(procedure, Command.Kind.ANSWER, {"question": number, "answer": answer})
        asked.refresh_from_db()
        return question_summary(asked)

    def _tell(self, procedure_id: int, kind: Command.Kind, wanted: str) -> dict[str, Any]:
        self.actor.require(Right.STEER)
        procedure = procedure_for(self.actor, procedure_id)
        if procedure.state in FINAL:
            raise WrongState(procedure_id, procedure.state, wanted, "Nothing of it runs any more.")
        require_manager(procedure, wanted)
        self._carry_out(procedure, kind, {})
        return summaries([procedure_for(self.actor, procedure_id)])[0]

    def _carry_out(self, procedure: Procedure, kind: Command.Kind, arguments: dict[str, Any]) -> None:
        with recording():
            queued = queue(self.actor, kind, procedure, arguments)
        wait_for_answer(queued, settings.OET.reply_timeout)


def _check_answer(asked: Question, answer: object) -> None:
    if not isinstance(answer, str):
        raise InvalidInput({"answer": "must be text."})
    if fault := text_fault(answer):
        raise InvalidInput({"answer": fault})
    if asked.choices and answer not in asked.choices:
        raise InvalidInput({"answer": f"must be one of {', '.join(asked.choices)}."})
    if len(answer) > MAX_ANSWER_CHARACTERS:
        raise InvalidInput({"answer": f"has {len(answer)} characters; at most {MAX_ANSWER_CHARACTERS} are allowed."})
