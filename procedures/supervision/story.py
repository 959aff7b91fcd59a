"""What a journal has told so far: the facts that decide how a procedure goes on and how it ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from oet.journal import Record, read_records
from procedures.domain.reported import exited_of, functions_of, raised_of


@dataclass
class Story:
    """The facts of one journal from its beginning. They are not stored: a new manager reads the journal again."""

    functions: Sequence[Mapping[str, Any]] | None = None
    """What the script offers; None until it is loaded."""
    function: str = ""
    """What runs, or ran last."""
    runs_taken: set[int] = field(default_factory=set)
    """Ids of the RUN commands that the worker has taken."""
    is_stop_taken: bool = False
    has_main_returned: bool = False
    """`main` has returned, so the process is about to end: nothing more can be started in it."""
    has_completed: bool = False
    returned: Mapping[str, Any] | None = None
    """What the last function returned, until the state that follows it."""
    raised: Mapping[str, Any] | None = None
    exited: Mapping[str, Any] | None = None
    """How a shell script ended that did not end well."""

    def learn(self, record: Record) -> None:
        """Take in one record. Raises KeyError, TypeError or ValueError where it is not as documented."""
        payload = _object(record)
        match record.topic:
            case "state":
                self.function = "init" if payload["state"] == "INITIALISING" else self.function
                self.returned = None
            case "loaded":
                self.functions = functions_of(payload)
            case "command" if payload["op"] == "RUN":
                self.runs_taken.add(payload["command"])
                self.function = str(payload["function"])
            case "command" if payload["op"] == "STOP":
                self.is_stop_taken = True
            case "returned":
                self.returned = payload
                self.has_main_returned = payload["function"] == "main"
            case "raised":
                self.raised = raised_of(payload)
            case "exited":
                self.exited = exited_of(payload)
            case "began":
                self.function = str(payload["function"])
            case "ended":
                self.has_completed = payload["how"] == "complete"

    def offered(self, function: str) -> Mapping[str, Any] | None:
        """The description of `function`; None if the script does not offer it."""
        return next((known for known in self.functions or () if known["name"] == function), None)

    @property
    def names(self) -> list[str]:
        """The functions that the script offers."""
        return [known["name"] for known in self.functions or ()]


def _object(record: Record) -> Mapping[str, Any]:
    if not isinstance(record.payload, Mapping):
        raise TypeError(f"the payload of {record.topic} is no object")
    return record.payload


def story_until(journal: str, offset: int) -> Story:
    """The story of a journal up to `offset`, as a predecessor knew it. Blocks while it reads."""
    story, position = Story(), 0
    while position < offset:
        records, following = read_records(journal, position, min(offset - position, 1 << 22))
        if following == position:
            break
        if following > offset:  # the reader takes whole records and may go further; those are still news
            records = records[: _count_until(journal, position, offset)]
        for record in records:
            learn_quietly(story, record)
        position = following
    return story


def learn_quietly(story: Story, record: Record) -> bool:
    """Take in a record; False where it is not as documented."""
    try:
        story.learn(record)
    except (KeyError, TypeError, ValueError, AttributeError):
        return False
    return True


def _count_until(journal: str, position: int, offset: int) -> int:
    with open(journal, "rb") as file:  # noqa: PTH123 - a plain name
        file.seek(position)
        return sum(1 for line in file.read(offset - position).split(b"\n") if line)
