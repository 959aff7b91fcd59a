"""The judge: what in the evidence contradicts the promises of `docs/guarantees.md`. A pure function, so that it can be tested itself."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from procedures.domain.states import FINAL, TRANSITIONS, ProcedureState
from tests.chaos.evidence import Answer, Evidence, ProcedureFacts, Start
from tests.chaos.script import stream
from tests.chaos.trial_checks import trial_violations

REPLY_TIMEOUT_S = 10.0
LATE_S = REPLY_TIMEOUT_S + 5.0
"""A start that was asked for may be carried out until its command expires; the rest is for a busy machine."""
CLOCK_S = 0.1
"""Time stamps of files may be off by a tick of the kernel."""
LAUNCHER_LOST = "launcher lost"
"""What is in the pipe of a launcher that is killed is gone, so the end of the output may be missing."""


def violations(evidence: Evidence) -> list[str]:
    """Every contradiction, in words; none if all promises were kept."""
    return list(_all(evidence))


def _all(evidence: Evidence) -> Iterator[str]:
    starts: dict[int, list[Start]] = {}
    for start in evidence.starts:
        starts.setdefault(start.procedure, []).append(start)
    for procedure in evidence.procedures:
        yield from _state(procedure)
        yield from _history(procedure)
        yield from _runs(procedure, starts.get(procedure.id, []))
        yield from _output(procedure, starts.get(procedure.id, []))
        yield from _ticks(procedure, starts.get(procedure.id, []))
    for part in evidence.parts:
        yield from _state(part)
        yield from _history(part)
    for start in evidence.starts:
        yield from _proofs(start)
    yield from trial_violations(evidence)
    yield from _creations(evidence)
    yield from _stops(evidence)
    yield from _events(evidence)
    yield from _leftovers(evidence)


def _state(procedure: ProcedureFacts) -> Iterator[str]:
    if procedure.state not in FINAL:
        yield f"procedure {procedure.id} is {procedure.state} although everything was stopped: {procedure.cause}"
    elif procedure.finished_at is None:
        yield f"procedure {procedure.id} is {procedure.state} and has no time of its end"
    if procedure.state == ProcedureState.FAILED and not procedure.cause:
        yield f"procedure {procedure.id} is FAILED without a reason"


def _history(procedure: ProcedureFacts) -> Iterator[str]:
    numbers = [number for number, _ in procedure.history]
    states = [ProcedureState(state) for _, state in procedure.history]
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"procedure {procedure.id}: the numbers of its history are {numbers}"
    if not states or states[0] is not ProcedureState.CREATING:
        yield f"procedure {procedure.id}: its history begins with {states[:1]}"
    for before, after in pairwise(states):
        if after not in TRANSITIONS[before]:
            yield f"procedure {procedure.id} went from {before} to {after}"
    if states and (states[-1] != procedure.state or procedure.sequence != len(states)):
        yield f"procedure {procedure.id} is {procedure.state} ({procedure.sequence}); its history ends with {states[-1]} ({len(states)})"
    if procedure.announced != numbers:
        yield f"procedure {procedure.id}: transitions {numbers}, but announced were {procedure.announced}"


def _proofs(start: Start) -> Iterator[str]:
    """Never twice, never if refused, never late, never for somebody else."""
    words = f"start {start.attempt} of procedure {start.procedure} ({start.answer})"
    if len(start.proofs) > 1:
        yield f"{words} ran {len(start.proofs)} times"
    if start.proofs and start.answer is Answer.REFUSED:
        yield f"{words} ran although it was refused"
    for procedure, at in start.proofs:
        if procedure != start.procedure:
            yield f"{words} ran in procedure {procedure}"
        if at > start.asked_at + LATE_S:
            yield f"{words} ran {at - start.asked_at:.1f} s after it was asked for"


def _runs(procedure: ProcedureFacts, starts: Sequence[Start]) -> Iterator[str]:
    """The history counts the runs that were accepted; each ran, unless it was the last and its process was killed first."""
    runs = [state for _, state in procedure.history].count(ProcedureState.RUNNING)
    ran = sum(1 for start in starts if start.proofs)
    accepted = [start for start in starts if start.answer is Answer.ACCEPTED]
    ambiguous = sum(1 for start in starts if start.answer is Answer.AMBIGUOUS)
    words = f"procedure {procedure.id} ({procedure.state}: {procedure.cause})"
    if not len(accepted) <= runs <= len(accepted) + ambiguous:
        yield f"{words} was RUNNING {runs} times; {len(accepted)} starts were accepted and {ambiguous} may have been"
    if ran > runs:
        yield f"{words} ran {ran} times, but was RUNNING {runs} times"
    missing = [start.attempt for start in accepted if not start.proofs]
    if missing and procedure.state == ProcedureState.COMPLETE:
        yield f"{words}: accepted starts never ran: {missing}"
    elif len(missing) > 1:
        yield f"{words}: more than the last accepted start never ran: {missing}"
    last = max((start.last_sign_of_life for start in starts), default=0.0)
    if procedure.finished_at is not None and last > procedure.finished_at + CLOCK_S:
        yield f"{words} still worked {last - procedure.finished_at:.3f} s after its end"


def _output(procedure: ProcedureFacts, starts: Sequence[Start]) -> Iterator[str]:
    """All runs but the last wrote everything; of the last there is what it wrote until its end."""
    ran = sorted((start for start in starts if start.proofs), key=lambda start: start.proofs[0][1])
    words = f"procedure {procedure.id} ({procedure.state}: {procedure.cause})"
    whole = b"".join(stream(start.attempt, start.lines) for start in ran)
    before = b"".join(stream(start.attempt, start.lines) for start in ran[:-1])
    least = len(before) + (ran[-1].done_bytes if ran else 0)
    most = len(before) + (ran[-1].intended_bytes if ran else 0)
    found = procedure.stdout
    if not whole.startswith(found):
        place = next((i for i, (a, b) in enumerate(zip(whole, found, strict=False)) if a != b), len(whole))
        yield f"{words}: its output is not what it wrote, from byte {place}: {found[place : place + 80]!r}"
    elif len(found) > most:
        yield f"{words}: {len(found)} bytes of output, of {most} that it wrote"
    elif len(found) < least and LAUNCHER_LOST not in procedure.cause:
        yield f"{words}: {len(found)} bytes of output, of {least} that it wrote"
    if procedure.state == ProcedureState.COMPLETE and found != whole:
        yield f"{words}: {len(found)} bytes of output, of {len(whole)}"


def _ticks(procedure: ProcedureFacts, starts: Sequence[Start]) -> Iterator[str]:
    """What it published is in the event log once, in order; only the very last may not have been counted any more."""
    by_attempt: dict[str, list[int]] = {start.attempt: [] for start in starts}
    for attempt, number in procedure.ticks:
        by_attempt.setdefault(attempt, []).append(number)
    published = {start.attempt: start.published for start in starts}
    for attempt, numbers in by_attempt.items():
        least = published.get(attempt, 0)
        if numbers != list(range(len(numbers))) or not least <= len(numbers) <= least + 1:
            yield f"procedure {procedure.id}: {attempt} published {least} events; in the log are {numbers}"


def _creations(evidence: Evidence) -> Iterator[str]:
    """Accepted: there is one. Refused: there is none. Unknown: at most one. And nothing that nobody asked for."""
    found = Counter(procedure.tag for procedure in evidence.procedures)
    for creation in evidence.creations:
        count = found.pop(creation.tag, 0)
        allowed = {Answer.ACCEPTED: {1}, Answer.REFUSED: {0}, Answer.AMBIGUOUS: {0, 1}}[creation.answer]
        if count not in allowed:
            yield f"creation {creation.tag} was {creation.answer}, and there are {count} such procedures"
    if found:
        yield f"nobody asked for procedures {dict(found)}"


def _stops(evidence: Evidence) -> Iterator[str]:
    states = {procedure.id: procedure.state for procedure in evidence.procedures}
    # Whose launcher is killed while it is being stopped has ended by that, and nothing of it is left, which is what the answer says.
    lost = {procedure.id for procedure in evidence.procedures if LAUNCHER_LOST in procedure.cause}
    for stop in evidence.stops:
        if stop.alive:
            yield f"procedure {stop.procedure} was said to be stopped, and {stop.alive} lived"
        if stop.procedure not in lost and states.get(stop.procedure) not in {
            ProcedureState.STOPPED,
            ProcedureState.COMPLETE,
        }:
            yield f"procedure {stop.procedure} was said to be stopped, and is {states.get(stop.procedure)}"


def _events(evidence: Evidence) -> Iterator[str]:
    """A follower saw exactly the log: no gap, no duplicate, in order."""
    for name, seen in evidence.followers.items():
        if seen == evidence.event_ids:
            continue
        duplicates = [number for number, count in Counter(seen).items() if count > 1]
        missing = sorted(set(evidence.event_ids) - set(seen))
        invented = sorted(set(seen) - set(evidence.event_ids))
        yield (
            f"follower {name} saw {len(seen)} of {len(evidence.event_ids)} events: missing {_some(missing)}, "
            f"twice {_some(duplicates)}, not in the log {_some(invented)}, {'in order' if seen == sorted(seen) else 'out of order'}"
        )


def _leftovers(evidence: Evidence) -> Iterator[str]:
    if evidence.queued_commands:
        yield f"{evidence.queued_commands} commands were never answered"
    if evidence.claims:
        yield f"{evidence.claims} resources are still claimed"
    for words, found in (
        ("run directories are left", evidence.run_directories),
        ("processes are left", evidence.left_processes),
        ("processes of final procedures lived", evidence.surviving),
        ("procedures were called live, and were not", evidence.not_true),
        ("processes were left after Ctrl-C", evidence.after_end),
        ("there were answers that should not be", evidence.unexpected),
    ):
        if found:
            yield f"{words}: {_some(found)}"


def _some(items: Iterable[object], count: int = 10) -> str:
    listed = list(items)
    more = f" and {len(listed) - count} more" if len(listed) > count else ""
    return f"{listed[:count]}{more}"
