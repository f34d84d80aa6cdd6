"""Variables that Kubernetes (as Docker's links do) makes of the Services of a namespace.

A Service called `metrics` makes METRICS_PORT=tcp://10.96.0.7:9102, METRICS_SERVICE_HOST and more,
in every pod: nobody has set them, whatever they are called.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_NAME = re.compile(
    r"(?P<service>[A-Z][A-Z0-9_]*?)_"
    r"(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_PROTO|_PORT|_ADDR)?)?)",
    re.ASCII,
)
_LINK = re.compile(r"(?:tcp|udp|sctp)://(?:[0-9.]+|\[[0-9a-fA-F:]+\]):\d{1,5}", re.ASCII)
"""An address, not a name: nobody writes a port like that."""


def services_in(environ: Mapping[str, str]) -> dict[str, str]:
    """The names of such variables, each with the Service that it is of."""
    services = {
        name.removesuffix("_PORT")
        for name, value in environ.items()
        if name.endswith("_PORT") and _LINK.fullmatch(value.strip())
    }
    matches = filter(None, map(_NAME.fullmatch, environ))
    return {
        match[0]: match["service"].lower().replace("_", "-")
        for match in matches
        if match["service"] in services
    }
