"""That a worker lives is a row of its own: what it says of drains is written when it changes."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("drains", "0019_gone_drains")]
    operations = [
        migrations.CreateModel(
            "Heartbeat",
            [
                ("name", models.CharField(max_length=200, primary_key=True, serialize=False)),
                ("run", models.CharField(max_length=32, unique=True)),
                ("process", models.IntegerField()),
                ("began_at", models.DateTimeField()),
                ("heard_since", models.DateTimeField()),
                ("reported_at", models.DateTimeField()),
                ("has_ended", models.BooleanField(default=False)),
            ],
        ),
        # Workers of the version before go on while this one comes: they know none of these.
        migrations.AddField(
            "drainstatus", "run", models.CharField(db_default="", default="", max_length=32)
        ),
        migrations.AddField(
            "drainstatus", "lines_before", models.BigIntegerField(db_default=0, default=0)
        ),
        migrations.AddIndex(
            "drainstatus", models.Index(fields=["worker"], name="drain_status_worker")
        ),
        migrations.AddIndex(
            "drainstatus",
            models.Index(
                condition=models.Q(("run", ""), models.Q(("worker", ""), _negated=True)),
                fields=["worker"],
                name="drain_status_without_run",
            ),
        ),
    ]
