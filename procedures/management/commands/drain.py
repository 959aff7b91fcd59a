"""`manage.py drain`: lets a node finish what runs, and take nothing new."""

import getpass
import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from procedures.bells import Role, listen
from procedures.draining import NoSuchNode, busy, drain, end_drain, waiting
from procedures.models import Procedure

RECHECK_S = 1.0
STATUS_TIMEOUT = 2


class Command(BaseCommand):
    """Drain a node and wait until nothing runs there."""

    help = (
        "Refuses new scripts and new starts on this node and waits until nothing runs there. Stops and aborts work as ever; the node keeps "
        "refusing until `--end`. Exit status: 0 nothing runs, 2 something still did when --timeout was over."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which node, for how long, or the end of it."""
        parser.add_argument("--node", default=settings.OET.node, help="name of the node (default: this one)")
        parser.add_argument("--end", action="store_true", help="take work again, and return at once")
        parser.add_argument("--timeout", type=float, help="seconds to wait for (default: as long as it takes)")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Drain, and say whom it is waiting for whenever that changes."""
        node = options["node"]
        try:
            if options["end"]:
                end_drain(node)
                self.stdout.write(f"node {node} takes work again")
                return
            drain(node, getpass.getuser())
        except NoSuchNode:
            raise CommandError(f"there is no node {node!r}: no process manager has ever run under this name") from None
        self.stdout.write(f"node {node} takes no new work; `manage.py drain --end` takes it again")
        if not self._wait(node, options["timeout"]):
            self.stdout.write("the time is over; the node goes on refusing new work")
            sys.exit(STATUS_TIMEOUT)
        for procedure in waiting(node):
            self.stdout.write(f"{procedure} is prepared and would be started by nobody; stop it if it is not wanted")
        self.stdout.write(f"nothing runs on node {node}")

    def _wait(self, node: str, timeout_s: float | None) -> bool:
        """Whether nothing runs there before the time is over."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        told: list[str] = []
        bell = listen(Role.WEB)
        try:
            while running := busy(node):
                told = self._tell(running, told)
                if deadline is not None and time.monotonic() > deadline:
                    return False
                bell.wait(RECHECK_S if deadline is None else max(0.0, min(RECHECK_S, deadline - time.monotonic())))
        finally:
            bell.close()
        return True

    def _tell(self, running: list[Procedure], told: list[str]) -> list[str]:
        words = [str(procedure) for procedure in running]
        if words != told:
            self.stdout.write(f"waiting for {', '.join(words)}")
            self.stdout.flush()
        return words
