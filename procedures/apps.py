from django.apps import AppConfig


class ProceduresConfig(AppConfig):
    """Procedures: the scripts that OET runs."""

    name = "procedures"
    verbose_name = "Procedures"

    def ready(self) -> None:
        """Hear of environments, in whatever process changes them."""
        from procedures import environment_news  # models are not there before

        environment_news.listen()
