"""The metrics of several workers as one answer, each series with the number of its worker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric, Sample
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

LABEL = "worker"


def merged(texts: Mapping[str, str], own: Iterable[Metric]) -> bytes:
    """`texts`: worker → what it answered. `own` stands before them as it is."""
    registry = CollectorRegistry()
    registry.register(_Given([*own, *_families(texts)]))
    return generate_latest(registry)


def _families(texts: Mapping[str, str]) -> Iterable[Metric]:
    """One of each name: a name may have its HELP and TYPE only once."""
    by_name: dict[str, Metric] = {}
    for worker, text in texts.items():
        for family in text_string_to_metric_families(text):
            whole = by_name.setdefault(
                family.name, Metric(family.name, family.documentation, family.type)
            )
            whole.samples += [_labelled(sample, worker) for sample in family.samples]
    return by_name.values()


def _labelled(sample: Sample, worker: str) -> Sample:
    return sample._replace(labels={LABEL: worker, **sample.labels})


class _Given(Collector):
    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        yield from self._families
