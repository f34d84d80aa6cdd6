from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('drains', '0009_drain_state'),
    ]

    operations = [
        migrations.CreateModel(
            name='Installation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(max_length=32)),
            ],
        ),
    ]
