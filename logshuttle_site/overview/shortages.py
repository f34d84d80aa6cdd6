"""More drains than a worker can be connected to: said before a dial fails."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Count

from drains.models import Drain
from logshuttle_site.overview.values import Shortage
from shuttle.models import Worker
from shuttle.worker.shortage import OWN_FILES


def shortages(working: Iterable[Worker], drains: int) -> list[Shortage]:
    """One a host. `drains`: how many are not paused; each may need a connection from each worker.
    Asks the database only where there are so many."""
    few_files = {
        row.host: Shortage("open files", row.host, row.open_files_max, drains)
        for row in working
        if row.open_files_max is not None and drains > row.open_files_max - OWN_FILES
    }
    few_ports = {row.host: row.local_ports for row in working if row.local_ports is not None}
    found = list(few_files.values())
    if any(drains > ports for ports in few_ports.values()):
        to_one = Drain.objects.filter(paused=False).exclude(host="").values_list("host", "port")
        for host, port, count in to_one.annotate(n=Count("pk")).order_by("-n")[:1]:
            receiver = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            found += [
                Shortage("local ports", where, ports, count, receiver)
                for where, ports in few_ports.items()
                if count > ports
            ]
    return found
