"""Nodes: the machines with a ProcessManager."""

from django.contrib import admin

from procedures.admin.read_only import ReadOnlyAdmin
from procedures.admin.words import exact_moment, pretty_json
from procedures.models import Node


@admin.register(Node)
class NodeAdmin(ReadOnlyAdmin):
    """Machines, as their managers last described them."""

    list_display = ("name", "heartbeat", "started", "manager_pid")
    fields = ("name", "heartbeat", "started", "manager_pid", "boot_id", "versions_text", "condition_text")

    @admin.display(description="heartbeat (UTC)")
    def heartbeat(self, row: Node) -> str:
        """The last sign of life of its manager."""
        return exact_moment(row.heartbeat_at)

    @admin.display(description="manager started (UTC)")
    def started(self, row: Node) -> str:
        """Since when its manager runs."""
        return exact_moment(row.started_at)

    @admin.display(description="versions")
    def versions_text(self, row: Node) -> str:
        """What is installed there."""
        return pretty_json(row.versions)

    @admin.display(description="condition")
    def condition_text(self, row: Node) -> str:
        """Load, disk, and what is wrong."""
        return pretty_json(row.condition)
