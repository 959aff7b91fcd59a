"""What happens to environments becomes events, in the transaction that makes it happen and in whatever process does."""

from environments import hooks
from environments.hooks import Change
from procedures.bells import Role, ring_at_commit
from procedures.recorder import recording

STATE_TOPIC = "environment.statechange"


def listen() -> None:
    """Hear of every change from now on."""
    hooks.on_change(announce)


def announce(change: Change) -> None:
    """Write an event, and wake the managers: scripts may wait for this. Rows of procedures are never touched here."""
    environment = change.environment
    said = {
        "environment": environment.pk,
        "repository": environment.repository,
        "commit": environment.commit,
        "node": environment.node,
        "state": change.state.value,
        "previous": change.previous.value if change.previous else "",
        "reason": change.reason,
    }
    with recording() as record:
        record.announce(STATE_TOPIC, said)
    ring_at_commit(Role.MANAGER)
