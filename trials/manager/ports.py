"""Free ports for a trial: TCP and UDP on localhost, used by no other live trial of the node."""

import random
import socket
from collections.abc import Collection, Mapping

from trials.domain.specification import PortRange


class NoFreePort(Exception):
    """Every port of a range is taken."""

    def __init__(self, name: str, wanted: PortRange) -> None:
        super().__init__(f"no port from {wanted.min} to {wanted.max} is free for {name}")


def free_ports(wanted: Mapping[str, PortRange], taken: Collection[int]) -> dict[str, int]:
    """One port for each name; raises NoFreePort."""
    found: dict[str, int] = {}
    for name, span in wanted.items():
        candidates = list(range(span.min, span.max + 1))
        first = random.randrange(len(candidates))  # noqa: S311 - to meet the ports of other programs less often
        others = (*taken, *found.values())
        port = next((p for p in candidates[first:] + candidates[:first] if p not in others and _is_free(p)), None)
        if port is None:
            raise NoFreePort(name, span)
        found[name] = port
    return found


def _is_free(port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            if kind == socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True
