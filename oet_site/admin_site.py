"""The administrator's site."""

from django.contrib.admin import AdminSite
from django.contrib.admin.forms import AdminAuthenticationForm

from procedures.guesses import LoginForm


class AdminLoginForm(LoginForm, AdminAuthenticationForm):
    """Django's form for administrators, which counts wrong passwords as the one for everybody does."""


class OetAdminSite(AdminSite):
    """Django's admin, under OET's name."""

    site_header = "OET administration"
    site_title = "OET"
    index_title = "History and people"
    login_form = AdminLoginForm
    enable_nav_sidebar = False
    """The lists need the width; there are few of them, and the index names them all."""
