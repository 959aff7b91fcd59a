#!/usr/bin/env python
"""Django's command line for OET: `manage.py up` starts everything, `manage.py help` lists the rest."""

import atexit
import gc
import os
import signal
import sys


def main() -> None:
    """Run the command that the arguments name."""
    # What is being loaded when somebody presses Ctrl-C is of no interest. Who is deaf to it (nohup) stays so.
    hears = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if hears:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from oet_site.up import leash

    leash.put_on()
    from oet_site.configuration import InvalidConfiguration, load
    from oet_site.up.problems import require_possible

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oet_site.settings")
    # Nothing of what is loaded here is garbage: looking for it would take a third of every start and every end.
    gc.disable()
    import django
    from django.core.management import execute_from_command_line

    try:
        require_possible(load(), "".join(sys.argv[1:2]))
    except InvalidConfiguration as invalid:
        sys.exit(str(invalid))
    django.setup()
    gc.freeze()
    gc.enable()
    atexit.register(gc.freeze)
    if hears:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:  # the command does not look after Ctrl-C itself, or not yet
        sys.exit(128 + signal.SIGINT)
