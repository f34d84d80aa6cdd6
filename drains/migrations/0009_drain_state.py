from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("drains", "0008_site_names")]

    operations = [
        # Processes of the version before go on while this one comes: they know none of these.
        migrations.AddField(
            "drain",
            "state",
            models.CharField(db_default="", default="", editable=False, max_length=16),
        ),
        migrations.AddField(
            "drain", "state_since", models.DateTimeField(editable=False, null=True)
        ),
        migrations.AddField("drainstatus", "next_try_at", models.DateTimeField(null=True)),
        migrations.AddField(
            "drainstatus", "lag_is_estimate", models.BooleanField(db_default=False, default=False)
        ),
        migrations.AddIndex(
            "drain", models.Index(fields=["state", "state_since"], name="drain_state")
        ),
    ]
