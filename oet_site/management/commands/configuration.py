"""`manage.py configuration`: the settings in force."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand

from oet_site.settings_in_words import in_force
from oet_site.settings_in_words import markdown as markdown_page


class Command(BaseCommand):
    """Prints what OET goes by."""

    help = "Print every setting and its value; with --markdown, the table of docs/configuration.md."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Choose between the values and the table."""
        parser.add_argument("--markdown", action="store_true", help="print docs/configuration.md")

    def handle(self, *args: Any, markdown: bool, **options: Any) -> None:
        """Print."""
        self.stdout.write(
            markdown_page() if markdown else "\n".join(in_force(settings.OET)), ending="" if markdown else "\n"
        )
