from django.apps import AppConfig


class ProceduresConfig(AppConfig):
    """Procedures: the scripts that OET runs."""

    name = "procedures"
    verbose_name = "Procedures"
