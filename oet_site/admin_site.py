"""The administrator's site."""

from django.contrib.admin import AdminSite


class OetAdminSite(AdminSite):
    """Django's admin, under OET's name."""

    site_header = "OET administration"
    site_title = "OET"
    index_title = "History and people"
