"""Tokens of programs: who has one and until when. They are made by `POST /api/v1/auth/token/` alone."""

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, URLResolver, path
from knox import admin as _registered  # noqa: F401 - first of all, whoever imports this: it is registered anew below
from knox.models import AuthToken

from procedures.admin.read_only import ModelAdmin
from procedures.admin.words import moment


class TokenAdmin(ModelAdmin):
    """A list for superusers. Neither the token nor its digest is shown; to take a token away, deactivate or delete its user."""

    list_display = ("owner", "made", "ends")
    list_display_links = None
    list_select_related = ("user",)
    ordering = ("-created",)
    sortable_by = ()
    actions = None

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Superusers only."""
        return bool(request.user.is_superuser)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Superusers only."""
        return bool(request.user.is_superuser)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: a token that a browser has shown is a token that others have seen."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Only together with its user: Django asks this when a user is deleted; no address here deletes a token."""
        return bool(request.user.is_superuser)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Without what could be of use to a thief."""
        return super().get_queryset(request).defer("token_key")

    def get_urls(self) -> list[URLPattern | URLResolver]:  # type: ignore[override]
        """The list and nothing else."""
        return [path("", self.admin_site.admin_view(self.changelist_view), name="knox_authtoken_changelist")]

    @admin.display(description="user")
    def owner(self, row: Any) -> str:
        """Whose it is."""
        return str(row.user.get_username())

    @admin.display(description="made (UTC)")
    def made(self, row: Any) -> str:
        """When."""
        return moment(row.created)

    @admin.display(description="expires (UTC)")
    def ends(self, row: Any) -> str:
        """Until when it is good."""
        return moment(row.expiry) or "never"


# knox registers an admin that can make tokens and shows their digests.
admin.site.unregister(AuthToken)
admin.site.register(AuthToken, TokenAdmin)
