from django.apps import AppConfig


class TrialsConfig(AppConfig):
    """Trials: graphs of scripts that start and end each other."""

    name = "trials"
    verbose_name = "Trials"

    def ready(self) -> None:
        """Hear of every transition of a procedure, and work beside the ProcessManager."""
        from procedures import recorder  # models are not there before
        from procedures.manager import companions
        from trials import hearing
        from trials.manager.desk import TrialDesk

        recorder.listeners.append(hearing.hear)
        companions.makers.append(TrialDesk)
