"""`manage.py web`: the web server alone."""

import socket
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand

from oet_site.up.listening import CannotListen, listen, url_of


class Command(BaseCommand):
    """Serves pages, REST and websockets."""

    help = "Serve pages, REST and websockets on OET_BIND and OET_PORT."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the socket that somebody else has opened."""
        parser.add_argument("--descriptor", type=int, help="number of an open socket to serve instead; `up` uses it")

    def handle(self, *args: Any, descriptor: int | None = None, **options: Any) -> None:
        """Serve until SIGTERM or SIGINT."""
        from oet_site.asgi import application
        from oet_site.web.server import WebServer  # it installs its event loop when imported

        try:
            listening = (
                listen(settings.OET.bind, settings.OET.port) if descriptor is None else socket.socket(fileno=descriptor)
            )
        except CannotListen as reason:
            sys.exit(str(reason))
        if descriptor is None:
            self.stdout.write(f"listening: {url_of(listening)}")
            self.stdout.flush()
        WebServer(application, listening, settings.OET.body_limit).run()
