"""Connections to the database, as we want them: so many at most, and none that waits for ever."""
