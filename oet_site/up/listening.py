"""The web server's port. `up` opens it and hands it down, so that clients wait while the web process is restarted."""

import errno
import os
import socket

BACKLOG = 1024
"""Connections that may wait while the web process starts again; the kernel cuts it at net.core.somaxconn."""


class CannotListen(Exception):
    """The port cannot be opened; the message says why and what to do."""


def listen(bind: str, port: int) -> socket.socket:
    """A socket that listens on `bind` and `port` (0: any free one); raises CannotListen."""
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_STREAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind((bind, port))
        opened.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        opened.close()
        raise CannotListen(_why(bind, port, error)) from error
    opened.setblocking(False)  # noqa: FBT003 - the standard library takes it by position only
    return opened


def url_of(opened: socket.socket) -> str:
    """The address that people on this machine type into their browser."""
    host, port = opened.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def _why(bind: str, port: int, error: Exception) -> str:
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.EADDRINUSE:
        return (
            f"OET_PORT={port}: something listens on {bind}:{port} already; choose another port, or 0 for any free one."
        )
    if number == errno.EACCES:
        return f"OET_PORT={port}: only root may listen on ports below 1024; choose another."
    if number == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
        return f"OET_BIND={bind}: this machine has no such address; 127.0.0.1 is for this machine alone, 0.0.0.0 for all of its addresses."
    reason = os.strerror(number) if number else str(error)
    return f"OET_BIND={bind}, OET_PORT={port}: cannot listen there: {reason}."
