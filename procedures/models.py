"""The tables. Rows change through `recorder` and `service` only; nothing here has side effects."""

from django.db import models

from procedures.domain.states import FINAL, ProcedureState

STATE_CHOICES = [(state.value, state.value) for state in ProcedureState]
LIVE_STATES = sorted(state.value for state in ProcedureState if state not in FINAL)


class Procedure(models.Model):
    """One run of a script, from its preparation to its end."""

    script_type = models.CharField(max_length=12)
    script_uri = models.CharField(max_length=2000)
    script_name = models.CharField(max_length=200, help_text="File name, as people speak of it.")
    script_body = models.TextField(blank=True, help_text="Text of an embedded script.")
    script_options = models.JSONField(default=dict, help_text="git_args and create_env of a git script.")
    script_path = models.CharField(max_length=4096, blank=True, help_text="The file that runs, links resolved.")

    state = models.CharField(max_length=12, choices=STATE_CHOICES, default=ProcedureState.CREATING.value)
    state_at = models.DateTimeField(help_text="Since when it is in this state.")
    sequence = models.PositiveIntegerField(default=1, help_text="Number of its latest history row.")
    runs = models.PositiveIntegerField(default=0, help_text="How often a function was started.")
    cause = models.TextField(blank=True, help_text="Why it is in this state.")

    node = models.CharField(max_length=200)
    resources = models.JSONField(default=list, help_text="Names it claims while RUNNING.")
    functions = models.JSONField(null=True, help_text="What the script offers; null until it is loaded.")
    errand = models.JSONField(
        null=True, help_text="What it runs by itself as soon as it is READY, and where; null waits for a start."
    )
    part_of = models.JSONField(null=True, help_text="task, trial and key of the script of a trial; null stands alone.")
    abort_of = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="aborts")
    environment_id = models.PositiveBigIntegerField(
        null=True, help_text="Id of the environment that it runs or ran in; none for the default one."
    )
    """No foreign key: checking one would lock rows of environments in the manager's transactions, in another order than builders do."""

    created_by = models.CharField(max_length=150, blank=True)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, help_text="When a function was last started.")
    finished_at = models.DateTimeField(null=True)

    timeout_s = models.FloatField(
        null=True, help_text="Seconds each of its functions may take, unless a start says otherwise."
    )
    deadline_at = models.DateTimeField(null=True, help_text="When what it does now is out of time.")
    timed_out_s = models.FloatField(null=True, help_text="Seconds after which it was out of time; null if it was not.")

    stop_asked_at = models.DateTimeField(null=True)
    stop_asked_by = models.CharField(max_length=150, blank=True)
    stop_grace_s = models.FloatField(null=True)

    pid = models.PositiveIntegerField(null=True)
    launcher = models.CharField(max_length=100, blank=True, help_text="Name of the launcher that runs it.")
    journal_offset = models.PositiveBigIntegerField(default=0, help_text="Bytes of the journal that are recorded.")
    output_offset = models.PositiveBigIntegerField(
        default=0, help_text="Position in the output file up to which it is stored."
    )
    output_bytes = models.PositiveBigIntegerField(default=0, help_text="Bytes of text written so far.")
    output_lines = models.PositiveBigIntegerField(default=0)
    last_line = models.CharField(max_length=300, blank=True, help_text="The latest line of output.")
    last_output_at = models.DateTimeField(null=True)
    said = models.JSONField(default=dict, help_text="Progress, words, pause and open questions (domain.said).")

    class Meta:
        ordering = ["-id"]
        default_permissions = ()
        permissions = [
            ("view_procedure", "See procedures, their history and output"),
            ("prepare_procedure", "Prepare scripts"),
            ("start_procedure", "Start prepared scripts"),
            ("stop_procedure", "Stop and abort scripts"),
            ("steer_procedure", "Pause and resume scripts, and answer their questions"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=[s.value for s in ProcedureState]), name="procedure_state_is_known"
            ),
        ]
        indexes = [
            models.Index(fields=["id"], condition=models.Q(state__in=LIVE_STATES), name="procedure_live"),
            models.Index(fields=["state", "id"], name="procedure_state_id"),
            models.Index(fields=["created_by", "id"], name="procedure_by_id"),
            models.Index(fields=["script_name", "id"], name="procedure_script_id"),
            models.Index(fields=["created_at", "id"], name="procedure_created_id"),
            models.Index(
                fields=["environment_id", "id"],
                condition=models.Q(environment_id__isnull=False),
                name="procedure_environment_id",
            ),
            models.Index(
                fields=["created_at"], condition=models.Q(abort_of__isnull=False), name="procedure_abort_created"
            ),
            # What durations and outcomes are counted from, without a look at the rows; written once, at the end.
            models.Index(
                fields=["finished_at", "script_name", "state", "started_at", "id"],
                condition=models.Q(finished_at__isnull=False),
                name="procedure_ended",
            ),
            # How long a script usually takes is read from its latest complete runs; written once, at the end.
            models.Index(
                fields=["script_name", "state", "id", "started_at", "finished_at"],
                condition=models.Q(finished_at__isnull=False),
                name="procedure_usual",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.script_name} ({self.state})"


class ProcedureText(models.Model):
    """The words by which a procedure is found (`procedures/searched.py`); each database has its own index of words on it."""

    procedure = models.OneToOneField(Procedure, on_delete=models.CASCADE, primary_key=True, related_name="text")
    words = models.TextField(help_text="Distinct words, separated by blanks.")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"words of #{self.procedure_id}"


class ProcedureHistory(models.Model):
    """One transition of a Procedure; append-only."""

    procedure = models.ForeignKey(Procedure, on_delete=models.CASCADE, related_name="history")
    sequence = models.PositiveIntegerField()
    state = models.CharField(max_length=12, choices=STATE_CHOICES)
    at = models.DateTimeField()
    cause = models.TextField(blank=True)
    who = models.CharField(max_length=150, blank=True)
    function = models.CharField(max_length=200, blank=True, help_text="The function that a RUNNING runs.")
    stacktrace = models.TextField(blank=True)
    details = models.JSONField(null=True, help_text="Results, and the report of a stop.")

    class Meta:
        ordering = ["procedure_id", "sequence"]
        default_permissions = ()
        verbose_name_plural = "procedure history"
        constraints = [models.UniqueConstraint(fields=["procedure", "sequence"], name="history_sequence_is_unique")]

    def __str__(self) -> str:
        return f"#{self.procedure_id} {self.sequence} {self.state}"


class ArgCapture(models.Model):
    """What a function of a Procedure was called with."""

    procedure = models.ForeignKey(Procedure, on_delete=models.CASCADE, related_name="captures")
    function = models.CharField(max_length=200)
    args = models.JSONField(default=list)
    kwargs = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"#{self.procedure_id} {self.function}"


class Command(models.Model):
    """What somebody asked the ProcessManager for, and what became of it: the audit trail."""

    class Kind(models.TextChoices):
        """What can be asked for."""

        PREPARE = "prepare"
        START = "start"
        STOP = "stop"
        PAUSE = "pause"
        RESUME = "resume"
        ANSWER = "answer"
        LOOK = "look"
        """What a script does now; it changes nothing and is forgotten once it is answered."""

    class State(models.TextChoices):
        """What became of it."""

        QUEUED = "queued"
        DONE = "done"
        REJECTED = "rejected"
        EXPIRED = "expired"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    procedure = models.ForeignKey(Procedure, on_delete=models.CASCADE, related_name="commands")
    node = models.CharField(max_length=200)
    arguments = models.JSONField(default=dict)
    issued_by = models.CharField(max_length=150, blank=True)
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    reason = models.TextField(blank=True, help_text="Why it was rejected or expired.")
    refusal = models.CharField(max_length=30, blank=True, help_text="The kind of refusal, as code.")
    answered_at = models.DateTimeField(null=True)
    result = models.JSONField(null=True, help_text="What was asked for, of a look.")

    class Meta:
        ordering = ["id"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=["queued", "done", "rejected", "expired"]), name="command_state_is_known"
            ),
        ]
        indexes = [models.Index(fields=["node", "id"], condition=models.Q(state="queued"), name="command_queued")]

    def __str__(self) -> str:
        return f"{self.kind} #{self.procedure_id} by {self.issued_by}"


