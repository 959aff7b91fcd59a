"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path, re_path

from procedures.rest.health import healthz, readyz

admin.autodiscover()

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/v1/", include("trials.rest.urls")),
    path("api/v1/", include("procedures.rest.urls")),  # answers to whatever is unknown, so it comes last
    re_path("^healthz/?$", healthz),
    re_path("^readyz/?$", readyz),
    path("", include("trials.pages.urls")),
    path("", include("procedures.pages.urls")),
]

handler400 = "oet_site.failures.bad_request"
handler404 = "oet_site.failures.not_found"
handler500 = "oet_site.failures.server_error"
