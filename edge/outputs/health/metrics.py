"""The state of a run as metrics of Prometheus, made when they are asked for; labels are `source`, `label`, `reason`."""

import time
from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from edge.outputs.health.state import HealthState


class _RunCollector(Collector):
    """Makes the metrics of a run."""

    def __init__(self, state: HealthState) -> None:
        self._state = state

    def collect(self) -> Iterator[Metric]:
        """See `Collector.collect`."""
        now = time.monotonic()
        yield from self._totals()
        yield from self._now(now)
        lost = CounterMetricFamily(
            "sed_edge_output_lost", "What outputs could not take or deliver.", labels=["source", "reason"]
        )
        failing = GaugeMetricFamily("sed_edge_output_failing", "Whether an output does not work.", labels=["reason"])
        for output in self._state.output_states():
            failing.add_metric([output.name], float(output.failure is not None))
            for (source, what), count in output.lost.items():
                lost.add_metric([source, f"{output.name} {what}"], count)
        problems = GaugeMetricFamily(
            "sed_edge_problem", "What is wrong now, as /healthz says.", labels=["source", "reason"]
        )
        found = self._state.problems(now)
        for problem in found:
            problems.add_metric([problem.source, problem.reason], 1.0)
        yield lost
        yield failing
        yield problems
        yield GaugeMetricFamily("sed_edge_healthy", "Whether nothing is wrong.", value=float(not found))

    def _totals(self) -> Iterator[Metric]:
        heard = CounterMetricFamily("sed_edge_heard_seconds", "Sound that was processed.", labels=["source"])
        gaps = CounterMetricFamily("sed_edge_gap_seconds", "Sound that was lost.", labels=["source", "reason"])
        events = CounterMetricFamily("sed_edge_events", "Events.", labels=["source", "label"])
        lost = CounterMetricFamily("sed_edge_source_lost", "How often a source was lost.", labels=["source"])
        for name, _, totals in self._state.sources():
            heard.add_metric([name], totals.heard_seconds)
            lost.add_metric([name], totals.times_lost)
            for reason, seconds in list(totals.gap_seconds.items()):
                gaps.add_metric([name, reason], seconds)
            for label, count in list(totals.events.items()):
                events.add_metric([name, label], count)
        yield from (heard, gaps, events, lost)

    def _now(self, now: float) -> Iterator[Metric]:
        missing = GaugeMetricFamily(
            "sed_edge_missing_seconds", "For how long nothing of a source has been heard.", labels=["source"]
        )
        coverage = GaugeMetricFamily(
            "sed_edge_coverage_ratio", "The share of the last five minutes that was heard.", labels=["source"]
        )
        lag = GaugeMetricFamily("sed_edge_lag_seconds", "From a sound to its result.", labels=["source"])
        level = GaugeMetricFamily("sed_edge_level_dbfs", "Root mean square of about a second.", labels=["source"])
        for name, listening, _ in self._state.sources():
            if listening.ended:
                continue
            missing.add_metric([name], listening.missing_seconds(now))
            for family, value in (
                (coverage, listening.coverage(now)),
                (lag, listening.lag_seconds),
                (level, listening.level_dbfs),
            ):
                if value is not None:
                    family.add_metric([name], value)
        yield from (missing, coverage, lag, level)


class Metrics:
    """The metrics of a run and of its process.

    Args:
        state: of the run.
    """

    def __init__(self, state: HealthState) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_RunCollector(state))
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)

    def text(self, accepted: str) -> tuple[bytes, str]:
        """The metrics now, and their media type, in a form that is accepted (the header `Accept`)."""
        encode, content_type = choose_encoder(accepted)
        return encode(self._registry), content_type
