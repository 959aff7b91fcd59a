"""Words by which procedures are found, indexed by each database in its own way, and the index that plots are counted from.

SQLite: an FTS5 table over `procedures_proceduretext`, kept up to date by triggers, as its documentation describes for external content.
PostgreSQL: a generated column of the same words and a GIN index. Neither interprets the words: `procedures/domain/search.py` made them.
"""

import django.db.models.deletion
from django.db import migrations, models

BATCH = 500

SQLITE = [
    """CREATE VIRTUAL TABLE procedures_words USING fts5(words, content='procedures_proceduretext', content_rowid='procedure_id',
       detail='none', columnsize=0, tokenize="ascii tokenchars '_=.-'", prefix='2 3 4 5 6')""",
    """CREATE TRIGGER procedures_words_insert AFTER INSERT ON procedures_proceduretext BEGIN
       INSERT INTO procedures_words(rowid, words) VALUES (new.procedure_id, new.words); END""",
    """CREATE TRIGGER procedures_words_delete AFTER DELETE ON procedures_proceduretext BEGIN
       INSERT INTO procedures_words(procedures_words, rowid, words) VALUES ('delete', old.procedure_id, old.words); END""",
    """CREATE TRIGGER procedures_words_update AFTER UPDATE ON procedures_proceduretext BEGIN
       INSERT INTO procedures_words(procedures_words, rowid, words) VALUES ('delete', old.procedure_id, old.words);
       INSERT INTO procedures_words(rowid, words) VALUES (new.procedure_id, new.words); END""",
]
SQLITE_BACK = [
    "DROP TRIGGER procedures_words_insert",
    "DROP TRIGGER procedures_words_delete",
    "DROP TRIGGER procedures_words_update",
    "DROP TABLE procedures_words",
]
POSTGRESQL = [
    """ALTER TABLE procedures_proceduretext ADD COLUMN vector tsvector
       GENERATED ALWAYS AS (array_to_tsvector(string_to_array(words, ' '))) STORED""",
    "CREATE INDEX procedures_words ON procedures_proceduretext USING gin (vector)",
]
POSTGRESQL_BACK = [
    "DROP INDEX procedures_words",
    "ALTER TABLE procedures_proceduretext DROP COLUMN vector",
]


def make_index(apps, schema_editor):
    for statement in POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement)


def drop_index(apps, schema_editor):
    for statement in POSTGRESQL_BACK if schema_editor.connection.vendor == "postgresql" else SQLITE_BACK:
        schema_editor.execute(statement)


def collect_words(apps, schema_editor):
    """The words of what there is already; a million procedures take some minutes, once."""
    from procedures.searched import words_of_procedure

    procedure, text = apps.get_model("procedures", "Procedure"), apps.get_model("procedures", "ProcedureText")
    after = 0
    while rows := list(procedure.objects.filter(pk__gt=after).defer("script_body", "functions").order_by("pk")[:BATCH]):
        ids = [row.pk for row in rows]
        steps, calls = {}, {}
        history = apps.get_model("procedures", "ProcedureHistory").objects.filter(procedure_id__in=ids)
        for number, *step in history.order_by("procedure_id", "sequence").values_list(
            "procedure_id", "who", "function", "cause", "stacktrace"
        ):
            steps.setdefault(number, []).append(tuple(step))
        captures = apps.get_model("procedures", "ArgCapture").objects.filter(procedure_id__in=ids)
        for number, *call in captures.order_by("-id").values_list("procedure_id", "function", "args", "kwargs"):
            calls.setdefault(number, []).append(tuple(call))
        text.objects.bulk_create(
            text(procedure_id=row.pk, words=words_of_procedure(row, steps.get(row.pk, []), calls.get(row.pk, [])))
            for row in rows
        )
        after = ids[-1]


class Migration(migrations.Migration):
    dependencies = [
        ("procedures", "0009_environments"),
    ]

    operations = [
        migrations.CreateModel(
            name="ProcedureText",
            fields=[
                (
                    "procedure",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="text",
                        serialize=False,
                        to="procedures.procedure",
                    ),
                ),
                ("words", models.TextField(help_text="Distinct words, separated by blanks.")),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.AddIndex(
            model_name="procedure",
            index=models.Index(
                condition=models.Q(("finished_at__isnull", False)),
                fields=["finished_at", "script_name", "state", "started_at", "id"],
                name="procedure_ended",
            ),
        ),
        migrations.RunPython(make_index, drop_index),
        migrations.RunPython(collect_words, migrations.RunPython.noop),
    ]
