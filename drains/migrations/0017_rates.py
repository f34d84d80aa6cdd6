"""When certificates end that receivers have shown, and what drains were sent of late."""

from django.db import migrations, models


def column(name, field, otherwise):
    """Workers of the version before go on while this one comes: they know none of these."""
    return migrations.AddField("drainstatus", name, field(default=otherwise, db_default=otherwise))


class Migration(migrations.Migration):
    dependencies = [("drains", "0016_fill_certificates")]
    operations = [
        migrations.AddField(
            "drainstatus",
            "certificate_ends_at",
            models.DateTimeField(null=True, db_index=True),
        ),
        column("lines_lately", models.BigIntegerField, 0),
        column("sent_by_minute", models.TextField, ""),
        column("sent_by_quarter", models.TextField, ""),
    ]
