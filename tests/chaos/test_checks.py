"""The judge finds each broken promise, and nothing in a run that kept them."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.chaos.checks import violations
from tests.chaos.evidence import (
    Answer,
    Creation,
    Evidence,
    ProcedureFacts,
    ScriptFacts,
    Start,
    Stop,
    Submission,
    TrialFacts,
)
from tests.chaos.script import stream

STATES = ["CREATING", "IDLE", "LOADING", "IDLE", "INITIALISING", "READY", "RUNNING", "READY"]
TEXT = stream("a", 3)


def good() -> Evidence:
    """A run with one procedure that completed, one that was killed and one that was stopped before it did anything."""
    complete = ProcedureFacts(
        1, "t-0", "COMPLETE", 9, "main returned", 60.0, list(enumerate([*STATES, "COMPLETE"], 1)), list(range(1, 10)),
        [("a", 0)], TEXT,
    )  # fmt: skip
    killed = ProcedureFacts(
        2, "t-1", "FAILED", 8, "killed by SIGKILL", 60.0, list(enumerate([*STATES[:7], "FAILED"], 1)), list(range(1, 9)),
        [("b", 0), ("b", 1)], stream("b", 2),
    )  # fmt: skip
    stopped = ProcedureFacts(3, "t-2", "STOPPED", 2, "on request", 60.0, [(1, "CREATING"), (2, "STOPPED")], [1, 2], [])
    size = len(stream("b", 2))
    return Evidence(
        creations=[
            Creation("t-0", Answer.ACCEPTED, 1),
            Creation("t-1", Answer.AMBIGUOUS, None),
            Creation("t-2", Answer.ACCEPTED, 3),
            Creation("t-3", Answer.REFUSED, None),
            Creation("t-4", Answer.AMBIGUOUS, None),
        ],
        starts=[
            Start("a", 1, "main", 3, Answer.ACCEPTED, 50.0, [(1, 50.1)], len(TEXT), len(TEXT), 1, 51.0),
            Start("b", 2, "main", 30, Answer.AMBIGUOUS, 50.0, [(2, 50.1)], size, size - 3, 1, 52.0),
            Start("c", 1, "main", 3, Answer.REFUSED, 50.0),
            Start("d", 3, "main", 3, Answer.AMBIGUOUS, 50.0),
        ],
        stops=[Stop(3, [])],
        procedures=[complete, killed, stopped],
        submissions=[Submission("night-0", Answer.ACCEPTED), Submission("night-1", Answer.AMBIGUOUS)],
        task_keys=["night-0"],
        trials=[_trial()],
        event_ids=[1, 2, 4],
        followers={"websocket": [1, 2, 4]},
    )


def _trial() -> TrialFacts:
    """A script that passed, one that was ended when another had started, and one that was skipped."""
    started = [("pending", "executing")]
    passed = ScriptFacts(
        "a", "passed", "", 11, "COMPLETE", ["dish"], 50.0, 51.0, [], [*started, ("executing", "passed")], [11]
    )
    ended = ScriptFacts(
        "b", "aborted", "abort", 12, "STOPPED", ["dish"], 51.0, 52.0, [("a", ["passed"])],
        [*started, ("executing", "aborted")],
    )  # fmt: skip
    skipped = ScriptFacts(
        "c", "skipped", "unsatisfiable", 13, "STOPPED", [], None, None, [("b", ["passed"])], [("pending", "skipped")]
    )
    return TrialFacts(1, "aborted", 52.0, [passed, ended, skipped])


def test_run_that_kept_every_promise_has_no_violations() -> None:
    assert violations(good()) == []


def _set(place: Callable[[Evidence], object], **values: object) -> Callable[[Evidence], None]:
    def change(evidence: Evidence) -> None:
        for name, value in values.items():
            setattr(place(evidence), name, value)

    return change


def _first(evidence: Evidence) -> ProcedureFacts:
    return evidence.procedures[0]


def _second(evidence: Evidence) -> ProcedureFacts:
    return evidence.procedures[1]


def _whole(evidence: Evidence) -> Evidence:
    return evidence


def _script(position: int) -> Callable[[Evidence], ScriptFacts]:
    return lambda evidence: evidence.trials[0].scripts[position]


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (_set(lambda e: e.trials[0], state="executing"), "is executing although everything was aborted"),
        (_set(_script(0), proofs=[11, 11]), "ran 2 times"),
        (_set(_script(0), proofs=[]), "passed and never ran"),
        (_set(_script(0), proofs=[12]), "ran in procedure 12, not in 11"),
        (_set(_script(2), proofs=[13]), "ran although it was skipped"),
        (_set(_script(0), state="executing"), "is not over"),
        (_set(_script(0), procedure_state="STOPPED"), "has a procedure that is STOPPED"),
        (_set(_script(1), procedure_state="RUNNING"), "has a procedure that is RUNNING"),
        (_set(_script(0), announced=[("pending", "executing")]), "was last announced as executing"),
        (_set(_script(0), announced=[("waiting", "passed")]), "was announced to leave waiting when it was pending"),
        (_set(_script(0), announced=[("pending", "passed")]), "went from pending to passed"),
        (_set(_script(0), finished_at=51.5), "started before a had ended"),
        (_set(_script(0), finished_at=51.5), "at the same time"),
        (_set(_script(0), state="failed"), "started, and a is failed"),
        (_set(_script(2), start_when=[("a", ["passed"])]), "called unsatisfiable, and every condition matches"),
        (_set(_whole, task_keys=[]), "task night-0 was accepted, and there are 0"),
        (_set(_whole, task_keys=["night-0", "x"]), "nobody asked for tasks"),
        (_set(_first, state="RUNNING"), "is RUNNING although everything was stopped"),
        (_set(_first, finished_at=None), "has no time of its end"),
        (_set(_second, cause=""), "FAILED without a reason"),
        (_set(_first, history=[(1, "CREATING"), (3, "COMPLETE")]), "the numbers of its history are [1, 3]"),
        (_set(_first, history=[(1, "CREATING"), (2, "READY")]), "went from CREATING to READY"),
        (_set(_first, history=[(1, "IDLE")]), "its history begins with"),
        (_set(_first, sequence=8), "its history ends with"),
        (_set(_first, announced=[1, 2, 3]), "but announced were [1, 2, 3]"),
        (_set(lambda e: e.starts[0], proofs=[(1, 50.1), (1, 50.2)]), "ran 2 times"),
        (_set(lambda e: e.starts[2], proofs=[(1, 50.1)]), "ran although it was refused"),
        (_set(lambda e: e.starts[0], proofs=[(2, 50.1)]), "ran in procedure 2"),
        (_set(lambda e: e.starts[0], proofs=[(1, 99.0)]), "ran 49.0 s after it was asked for"),
        (_set(lambda e: e.starts[0], proofs=[]), "accepted starts never ran: ['a']"),
        (_set(lambda e: e.starts[0], answer=Answer.REFUSED), "was RUNNING 1 times; 0 starts were accepted"),
        (_set(lambda e: e.starts[3], answer=Answer.ACCEPTED), "was RUNNING 0 times; 1 starts were accepted"),
        (_set(lambda e: e.starts[3], proofs=[(3, 50.1)]), "ran 1 times, but was RUNNING 0 times"),
        (_set(lambda e: e.starts[1], last_sign_of_life=60.5), "still worked 0.500 s after its end"),
        (_set(_first, stdout=TEXT.replace(b"a 1", b"a 7")), "its output is not what it wrote, from byte"),
        (_set(_first, stdout=TEXT[:-1]), "bytes of output, of"),
        (_set(_second, stdout=stream("b", 3)), "bytes of output, of"),
        (_set(_second, stdout=stream("b", 1)), "bytes of output, of"),
        (_set(_second, ticks=[("b", 0), ("b", 0)]), "published 1 events; in the log are [0, 0]"),
        (_set(_second, ticks=[]), "published 1 events; in the log are []"),
        (_set(_second, ticks=[("b", 0), ("b", 2)]), "in the log are [0, 2]"),
        (_set(_first, tag="t-9"), "creation t-0 was accepted, and there are 0"),
        (_set(_first, tag="t-9"), "nobody asked for procedures {'t-9': 1}"),
        (_set(_first, tag="t-1"), "creation t-1 was ambiguous, and there are 2"),
        (_set(_first, tag="t-3"), "creation t-3 was refused, and there are 1"),
        (
            _set(lambda e: e.stops[0], alive=["12 oet-script-3"]),
            "was said to be stopped, and ['12 oet-script-3'] lived",
        ),
        (_set(lambda e: e.stops[0], procedure=2), "was said to be stopped, and is FAILED"),
        (_set(_whole, followers={"x": [1, 4]}), "missing [2]"),
        (_set(_whole, followers={"x": [1, 2, 2, 4]}), "twice [2]"),
        (_set(_whole, followers={"x": [1, 4, 2]}), "out of order"),
        (_set(_whole, followers={"x": [1, 2, 3, 4]}), "not in the log [3]"),
        (_set(_whole, queued_commands=1), "1 commands were never answered"),
        (_set(_whole, claims=1), "1 resources are still claimed"),
        (_set(_whole, run_directories=["7"]), "run directories are left"),
        (_set(_whole, left_processes=["7 x"]), "processes are left"),
        (_set(_whole, surviving=["7 x"]), "processes of final procedures lived"),
        (_set(_whole, not_true=["7"]), "were called live"),
        (_set(_whole, after_end=["7 x"]), "left after Ctrl-C"),
        (_set(_whole, unexpected=["500"]), "answers that should not be"),
    ],
)
def test_each_broken_promise_is_found(damage: Callable[[Evidence], None], words: str) -> None:
    evidence = good()
    damage(evidence)
    assert any(words in found for found in violations(evidence)), violations(evidence)


def test_end_of_the_output_may_be_missing_where_the_launcher_was_lost() -> None:
    evidence = good()
    evidence.procedures[1] = replace(evidence.procedures[1], stdout=stream("b", 1), cause="launcher lost: it died")
    assert violations(evidence) == []
