"""`schema/` and `ui/`: the API's own description, and Swagger UI to try it out; both work without the internet."""

from django.contrib.auth.decorators import login_required
from drf_spectacular.renderers import OpenApiJsonRenderer2, OpenApiYamlRenderer2
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.authentication import SessionAuthentication
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import IsAuthenticated

from procedures.rest.authentication import TokenAuthentication


class SchemaView(SpectacularAPIView):
    """OpenAPI, as JSON or YAML."""

    authentication_classes = (TokenAuthentication, SessionAuthentication)
    permission_classes = (IsAuthenticated,)
    renderer_classes = [OpenApiJsonRenderer2, OpenApiYamlRenderer2]
    content_negotiation_class = DefaultContentNegotiation


ui = login_required(SpectacularSwaggerSplitView.as_view(url_name="api:schema"))
"""Swagger UI; a browser that is not logged in is sent to do that first."""
