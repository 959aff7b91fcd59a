"""Users and groups: Django's own admin, for superusers, with OET's roles explained where they are given."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import ManyToManyField, Model, QuerySet
from django.http import HttpRequest

ROLES = {
    "viewer": "sees procedures, their history and output",
    "operator": "sees, prepares, starts, stops and aborts scripts, and sets overrides",
    "engineer": "as operator, and builds, pins and deletes environments",
}
"""The groups that come with OET, and what they may."""

_STAFF = (
    "May open these pages: history with the role viewer or more, users and groups only as superuser. "
    "The ordinary pages of OET do not need it."
)


if TYPE_CHECKING:
    _UserAdmin = UserAdmin[User]
    _ModelMultipleChoiceField = forms.ModelMultipleChoiceField[Group]
else:
    _UserAdmin = UserAdmin
    _ModelMultipleChoiceField = forms.ModelMultipleChoiceField


class RolesField(_ModelMultipleChoiceField):
    """Groups to tick, each with what it may."""

    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, obj: Model) -> str:
        """The name, and for OET's roles what they may."""
        return described(str(obj))


def described(name: str) -> str:
    """`viewer: sees procedures, …`."""
    return f"{name}: {ROLES[name]}" if name in ROLES else name


class SuperusersOnly:
    """Whoever may change users can make himself a superuser; so only superusers may."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Superusers only."""
        return bool(request.user.is_superuser)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Superusers only."""
        return bool(request.user.is_superuser)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Superusers only."""
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Superusers only."""
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Superusers only."""
        return bool(request.user.is_superuser)


class OetUserAdmin(SuperusersOnly, _UserAdmin):
    """People and programs that may log in."""

    list_display = ("username", "full_name", "roles", "is_staff", "is_superuser", "is_active", "last_login")
    list_filter = ("groups", "is_staff", "is_superuser", "is_active")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Role", {"fields": ("groups",)}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        ("Administration", {"fields": ("is_active", "is_staff", "is_superuser")}),
        ("Single rights", {"classes": ("collapse",), "fields": ("user_permissions",)}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        *UserAdmin.add_fieldsets,
        ("Role", {"classes": ("wide",), "fields": ("groups",)}),
        ("Administration", {"classes": ("wide",), "fields": ("is_staff",)}),
    )
    filter_horizontal = ("user_permissions",)

    class Media:
        css = {"all": ["admin_oet/people.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Users with their groups, in two queries."""
        return super().get_queryset(request).prefetch_related("groups")

    @admin.display(description="name")
    def full_name(self, user: User) -> str:
        """First and last name."""
        return user.get_full_name()

    @admin.display(description="roles")
    def roles(self, user: User) -> str:
        """The groups."""
        return ", ".join(sorted(group.name for group in user.groups.all()))

    def formfield_for_manytomany(
        self, db_field: "ManyToManyField[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> "forms.ModelMultipleChoiceField[Any] | None":
        """Groups are ticked, each with its explanation."""
        if db_field.name == "groups":
            return RolesField(Group.objects.order_by("pk"), required=False, label="Roles")
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Staff means something narrower here than Django's help says."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "is_staff" and field is not None:
            field.help_text = _STAFF
        if db_field.name == "groups" and field is not None:
            field.widget.can_add_related = False  # a group is made on its own page, with its rights
        return field


class OetGroupAdmin(SuperusersOnly, GroupAdmin):
    """The roles, and further groups of the site."""

    list_display = ("name", "meaning")

    @admin.display(description="may")
    def meaning(self, group: Group) -> str:
        """What the role may."""
        return ROLES.get(group.name, "")

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """The three roles stay: nothing would make them anew."""
        is_role = isinstance(obj, Group) and obj.name in ROLES
        return not is_role and super().has_delete_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """The three roles keep their names, by which they are known."""
        return ("name",) if isinstance(obj, Group) and obj.name in ROLES else ()


admin.site.unregister([User, Group])
admin.site.register(User, OetUserAdmin)
admin.site.register(Group, OetGroupAdmin)