class Event(models.Model):
    """What happened, in the order of commits: whoever has seen an id never later finds a new row below it."""

    at = models.DateTimeField(db_index=True)
    topic = models.CharField(max_length=200)
    procedure = models.ForeignKey(
        Procedure, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="events"
    )
    payload = models.JSONField(default=dict)
    who = models.CharField(max_length=150, blank=True, help_text="The person or program that sent it.")

    class Meta:
        ordering = ["id"]
        default_permissions = ()
        permissions = [("publish_event", "Send events to scripts")]
        indexes = [models.Index(fields=["procedure", "topic", "id"], name="event_of_procedure")]

    def __str__(self) -> str:
        return f"{self.pk} {self.topic}"


class OutputChunk(models.Model):
    """A piece of what a Procedure printed: frames as in `docs/run-directory.md`, so each keeps its time and stream."""

    procedure = models.ForeignKey(Procedure, on_delete=models.CASCADE, related_name="output")
    offset = models.PositiveBigIntegerField(help_text="Bytes of text before this chunk.")
    first_line = models.PositiveBigIntegerField(help_text="Newlines before this chunk.")
    at = models.DateTimeField()
    size = models.PositiveIntegerField(help_text="Bytes of text in it.")
    lines = models.PositiveIntegerField(help_text="Newlines in it.")
    is_compressed = models.BooleanField(default=False, help_text="`frames` is compressed with zlib.")
    frames = models.BinaryField()

    class Meta:
        ordering = ["procedure_id", "offset"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["procedure", "offset"], name="output_offset_is_unique")]

    def __str__(self) -> str:
        return f"#{self.procedure_id} {self.offset}+{self.size}"


