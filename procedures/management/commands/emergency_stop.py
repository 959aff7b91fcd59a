"""`manage.py emergency_stop`: kills every script of this machine, without database and manager."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from oet import emergency


class Command(BaseCommand):
    """The emergency stop, for the OET_HOME of the settings."""

    help = (
        "Kill every script of this machine at once, through the launchers and over their heads. Uses neither the database nor the "
        "manager. Where the settings cannot be loaded either: python -I oet/emergency.py --home <OET_HOME>. "
        "Exit status: 0 nothing is left, 1 something lives still (it is named), 2 it could not be begun."
    )
    requires_system_checks: list[str] = []  # nothing may keep anybody from stopping scripts

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Choose another home, or JSON."""
        parser.add_argument("--home", type=Path, help="another OET_HOME than that of the settings")
        parser.add_argument("--json", action="store_true", help="print what was done as JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Stop everything."""
        text, status = emergency.run_and_tell(options["home"] or settings.OET.home, as_json=options["json"])
        self.stdout.write(text)
        sys.exit(status)
