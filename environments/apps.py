from django.apps import AppConfig


class EnvironmentsConfig(AppConfig):
    """Environments: what scripts from git run in."""

    name = "environments"
    verbose_name = "Environments"
