"""Which keys each web process has."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0002_viewers")]
    operations = [migrations.AddField("viewers", "keys", models.JSONField(null=True))]
