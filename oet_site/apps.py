from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class SiteConfig(AppConfig):
    """The project itself, an app so that it can have commands."""

    name = "oet_site"


class OetAdminConfig(AdminConfig):
    """Django's admin, under OET's name."""

    default_site = "oet_site.admin_site.OetAdminSite"
