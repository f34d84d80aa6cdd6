import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='ApiKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('prefix', models.CharField(editable=False, max_length=8, unique=True)),
                ('name', models.CharField(max_length=100)),
                ('digest', models.CharField(editable=False, max_length=64)),
                ('pepper', models.CharField(editable=False, max_length=16)),
                ('scopes', models.JSONField(default=list)),
                ('reach', models.JSONField(default=list)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('revoked_at', models.DateTimeField(editable=False, null=True)),
                ('last_used_at', models.DateTimeField(editable=False, null=True)),
                ('replaces', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='successors', to='access.apikey')),
            ],
            options={
                'verbose_name': 'key',
                'ordering': ['-created_at', '-pk'],
            },
        ),
    ]
