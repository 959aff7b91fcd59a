"""What a page may load and run, said to the browser: nothing but what this site serves, and no inline script or style."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

_PAGES = {
    "default-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
_ADMIN = _PAGES | {"img-src": "'self' data:"}
_SWAGGER = _PAGES | {
    "script-src": "'self' 'unsafe-inline'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data:",
}
_BY_PREFIX = (("/admin/", _ADMIN), ("/api/v1/ui", _SWAGGER))


class ContentSecurityPolicy:
    """Adds the policy to every answer; other people's pages (admin, Swagger UI) get what they need and no more."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, with the policy of the address."""
        response = self._get_response(request)
        policy = next((policy for prefix, policy in _BY_PREFIX if request.path.startswith(prefix)), _PAGES)
        response.headers.setdefault("Content-Security-Policy", "; ".join(f"{k} {v}" for k, v in policy.items()))
        return response
