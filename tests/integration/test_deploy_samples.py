"""The sample configurations are what they say: YAML, and taken by the programs they are for."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

from tests.support.envoy import SAMPLES, envoy, sample

DEPLOY = SAMPLES.parent
FILES = sorted([*DEPLOY.glob("envoy/*.yaml"), *DEPLOY.glob("istio/*.yaml")])


def istio(name: str) -> Any:
    return yaml.safe_load((DEPLOY / "istio" / name).read_text())


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_each_is_yaml_with_something_in_it(file: Path) -> None:
    assert all(isinstance(part, dict) for part in yaml.safe_load_all(file.read_text()))


def test_envoy_takes_its_sample() -> None:
    command = [str(envoy()), "--mode", "validate", "-c", str(SAMPLES / "envoy.yaml")]
    checked = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert checked.returncode == 0, checked.stderr


def test_both_samples_of_envoy_send_to_the_same_place() -> None:
    clear, secured = (
        sample("envoy.yaml")["static_resources"]["clusters"][1],
        sample("logshuttle-mtls.yaml"),
    )
    secured.pop("transport_socket")

    assert clear == secured


def test_the_samples_of_istio_fit_each_other() -> None:
    (provider,) = istio("mesh-config.yaml")["meshConfig"]["extensionProviders"]
    (logging,) = istio("telemetry.yaml")["spec"]["accessLogging"]
    service = istio("service.yaml")
    name, namespace = service["metadata"]["name"], service["metadata"]["namespace"]

    assert logging["providers"] == [{"name": provider["name"]}]
    to = provider["envoyHttpAls"]
    assert to["service"] == f"{namespace}/{name}.{namespace}.svc.cluster.local"
    assert [to["port"]] == [port["port"] for port in service["spec"]["ports"]]
    assert to["port"] == settings.ALS_PORT
