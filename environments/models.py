"""The table of environments. Nothing builds them yet: git scripts are refused until it does."""

from django.db import models


class Environment(models.Model):
    """One virtual environment for one (repository, commit, python) on one node."""

    class State(models.TextChoices):
        """Where it stands."""

        REQUESTED = "REQUESTED"
        BUILDING = "BUILDING"
        READY = "READY"
        FAILED = "FAILED"
        EVICTED = "EVICTED"

    repository = models.CharField(max_length=1000)
    commit = models.CharField(max_length=64)
    python = models.CharField(max_length=200)
    node = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State.choices, default=State.REQUESTED)
    requested_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        permissions = [("manage_environment", "Build, pin and delete environments")]
        constraints = [
            models.UniqueConstraint(fields=["repository", "commit", "python", "node"], name="environment_is_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.repository}@{self.commit[:8]}"
