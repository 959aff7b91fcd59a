"""The tables of trials. Rows change through `creation`, `settling`, `manager` and `service` only; nothing here has side effects."""

from django.db import models
from django.db.models import Q

from procedures.models import Procedure
from trials.domain.states import UNFINISHED, ScriptState, TrialState

SCRIPT_STATES = [(state.value, state.value) for state in ScriptState]
TRIAL_STATES = [(state.value, state.value) for state in TrialState]
UNFINISHED_STATES = sorted(state.value for state in UNFINISHED)


class Task(models.Model):
    """Scripts that depend on each other, as somebody described them. Its trials are its runs."""

    key = models.CharField(max_length=500, blank=True)
    name = models.CharField(max_length=500, blank=True)
    description = models.TextField(blank=True)
    source = models.TextField(help_text="The document as it was submitted.")
    spec = models.JSONField(help_text="The task after inheritance and defaults; never changes.")
    warnings = models.JSONField(default=list, help_text="What is legal in the document but hardly meant.")
    state = models.CharField(max_length=12, choices=TRIAL_STATES, default=TrialState.PENDING.value)
    aggregate_state = models.CharField(max_length=12)
    max_trials = models.PositiveIntegerField()
    eager_trials = models.PositiveIntegerField()
    priority = models.IntegerField(default=0)
    load = models.FloatField(default=1.0)
    created_by = models.CharField(max_length=150, blank=True)
    created_at = models.DateTimeField()
    aborted_by = models.CharField(max_length=150, blank=True)
    aborted_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in TrialState]), name="task_state_is_known"
            )
        ]

    def __str__(self) -> str:
        return f"task {self.pk} {self.name}"


class Trial(models.Model):
    """One run of a task on one node, in one fresh working directory."""

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="trials")
    number = models.PositiveIntegerField(help_text="1, 2, … in the task.")
    state = models.CharField(max_length=12, choices=TRIAL_STATES, default=TrialState.PENDING.value)
    node = models.CharField(max_length=200, blank=True, help_text="Empty until it is dispatched.")
    priority = models.IntegerField(default=0, help_text="Of its task.")
    working_dir = models.CharField(max_length=4096, blank=True)
    ports = models.JSONField(default=dict, help_text="Ports it holds until it ends, by name.")
    created_by = models.CharField(max_length=150, blank=True, help_text="Empty if it was created automatically.")
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, help_text="When its set-up was done and scripts could start.")
    finished_at = models.DateTimeField(null=True)
    abort_requested_by = models.CharField(max_length=150, blank=True)
    abort_requested_at = models.DateTimeField(null=True)
    is_abort_taken = models.BooleanField(default=False, help_text="Its manager has seen that it is to be aborted.")
    retry_of = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="retries")
    removed_at = models.DateTimeField(null=True, help_text="When its working directory was removed, or found kept.")
    error = models.TextField(blank=True, help_text="Why it could not be set up, or was lost.")

    class Meta:
        ordering = ["-id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["task", "number"], name="trial_number_is_unique"),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in TrialState]), name="trial_state_is_known"
            ),
        ]
        indexes = [
            models.Index(fields=["-priority", "id"], condition=Q(state__in=UNFINISHED_STATES), name="trial_unfinished"),
            models.Index(fields=["finished_at"], condition=Q(removed_at__isnull=True), name="trial_not_removed"),
        ]

    def __str__(self) -> str:
        return f"trial {self.pk} ({self.state})"


class TrialScript(models.Model):
    """One script of a trial."""

    trial = models.ForeignKey(Trial, on_delete=models.CASCADE, related_name="scripts")
    key = models.CharField(max_length=500)
    position = models.PositiveIntegerField()
    name = models.CharField(max_length=500, blank=True)
    spec = models.JSONField(help_text="The script after inheritance and defaults.")
    state = models.CharField(max_length=10, choices=SCRIPT_STATES, default=ScriptState.PENDING.value)
    reason = models.TextField(blank=True, help_text="Why it is in this state.")
    kill = models.CharField(max_length=20, null=True, help_text="Why it is being ended.")  # noqa: DJ001 - null is the domain's word
    resource = models.JSONField(default=list, help_text="Names of what it needs for itself, rendered.")
    environment = models.JSONField(default=dict, help_text="Its own environment, rendered.")
    exit_status = models.IntegerField(null=True)
    eligible_at = models.DateTimeField(null=True, help_text="When its start conditions all matched.")
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    procedure = models.OneToOneField(
        Procedure, null=True, on_delete=models.SET_NULL, related_name="trial_script", help_text="Null if taken over."
    )

    class Meta:
        ordering = ["trial_id", "position"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["trial", "key"], name="script_key_is_unique"),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in ScriptState]), name="script_state_is_known"
            ),
            models.CheckConstraint(
                condition=Q(kill__isnull=True) | Q(kill__in=["terminate_when", "abort", "timeout"]),
                name="script_kill_is_known",
            ),
        ]
        indexes = [
            models.Index(fields=["eligible_at", "position"], condition=Q(state="waiting"), name="trial_script_waiting")
        ]

    def __str__(self) -> str:
        return f"{self.key} of trial {self.trial_id} ({self.state})"


class TrialIssue(models.Model):
    """Something that went wrong in a trial, or is hardly meant."""

    class Level(models.TextChoices):
        """How bad it is."""

        ERROR = "error"
        WARNING = "warning"

    trial = models.ForeignKey(Trial, on_delete=models.CASCADE, related_name="issues")
    script = models.ForeignKey(TrialScript, null=True, on_delete=models.CASCADE, related_name="issues")
    level = models.CharField(max_length=8, choices=Level.choices)
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["script", "level", "title"], name="issue_of_script_is_stored_once"),
            models.UniqueConstraint(
                fields=["trial", "level", "title"], condition=Q(script__isnull=True), name="issue_is_stored_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.level}: {self.title}"
