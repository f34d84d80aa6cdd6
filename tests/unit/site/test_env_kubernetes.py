"""What Kubernetes sets for Services is nobody's wish; each start says so once for each of them."""

from __future__ import annotations

import pytest

from logshuttle_site.env import Env
from logshuttle_site.env_kubernetes import services_in
from tests.support.kubernetes_services import variables_of
from tests.support.settings_start import faults_of, started

SERVICES = ["metrics", "als", "als-metrics", "logshuttle", "email", "kafka-conf", "kafka", "port"]


def test_all_that_services_set_counts_as_unset() -> None:
    environ = variables_of(*SERVICES)
    plain, with_services = started({}), started(environ)

    for name in ("METRICS_PORT", "ALS_PORT", "ALS_METRICS_PORT", "EMAIL_PORT", "KAFKA_CONF"):
        assert with_services[name] == plain[name], name
    notes = with_services["SETTINGS_NOTES"]
    assert len(notes) == 5
    for service in ("metrics", "als", "als-metrics", "email", "kafka-conf"):
        assert sum(f"the Service {service!r}," in note for note in notes) == 1


@pytest.mark.parametrize(
    "link", ["tcp://10.96.0.7:9102", "udp://[fd00::7]:53", "sctp://10.0.0.1:1"]
)
def test_the_form_alone_is_enough(link: str) -> None:
    assert started({"METRICS_PORT": link})["METRICS_PORT"] == 9102


@pytest.mark.parametrize(
    "value", ["tcp://metrics:9102", "http://10.96.0.7:9102", "tcp://10.96.0.7"]
)
def test_what_somebody_has_written_is_a_fault(value: str) -> None:
    assert faults_of({"METRICS_PORT": value})[0].startswith("METRICS_PORT: must be a whole number")


def test_what_the_pod_sets_itself_counts() -> None:
    environ = {**variables_of("metrics"), "METRICS_PORT": "9200"}

    settings = started(environ)

    assert settings["METRICS_PORT"] == 9200
    assert settings["SETTINGS_NOTES"] == []


def test_other_variables_stay() -> None:
    environ = {**variables_of("als"), "ALS_METRICS_PORT": "9103", "ALS_STREAMS_PER_PEER": "5"}

    assert not {"ALS_METRICS_PORT", "ALS_STREAMS_PER_PEER"} & services_in(environ).keys()
    assert services_in({"PATH": "/bin", "X_PORT": "80"}) == {}


def test_a_service_is_said_once() -> None:
    env = Env(variables_of("metrics"))

    assert env.integer("METRICS_PORT", 9102, 1, 65535) == 9102
    assert env.text("METRICS_PORT") == ""
    assert env.text("METRICS_PORT_9102_TCP") == ""
    assert env.notes == [
        "METRICS_PORT: made by Kubernetes for the Service 'metrics', and counts as unset"
        " (enableServiceLinks: false in the pod spares it)"
    ]
