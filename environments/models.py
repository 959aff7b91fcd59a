"""The tables of environments. Rows change through `transitions`, `uses`, `builds` and `log` only; nothing here has side effects."""

from django.db import models
from django.db.models import Q

from environments.domain.states import EnvironmentState

STATES = sorted(state.value for state in EnvironmentState)


class Environment(models.Model):
    """One virtual environment for one (repository, commit, python) on one node."""

    class State(models.TextChoices):
        """Where it stands; `domain.states` says what each means."""

        REQUESTED = "REQUESTED"
        BUILDING = "BUILDING"
        READY = "READY"
        FAILED = "FAILED"
        EVICTED = "EVICTED"

    repository = models.CharField(max_length=1000, help_text="Canonical URL.")
    commit = models.CharField(max_length=64, help_text="Full name.")
    python = models.CharField(max_length=200, help_text="Path of the interpreter it is made with.")
    python_version = models.CharField(max_length=40, blank=True)
    node = models.CharField(max_length=200)
    branch = models.CharField(max_length=250, blank=True, help_text="Branch or tag it was last asked by.")

    state = models.CharField(max_length=10, choices=State.choices, default=State.REQUESTED)
    state_at = models.DateTimeField(null=True, help_text="Since when it is in this state.")
    reason = models.TextField(
        blank=True, help_text="Why it is in this state, in words; the last lines of a failed build."
    )
    requested_at = models.DateTimeField(help_text="When it was last asked to be built.")
    requested_by = models.CharField(max_length=150, blank=True)
    last_used_at = models.DateTimeField(null=True)
    is_pinned = models.BooleanField(default=False, help_text="Never evicted.")

    build = models.PositiveIntegerField(default=0, help_text="Number of its latest build.")
    attempts = models.PositiveIntegerField(default=0, help_text="How often this request was begun to be built.")
    builder = models.CharField(max_length=64, blank=True, help_text="Who holds the lease, and the folder it builds in.")
    lease_until = models.DateTimeField(
        null=True, help_text="When the builder counts as dead unless it is heard of again."
    )
    sent_at = models.DateTimeField(null=True, help_text="When builders were last told of it.")
    started_at = models.DateTimeField(null=True, help_text="When the latest build began.")
    finished_at = models.DateTimeField(null=True, help_text="When it ended.")
    log_bytes = models.PositiveBigIntegerField(default=0, help_text="Bytes the latest build has logged so far.")

    folder = models.CharField(max_length=100, blank=True, help_text="Name of its folder, where it is READY.")
    size_bytes = models.PositiveBigIntegerField(
        default=0, help_text="Bytes on disk, those shared with the cache included."
    )
    packages = models.JSONField(default=list, help_text="[name, version] of each package, by name.")
    recipe = models.CharField(max_length=300, blank=True, help_text="What it was installed from.")

    class Meta:
        default_permissions = ()
        permissions = [("manage_environment", "Build, pin and delete environments")]
        constraints = [
            models.UniqueConstraint(fields=["repository", "commit", "python", "node"], name="environment_is_unique"),
            models.CheckConstraint(condition=Q(state__in=STATES), name="environment_state_is_known"),
            models.CheckConstraint(condition=~Q(state="READY") | ~Q(folder=""), name="ready_environment_has_folder"),
        ]
        indexes = [
            models.Index(fields=["node", "state"], name="environment_by_node_state"),
            models.Index(fields=["-last_used_at"], name="environment_by_use"),
        ]

    def __str__(self) -> str:
        return f"{self.repository}@{self.commit[:8]}"


class Use(models.Model):
    """Somebody needs the files of a commit, and perhaps an environment: while the row is here nothing of it is removed.

    `holder` is whatever the user of environments calls itself, such as `procedure:12`; each holds at most one.
    """

    holder = models.CharField(max_length=200, unique=True)
    environment = models.ForeignKey(Environment, null=True, on_delete=models.CASCADE, related_name="uses")
    repository = models.CharField(max_length=1000)
    commit = models.CharField(max_length=64)
    node = models.CharField(max_length=200)
    since = models.DateTimeField()
    is_until_built = models.BooleanField(
        default=False, help_text="It waits for the build only: an engineer built ahead."
    )

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["node", "commit"], name="use_by_commit")]

    def __str__(self) -> str:
        return self.holder


class BuildLog(models.Model):
    """A piece of what a build wrote; of a very long one the head and the latest part are kept."""

    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="logs")
    build = models.PositiveIntegerField()
    offset = models.PositiveBigIntegerField(help_text="Bytes the build had written before.")
    text = models.TextField()
    at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["environment", "build", "offset"], name="build_log_piece_is_unique")
        ]

    def __str__(self) -> str:
        return f"build {self.build} of environment {self.environment_id} from {self.offset}"
