from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("drains", "0010_installation")]

    operations = [
        migrations.AddField(
            model_name="drainstatus",
            name="lines_cut",
            # Workers of before, which do not know of it, go on writing rows meanwhile.
            field=models.BigIntegerField(default=0, db_default=0),
        ),
    ]
