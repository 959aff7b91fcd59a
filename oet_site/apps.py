from django.apps import AppConfig
from django.contrib.admin.apps import SimpleAdminConfig


class SiteConfig(AppConfig):
    """The project itself, an app so that it can have commands."""

    name = "oet_site"


class OetAdminConfig(SimpleAdminConfig):
    """Django's admin, under OET's name.

    Simple: the admin modules, with all that they lead to, are loaded with the addresses, thus by the web process alone.
    """

    default_site = "oet_site.admin_site.OetAdminSite"
