"""What a chaos run leaves behind to be judged: plain values, so that the judge (`checks`) is a pure function."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Answer(StrEnum):
    """What the caller knows after a request."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    """4xx, or nobody there to connect to: it was not done."""
    AMBIGUOUS = "ambiguous"
    """503, 504 or a broken connection: it may have been done."""


@dataclass
class Creation:
    """A POST of a procedure with this tag among its arguments."""

    tag: str
    answer: Answer
    procedure: int | None


@dataclass
class Start:
    """A PUT RUNNING; the script writes the name of the attempt into its proof."""

    attempt: str
    procedure: int
    function: str
    lines: int
    answer: Answer
    asked_at: float
    proofs: list[tuple[int, float]] = field(default_factory=list)
    """Each time that it ran: the procedure and the time (Unix), written by the script itself."""
    intended_bytes: int = 0
    """What the script has written to its output at most, and at least."""
    done_bytes: int = 0
    published: int = 0
    """How many events it had published for certain."""
    last_sign_of_life: float = 0.0
    """When it last noted down how far it was (Unix)."""


@dataclass
class Stop:
    """A PUT STOPPED that was answered with 200, and who was still alive right after it."""

    procedure: int
    alive: list[str]


@dataclass
class Submission:
    """A POST of a task with this key."""

    tag: str
    answer: Answer


@dataclass
class ScriptFacts:
    """What the database says of a script of a trial, and the script itself."""

    key: str
    state: str
    reason: str
    procedure: int | None
    procedure_state: str | None
    resource: list[str]
    started_at: float | None
    finished_at: float | None
    start_when: list[tuple[str, list[str]]]
    """Keys and states of its start conditions."""
    announced: list[tuple[str, str]]
    """From and to of its events, in the order of the log."""
    proofs: list[int] = field(default_factory=list)
    """Each time that it ran: the procedure that it ran as, written by the script itself."""


@dataclass
class TrialFacts:
    """What the database says of a trial."""

    id: int
    state: str
    finished_at: float | None
    scripts: list[ScriptFacts]


@dataclass
class ProcedureFacts:
    """What the database says of a procedure, and REST of its output."""

    id: int
    tag: str
    state: str
    sequence: int
    cause: str
    finished_at: float | None
    history: list[tuple[int, str]]
    """Sequence number and state."""
    announced: list[int]
    """Sequence numbers of its statechange events, in the order of the log."""
    ticks: list[tuple[str, int]]
    """Attempt and number of the events that the script published, in the order of the log."""
    stdout: bytes = b""


@dataclass
class Evidence:
    """Everything."""

    creations: list[Creation] = field(default_factory=list)
    starts: list[Start] = field(default_factory=list)
    stops: list[Stop] = field(default_factory=list)
    procedures: list[ProcedureFacts] = field(default_factory=list)
    parts: list[ProcedureFacts] = field(default_factory=list)
    """Procedures that are scripts of trials."""
    submissions: list[Submission] = field(default_factory=list)
    task_keys: list[str] = field(default_factory=list)
    """Of the tasks in the database."""
    trials: list[TrialFacts] = field(default_factory=list)
    event_ids: list[int] = field(default_factory=list)
    """Those in the database."""
    followers: dict[str, list[int]] = field(default_factory=dict)
    """The ids that each follower saw, in the order in which it saw them."""
    queued_commands: int = 0
    claims: int = 0
    run_directories: list[str] = field(default_factory=list)
    left_processes: list[str] = field(default_factory=list)
    """What lives below the OET_HOME, apart from one launcher for each folder, when every procedure is final."""
    surviving: list[str] = field(default_factory=list)
    """Processes of final procedures that were seen alive during the run."""
    not_true: list[str] = field(default_factory=list)
    """Procedures that were called live, without a process, when everything had calmed down."""
    after_end: list[str] = field(default_factory=list)
    """What still ran when `up` had been ended by Ctrl-C."""
    unexpected: list[str] = field(default_factory=list)
    """Answers that should not be, such as a 500; threads that failed."""


def as_facts(document: dict[str, Any]) -> ProcedureFacts:
    """A procedure as `collect` prints it."""
    fields = {**document, "history": [tuple(row) for row in document["history"]]}
    return ProcedureFacts(**{**fields, "ticks": [tuple(tick) for tick in document["ticks"]]})


def as_trial(document: dict[str, Any]) -> TrialFacts:
    """A trial as `collect` prints it."""
    scripts = [
        ScriptFacts(
            **{
                **script,
                "start_when": [tuple(row) for row in script["start_when"]],
                "announced": [tuple(row) for row in script["announced"]],
            }
        )
        for script in document["scripts"]
    ]
    return TrialFacts(**{**document, "scripts": scripts})