class LogRecord(models.Model):
    """What a Procedure logged with Python's `logging`."""

    procedure = models.ForeignKey(Procedure, on_delete=models.CASCADE, related_name="log")
    at = models.DateTimeField()
    level = models.PositiveSmallIntegerField(help_text="As Python has them: 20 is INFO, 30 WARNING, 40 ERROR.")
    level_name = models.CharField(max_length=40)
    logger = models.CharField(max_length=200)
    message = models.TextField(help_text="With the traceback, where it had one.")

    class Meta:
        ordering = ["id"]
        default_permissions = ()
        indexes = [models.Index(fields=["procedure", "id"], name="log_of_procedure")]

    def __str__(self) -> str:
        return f"#{self.procedure_id} {self.level_name} {self.logger}"


class Question(models.Model):
    """What a script asked its operators, and what they answered."""

    class State(models.TextChoices):
        """What became of it."""

        ASKED = "asked"
        ANSWERED = "answered"
        TIMED_OUT = "timed_out"
        WITHDRAWN = "withdrawn"

    procedure = models.ForeignKey(Procedure, on_delete=models.CASCADE, related_name="questions")
    number = models.PositiveIntegerField(help_text="Counts the questions of its procedure.")
    text = models.TextField()
    choices = models.JSONField(default=list, help_text="Empty where any text will do.")
    asked_at = models.DateTimeField()
    deadline_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ASKED)
    answer = models.TextField(blank=True)
    answered_by = models.CharField(max_length=150, blank=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["procedure", "number"], name="question_number_is_unique")]
        indexes = [models.Index(fields=["id"], condition=models.Q(state="asked"), name="question_open")]

    def __str__(self) -> str:
        return f"#{self.procedure_id} {self.text}"


class Attachment(models.Model):
    """A small result that a script attached; one of the same name takes the place of the one before."""

    procedure = models.ForeignKey(Procedure, on_delete=models.CASCADE, related_name="attachments")
    name = models.CharField(max_length=200)
    media_type = models.CharField(max_length=100)
    at = models.DateTimeField()
    size = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        ordering = ["id"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["procedure", "name"], name="attachment_name_is_unique")]

    def __str__(self) -> str:
        return f"#{self.procedure_id} {self.name}"


class ResourceClaim(models.Model):
    """A Procedure holds a resource, while RUNNING or, as part of a trial, until it is final; the unique constraint is the lock."""

    scope = models.CharField(max_length=200, help_text="`site`, or the name of a node.")
    name = models.CharField(max_length=200)
    procedure = models.ForeignKey(Procedure, on_delete=models.CASCADE, related_name="claims")
    taken_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["scope", "name"], name="claim_is_exclusive")]

    def __str__(self) -> str:
        return f"{self.name} held by #{self.procedure_id}"


class OperatorOverride(models.Model):
    """A decision of the operators that scripts can read, such as `wait_for_qa_ready`."""

    name = models.CharField(max_length=100, unique=True)
    value = models.JSONField()
    set_by = models.CharField(max_length=150, blank=True)
    set_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        permissions = [("set_override", "Set operator overrides")]

    def __str__(self) -> str:
        return f"{self.name} = {self.value}"


class Preset(models.Model):
    """Arguments of a script that somebody has kept under a name."""

    name = models.CharField(max_length=100)
    script_uri = models.CharField(max_length=2000)
    repository = models.CharField(max_length=1000, blank=True, help_text="Of a script from git.")
    inputs = models.JSONField(default=dict, help_text="By function: args and kwargs.")
    timeout_s = models.FloatField(null=True)
    saved_by = models.CharField(max_length=150)
    saved_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]
        default_permissions = ()
        permissions = [("manage_preset", "Change and delete the presets of others")]
        constraints = [
            models.UniqueConstraint(fields=["script_uri", "repository", "name"], name="preset_name_is_unique")
        ]

    def __str__(self) -> str:
        return self.name


class Node(models.Model):
    """A machine with a ProcessManager, as that manager last described it."""

    name = models.CharField(max_length=200, unique=True)
    heartbeat_at = models.DateTimeField()
    started_at = models.DateTimeField(help_text="When its manager started.")
    manager_pid = models.PositiveIntegerField(null=True)
    boot_id = models.CharField(max_length=36, blank=True)
    versions = models.JSONField(default=dict)
    draining_since = models.DateTimeField(null=True, help_text="Since when it takes no new work; null if it does.")
    draining_by = models.CharField(max_length=150, blank=True)
    condition = models.JSONField(default=dict, help_text="Load, free disk, and what is wrong, in words.")

    class Meta:
        ordering = ["name"]
        default_permissions = ()

    def __str__(self) -> str:
        return self.name
