from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Entry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("actor_kind", models.CharField(max_length=16, verbose_name="by")),
                ("actor", models.CharField(max_length=200, verbose_name="who")),
                ("address", models.CharField(max_length=64, verbose_name="from")),
                ("request_id", models.CharField(max_length=64, verbose_name="request")),
                ("kind", models.CharField(max_length=32)),
                ("object_id", models.CharField(max_length=64, verbose_name="id")),
                ("what", models.CharField(max_length=32)),
                ("owner", models.CharField(max_length=520, verbose_name="whose")),
                ("about", models.TextField()),
                ("before", models.JSONField(default=dict)),
                ("after", models.JSONField(default=dict)),
            ],
            options={
                "verbose_name": "audit entry",
                "verbose_name_plural": "audit entries",
                "ordering": ["-at", "-id"],
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["at", "id"], name="audit_at"),
                    models.Index(fields=["kind", "at"], name="audit_kind"),
                    models.Index(fields=["actor", "at"], name="audit_actor"),
                    models.Index(fields=["owner", "at"], name="audit_owner"),
                    models.Index(fields=["object_id"], name="audit_object"),
                    models.Index(fields=["request_id"], name="audit_request"),
                ],
            },
        ),
    ]
