"""Resource claims: what running procedures hold."""

from django.contrib import admin
from django.utils.safestring import SafeString

from procedures.admin.read_only import ReadOnlyAdmin
from procedures.admin.words import exact_moment, procedure_link
from procedures.models import ResourceClaim


@admin.register(ResourceClaim)
class ResourceClaimAdmin(ReadOnlyAdmin):
    """What is held at this moment; a claim goes with the run that took it."""

    list_display = ("name", "scope", "holder", "taken")
    fields = ("name", "scope", "holder", "taken")

    @admin.display(description="held by")
    def holder(self, row: ResourceClaim) -> SafeString | str:
        """The procedure."""
        return procedure_link(row.procedure_id)

    @admin.display(description="since (UTC)")
    def taken(self, row: ResourceClaim) -> str:
        """Since when."""
        return exact_moment(row.taken_at)
