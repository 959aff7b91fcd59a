from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    from procedures.manager.context import Context
    from procedures.recorder import Recording
    from trials.manager.desk import TrialDesk


class TrialsConfig(AppConfig):
    """Trials: graphs of scripts that start and end each other."""

    name = "trials"
    verbose_name = "Trials"

    def ready(self) -> None:
        """Hear of every transition of a procedure, and work beside the ProcessManager."""
        from procedures import recorder  # models are not there before
        from procedures.manager import companions

        recorder.listeners.append(_hear)
        companions.makers.append(_make_desk)


def _hear(record: "Recording") -> None:
    from trials import hearing  # not before something is recorded: many commands never do

    hearing.hear(record)


def _make_desk(context: "Context") -> "TrialDesk":
    from trials.manager.desk import TrialDesk  # in managers alone

    return TrialDesk(context)
