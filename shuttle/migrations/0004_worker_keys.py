"""Which keys each worker has."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shuttle", "0003_worker_limits")]
    operations = [migrations.AddField("worker", "keys", models.JSONField(null=True))]
