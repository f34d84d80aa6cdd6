"""The variables that Kubernetes sets in each pod for the Services of its namespace."""

from __future__ import annotations


def variables_of(*services: str) -> dict[str, str]:
    """Of Services with one port that has a name, each at an address of its own."""
    found: dict[str, str] = {}
    for number, service in enumerate(services, start=1):
        prefix = service.upper().replace("-", "_")
        address, port = f"10.96.0.{number}", "9102"
        link = f"tcp://{address}:{port}"
        found |= {
            f"{prefix}_SERVICE_HOST": address,
            f"{prefix}_SERVICE_PORT": port,
            f"{prefix}_SERVICE_PORT_HTTP": port,
            f"{prefix}_PORT": link,
            f"{prefix}_PORT_{port}_TCP": link,
            f"{prefix}_PORT_{port}_TCP_PROTO": "tcp",
            f"{prefix}_PORT_{port}_TCP_PORT": port,
            f"{prefix}_PORT_{port}_TCP_ADDR": address,
        }
    return found
