"""Operators and engineers may steer scripts (pause, resume, answer) and send them events."""

from django.db import migrations

RIGHTS = ["procedures.procedure.steer_procedure", "procedures.event.publish_event"]
ROLES = ["operator", "engineer"]


def grant_rights(apps, schema_editor):
    """Grant the new rights to the roles that have not been removed; the rights themselves are otherwise made later."""
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    ContentType = apps.get_model("contenttypes", "ContentType")
    for right in RIGHTS:
        app, model, codename = right.split(".")
        names = dict(apps.get_model(app, model)._meta.permissions)
        content_type, _ = ContentType.objects.get_or_create(app_label=app, model=model)
        permission, _ = Permission.objects.get_or_create(
            content_type=content_type, codename=codename, defaults={"name": names[codename]}
        )
        for group in Group.objects.filter(name__in=ROLES):
            group.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [("procedures", "0007_said"), ("procedures", "0002_roles")]

    operations = [migrations.RunPython(grant_rights, migrations.RunPython.noop)]
