"""Which partitions each worker holds."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shuttle", "0001_figures")]
    operations = [
        migrations.AddField("worker", "assignment", models.JSONField(null=True)),
        migrations.AddField("worker", "assigned_since", models.DateTimeField(null=True)),
    ]
