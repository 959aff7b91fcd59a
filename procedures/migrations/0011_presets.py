"""Presets, and the right to change those of others, which engineers get."""

from django.db import migrations, models


def grant_right(apps, schema_editor):
    """Grant it to the role, unless that has been removed; the right itself is otherwise made later."""
    Permission = apps.get_model("auth", "Permission")
    ContentType = apps.get_model("contenttypes", "ContentType")
    content_type, _ = ContentType.objects.get_or_create(app_label="procedures", model="preset")
    permission, _ = Permission.objects.get_or_create(
        content_type=content_type,
        codename="manage_preset",
        defaults={"name": "Change and delete the presets of others"},
    )
    for group in apps.get_model("auth", "Group").objects.filter(name="engineer"):
        group.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [
        ("procedures", "0010_search"),
        ("procedures", "0002_roles"),
    ]

    operations = [
        migrations.CreateModel(
            name="Preset",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100)),
                ("script_uri", models.CharField(max_length=2000)),
                ("repository", models.CharField(blank=True, help_text="Of a script from git.", max_length=1000)),
                ("inputs", models.JSONField(default=dict, help_text="By function: args and kwargs.")),
                ("timeout_s", models.FloatField(null=True)),
                ("saved_by", models.CharField(max_length=150)),
                ("saved_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["name"],
                "permissions": [("manage_preset", "Change and delete the presets of others")],
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("script_uri", "repository", "name"), name="preset_name_is_unique")
                ],
            },
        ),
        migrations.RunPython(grant_right, migrations.RunPython.noop),
    ]
