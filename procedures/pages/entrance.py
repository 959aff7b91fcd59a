"""Log in, log out, and the choice of a theme: the pages that need no login."""

from datetime import timedelta
from math import ceil

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseBase
from django.shortcuts import redirect
from django.templatetags.static import static
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from procedures.guesses import LoginForm
from procedures.pages.page import THEME_COOKIE, THEMES

_THEME_LASTS = timedelta(days=400)  # what browsers allow at most


class LogIn(LoginView):
    """The door. Whoever is logged in already goes straight on."""

    template_name = "procedures/login.html"
    authentication_form = LoginForm
    redirect_authenticated_user = True

    def form_invalid(self, form: LoginForm) -> HttpResponse:  # type: ignore[override] # it is the one above
        """The door stays closed."""
        response = super().form_invalid(form)
        if form.wait_s:
            response.status_code = 429
            response["Retry-After"] = str(ceil(form.wait_s))
        return response


class LogOut(LogoutView):
    """The way out; scripts run on."""

    next_page = "/login/?out=1"


@login_not_required
@require_safe
def icon(request: HttpRequest) -> HttpResponseBase:
    """The icon, for pages that name none, such as the admin's and the API's."""
    return redirect(static("img/mark.svg"), permanent=True)


@login_not_required
@require_POST
def choose_theme(request: HttpRequest) -> HttpResponse:
    """Remember the theme in a cookie, for a browser without JavaScript, and go back."""
    theme = request.POST.get("theme", "")
    if theme not in THEMES:
        return HttpResponseBadRequest(f"There is no theme {theme!r}; there are {', '.join(THEMES)}.", "text/plain")
    back = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}):
        back = "/"
    response = redirect(back)
    response.set_cookie(THEME_COOKIE, theme, max_age=_THEME_LASTS, samesite="Lax", secure=settings.OET.https)
    return response
