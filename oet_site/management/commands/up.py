"""`manage.py up`: OET on this machine, with everything it needs."""

import asyncio
import os
import socket
import sys
import time
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, call_command
from django.db import DatabaseError, connections

from oet_site.configuration import PROJECT_DIR, Configuration
from oet_site.up.child import Program
from oet_site.up.console import Console
from oet_site.up.instance import AlreadyUp, Children, only_one
from oet_site.up.leash import PARENT_VARIABLE
from oet_site.up.listening import CannotListen, listen, url_of
from oet_site.up.people import FirstLogin, make_first_administrator
from oet_site.up.problems import advice
from oet_site.up.readiness import missing
from oet_site.up.supervisor import MANAGER, WEB, WORKER, Supervisor

LOOK_AGAIN_S = 0.2
PATIENCE_S = 20.0
"""After this we say what we wait for, and go on waiting."""

TIME_TO_KILL_S = 20.0
"""What the manager may need beyond the grace of the scripts: to kill them, to make sure, to record it."""


class Command(BaseCommand):
    """Starts the web server, the process manager and the Celery worker, and keeps them running."""

    help = "Start OET on this machine: migrate, then web, process manager and Celery worker, until Ctrl-C."
    requires_system_checks: list[str] = []  # migrate runs them

    def handle(self, *args: Any, **options: Any) -> None:
        """Start, run, end."""
        configuration: Configuration = settings.OET
        console = Console([WEB, MANAGER, WORKER])
        for hint in advice(os.environ):
            console.say(hint)
        try:
            with only_one(configuration.home):
                status = self._run(configuration, console)
        except (AlreadyUp, CannotListen) as reason:
            sys.exit(str(reason))
        except KeyboardInterrupt:
            sys.exit("ended before anything was started.")
        sys.exit(status)

    def _run(self, configuration: Configuration, console: Console) -> int:
        children = Children(configuration.home)
        children.await_predecessors(console.say)
        with listen(configuration.bind, configuration.port) as listening:
            first_login = self._prepare_database(configuration)
            since = datetime.now(UTC)
            environment = _environment(configuration, listening)
            supervisor = Supervisor(_programs(configuration, listening), PROJECT_DIR, environment, console, children)
            welcome = Welcome(url_of(listening), configuration, first_login, console)
            return asyncio.run(supervisor.run(lambda: welcome.when_ready(supervisor, since)))

    def _prepare_database(self, configuration: Configuration) -> FirstLogin | None:
        try:
            call_command("migrate", interactive=False, verbosity=0)
            return make_first_administrator(configuration.admin_password, configuration.home)
        except DatabaseError as error:
            where = (
                "DATABASE_URL" if configuration.database_url else f"the SQLite file in OET_HOME={configuration.home}"
            )
            sys.exit(f"{where}: the database cannot be used: {error}")
        finally:
            connections.close_all()


class Welcome:
    """Tells people that OET is ready, when it is; and how to log in for the first time, once."""

    def __init__(
        self, url: str, configuration: Configuration, first_login: FirstLogin | None, console: Console
    ) -> None:
        self._url = url
        self._node = configuration.node
        self._first_login = first_login
        self._console = console

    def when_ready(self, supervisor: Supervisor, since: datetime) -> None:
        """Wait until OET is ready and say so."""
        patient_until = time.monotonic() + PATIENCE_S
        while lacking := missing(self._url, self._node, since):
            if supervisor.is_ending:
                return
            if time.monotonic() > patient_until:
                patient_until = float("inf")
                self._console.say(f"still waiting: {lacking}; {self._url}")
                self._say_login()
            time.sleep(LOOK_AGAIN_S)
        self._console.say(f"OET is ready: {self._url}")
        self._say_login()
        self._console.say("Ctrl-C stops running scripts and ends OET.")

    def _say_login(self) -> None:
        if self._first_login is None:
            return
        login, self._first_login = self._first_login, None
        self._console.say(f"This is the first start. Log in as user: {login.username}")
        if login.password:
            self._console.say(f"with password: {login.password}")
            self._console.say("It is shown only now. `manage.py changepassword admin` sets another.")
        else:
            self._console.say("with the password from OET_ADMIN_PASSWORD.")
        login.told()


def _programs(configuration: Configuration, listening: socket.socket) -> list[Program]:
    descriptor = listening.fileno()
    return [
        Program(WEB, ("web", "--descriptor", str(descriptor)), descriptors=(descriptor,)),
        Program(MANAGER, ("processmanager",), patience_s=configuration.grace + TIME_TO_KILL_S),
        Program(WORKER, ("worker",)),
    ]


def _environment(configuration: Configuration, listening: socket.socket) -> dict[str, str]:
    """What the processes see: our variables, less the password, plus what we decided."""
    environment = {name: value for name, value in os.environ.items() if name != "OET_ADMIN_PASSWORD"}
    return environment | {
        "OET_HOME": str(configuration.home),
        "OET_PORT": str(listening.getsockname()[1]),
        "PYTHONUNBUFFERED": "1",
        PARENT_VARIABLE: str(os.getpid()),
    }
