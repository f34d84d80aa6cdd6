"""Django's backend for PostgreSQL, with connections of ours: the ENGINE of settings.DATABASES."""
