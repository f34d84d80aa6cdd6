"""How many connections each worker can have."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shuttle", "0002_assignments")]
    operations = [
        migrations.AddField("worker", "open_files_max", models.BigIntegerField(null=True)),
        migrations.AddField("worker", "local_ports", models.IntegerField(null=True)),
    ]
