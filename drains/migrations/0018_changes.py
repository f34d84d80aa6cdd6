"""Which change was a drain's last: workers read those that are new to them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("drains", "0017_rates")]
    operations = [
        migrations.AddField(
            "drain",
            "changed",
            models.BigIntegerField(db_default=0, db_index=True, default=0, editable=False),
        ),
    ]
