import re

from django.db import migrations


def host_name(text):
    """As it was read when this was made: what a later rule says of names changes no history."""
    lower = text.lower()
    match = re.fullmatch(r"(\[[^]]*\]|[^:]*)(?::\d*)?", lower, re.ASCII)
    return (match[1] if match else lower).removesuffix(".")


def lower_names(apps, schema_editor):
    """A site has one name by now, however it was written: drains that were of two spellings of it
    get the same lines. Of those with the same URL the oldest goes on. The others are paused, each
    with its place in the logs, should its owner want what it was behind with.

    Workers that still run are not told: to them lines have the old spellings too.
    """
    rows = apps.get_model("drains", "Drain").objects.using(schema_editor.connection.alias)
    oldest, changed, twins = {}, [], []
    of_sites = rows.exclude(site="").order_by("created_at", "pk")
    for drain in of_sites.only("site", "address", "url_digest", "paused"):
        name = host_name(drain.site) or drain.site
        first = oldest.setdefault((name, drain.url_digest), drain.pk)
        is_changed, drain.site = drain.site != name, name
        if first != drain.pk:
            # What tells URLs apart must differ, or the two could not be of one site.
            drain.url_digest, drain.paused = f"twin {drain.pk}", True
            twins.append(drain)
            print(f"\n  Drain {drain.pk} of site {name} to {drain.address} is paused:"
                  f" {first} sends the same lines there.", end="")
        elif is_changed:
            changed.append(drain)
    # Twins first: the oldest may take a name that one of them has.
    rows.bulk_update(twins, ["site", "url_digest", "paused"], batch_size=500)
    rows.bulk_update(changed, ["site"], batch_size=500)


class Migration(migrations.Migration):

    dependencies = [
        ('drains', '0007_stored_options'),
    ]

    operations = [
        migrations.RunPython(lower_names, migrations.RunPython.noop),
    ]
