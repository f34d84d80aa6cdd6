"""Who takes a partition over learns how many workers it has taken down, and which records did."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("drains", "0021_indexes_of_lists")]
    operations = [
        migrations.AddField(
            "partitionclaim", "tries", models.IntegerField(default=0, db_default=0)
        ),
        migrations.AddField("partitionclaim", "deadly", models.JSONField(null=True)),
    ]
