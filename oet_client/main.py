"""The command `oet`."""

import argparse
import os
import sys
from collections.abc import Sequence

from oet_client import trials
from oet_client.server import DEFAULT_URL, ClientError, Server

_EPILOG = "OET_URL and OET_TOKEN say which server, and who asks. Exit status: 0 if it passed or is valid, 1 if not, 2 for wrong usage."


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command; its exit status."""
    options = _parser().parse_args(arguments)
    try:
        with Server(options.url, options.token) as server:
            status: int = options.command(server, options.file)
            return status
    except ClientError as error:
        print(f"oet: {error}", file=sys.stderr)
        return trials.NOT_PASSED
    except KeyboardInterrupt:
        return trials.NOT_PASSED
    except BrokenPipeError:  # whoever read this has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return trials.NOT_PASSED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="oet", description="Talks to an OET server.", epilog=_EPILOG)
    subjects = parser.add_subparsers(required=True, metavar="SUBJECT")
    trial = subjects.add_parser("trial", help="graphs of scripts (docs/trials.md)", epilog=_EPILOG)
    commands = trial.add_subparsers(required=True, metavar="COMMAND")
    for name, command, words in (
        ("check", trials.check, "say all that is wrong with a document; nothing is created"),
        ("run", trials.run, "run a document, and tell every transition until it is over"),
    ):
        leaf = commands.add_parser(name, help=words, description=f"{words[0].upper()}{words[1:]}.", epilog=_EPILOG)
        leaf.add_argument("file", metavar="FILE", help="the document, in YAML or JSON; - reads standard input")
        url = os.environ.get("OET_URL") or DEFAULT_URL
        leaf.add_argument("--url", default=url, help=f"address of the server (OET_URL; {url})")
        leaf.add_argument("--token", default=os.environ.get("OET_TOKEN", ""), help="who asks (OET_TOKEN)")
        leaf.set_defaults(command=command)
    return parser
