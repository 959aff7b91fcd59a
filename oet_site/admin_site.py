"""The administrator's site."""

from django.contrib.admin import AdminSite


class OetAdminSite(AdminSite):
    """Django's admin, under OET's name."""

    site_header = "OET administration"
    site_title = "OET"
    index_title = "History and people"
    enable_nav_sidebar = False
    """The lists need the width; there are few of them, and the index names them all."""
