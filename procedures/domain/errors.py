"""What OET refuses, one class for each situation; the message says what is, what was wanted and what to do."""

from collections.abc import Mapping, Sequence


class Refusal(Exception):
    """A request that is understood but not carried out; nothing was changed by it."""

    code = "refused"


class InvalidInput(Refusal):
    """The request itself is wrong. `errors` names each field and the reason; all of them at once."""

    code = "invalid"

    def __init__(self, errors: Mapping[str, str | Sequence[str]]) -> None:
        self.errors = {field: [words] if isinstance(words, str) else list(words) for field, words in errors.items()}
        super().__init__("; ".join(f"{field}: {' '.join(words)}" for field, words in self.errors.items()))


class NotAllowed(Refusal):
    """The person or program lacks the right."""

    code = "forbidden"

    def __init__(self, who: str, what: str, needed: str) -> None:
        super().__init__(
            f"{who or 'nobody'} may not {what}: this needs the right “{needed}”, which the administrator grants."
        )


class NoSuchProcedure(Refusal):
    """There is no procedure with this id."""

    code = "not_found"

    def __init__(self, procedure_id: int) -> None:
        self.procedure_id = procedure_id
        super().__init__(f"there is no procedure {procedure_id}.")


class NoSuchPreset(Refusal):
    """There is no preset with this id."""

    code = "not_found"

    def __init__(self, preset_id: int) -> None:
        super().__init__(f"there is no preset {preset_id}: somebody may have deleted it.")


class WrongState(Refusal):
    """What was asked for cannot be done in the state the procedure is in."""

    code = "wrong_state"

    def __init__(self, procedure_id: int, state: str, wanted: str, remedy: str) -> None:
        self.procedure_id = procedure_id
        self.state = state
        super().__init__(f"procedure {procedure_id} is {state}; it cannot be {wanted}. {remedy}")


class ResourceHeld(Refusal):
    """Another procedure holds what this one needs."""

    code = "resource_held"

    def __init__(self, procedure_id: int, resource: str, holder: str, started_by: str = "") -> None:
        self.resource = resource
        by = f", started by {started_by}" if started_by else ""
        super().__init__(
            f"procedure {procedure_id} cannot be started: {holder} holds “{resource}”{by}. "
            "Wait for it, or stop it; whoever has the right to stop can."
        )


class NoSuchFunction(Refusal):
    """The script does not offer the function."""

    code = "no_such_function"

    def __init__(self, procedure_id: int, function: str, offered: Sequence[str]) -> None:
        listed = ", ".join(offered) or "none"
        super().__init__(f"the script of procedure {procedure_id} has no function “{function}”; it offers: {listed}.")


class NoSuchQuestion(Refusal):
    """The procedure has not asked this."""

    code = "not_found"

    def __init__(self, procedure_id: int, number: int) -> None:
        super().__init__(f"procedure {procedure_id} has asked no question {number}.")


class NotOpen(Refusal):
    """The question does not wait for an answer any more."""

    code = "not_open"

    def __init__(self, procedure_id: int, number: int, what: str) -> None:
        super().__init__(f"question {number} of procedure {procedure_id} waits for no answer: {what}.")


class NoSuchAttachment(Refusal):
    """The procedure has not attached this."""

    code = "not_found"

    def __init__(self, procedure_id: int, name: str) -> None:
        super().__init__(f"procedure {procedure_id} has no attachment “{name[:100]}”.")


class AbortImpossible(Refusal):
    """The abort cannot be prepared; nothing was stopped."""

    code = "abort_impossible"

    def __init__(self, procedure_id: int, why: str) -> None:
        self.why = why
        super().__init__(f"{why}; nothing was done. Stop procedure {procedure_id} without abort.")


class NoManager(Refusal):
    """No ProcessManager has a fresh heartbeat."""

    code = "no_manager"

    def __init__(self, last_seen: str = "") -> None:
        seen = f" (last heard of {last_seen}), or it cannot write to the database" if last_seen else ""
        super().__init__(
            f"no process manager is running{seen}; nothing was done. Start it: `make up` or `manage.py processmanager`."
        )


class Draining(Refusal):
    """The node finishes what runs and takes nothing new."""

    code = "draining"

    def __init__(self, node: str, by: str, since: str) -> None:
        super().__init__(
            f"node {node} takes no new work: {by} is draining it since {since}. Scripts that run go on and can be stopped; "
            "`manage.py drain --end` on that node takes work again."
        )


class NoAnswer(Refusal):
    """The manager did not answer in time."""

    code = "no_answer"

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"the process manager did not answer within {seconds:g} s; the request expired and will not be carried out later. "
            "Look at the state of the procedure before you repeat it."
        )


class StopUnderWay(Refusal):
    """A stop was begun, and is not over yet."""

    code = "no_answer"

    def __init__(self, procedure_id: int, seconds: float) -> None:
        super().__init__(
            f"procedure {procedure_id} is being stopped, but its end was not confirmed within {seconds:g} s; the stop goes on. "
            "Look at its state: it becomes STOPPED, or UNKNOWN where somebody must look at its node."
        )


class TransitionRefused(Exception):
    """A transition that is not in the table. It is logged and never applied."""

    def __init__(self, procedure_id: int, current: str, wanted: str) -> None:
        self.current = current
        self.wanted = wanted
        super().__init__(f"procedure {procedure_id} is {current}; {wanted} cannot follow.")
