"""The roles, as groups: viewer, operator, engineer."""

from django.db import migrations

VIEWER = ["procedures.procedure.view_procedure"]
OPERATOR = [
    *VIEWER,
    "procedures.procedure.prepare_procedure",
    "procedures.procedure.start_procedure",
    "procedures.procedure.stop_procedure",
    "procedures.operatoroverride.set_override",
]
ENGINEER = [*OPERATOR, "environments.environment.manage_environment"]
ROLES = {"viewer": VIEWER, "operator": OPERATOR, "engineer": ENGINEER}


def create_roles(apps, schema_editor):
    """Make the groups and grant their rights; the rights themselves are otherwise made only after all migrations."""
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    ContentType = apps.get_model("contenttypes", "ContentType")
    for role, rights in ROLES.items():
        group, _ = Group.objects.get_or_create(name=role)
        for right in rights:
            app, model, codename = right.split(".")
            names = dict(apps.get_model(app, model)._meta.permissions)
            content_type, _ = ContentType.objects.get_or_create(app_label=app, model=model)
            permission, _ = Permission.objects.get_or_create(
                content_type=content_type, codename=codename, defaults={"name": names[codename]}
            )
            group.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [
        ("procedures", "0001_initial"),
        ("environments", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(create_roles, migrations.RunPython.noop)]
