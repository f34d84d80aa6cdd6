"""Which drains have gone since a worker looked."""

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("drains", "0018_changes")]
    operations = [
        migrations.AddField(
            "routeversion", "forgotten", models.BigIntegerField(db_default=0, default=0)
        ),
        migrations.AddField(
            "routeversion", "stamped", models.BigIntegerField(db_default=0, default=0)
        ),
        migrations.CreateModel(
            "GoneDrain",
            [
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("drain", models.UUIDField()),
                ("changed", models.BigIntegerField(db_index=True)),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
    ]
