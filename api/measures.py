"""Metrics (interface.md §3): every name in one table, each with labels whose values are closed sets.

Counters move where things happen; gauges are read when asked. A label never carries what a stranger sent.
"""

import importlib.metadata
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics import MetricWrapperBase

from api.problems import TYPES

PREFIX: Final = "holdpoint_"
FAST: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
COUNTS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)
Kind = Literal["counter", "gauge", "seconds", "entries"]


@dataclass(frozen=True, slots=True)
class Metric:
    """`kind`: `seconds` and `entries` are histograms."""

    kind: Kind
    help: str
    labels: tuple[str, ...] = ()


METRICS: Final[dict[str, Metric]] = {
    "tree_size": Metric("gauge", "Entries under the newest checkpoint."),
    "checkpoint_age_seconds": Metric("gauge", "Seconds since the newest checkpoint was signed."),
    "unwitnessed_seconds": Metric("gauge", "Age of the first entry that no witnessed checkpoint covers; NaN: no policy."),
    "anchor_lag_entries": Metric("gauge", "Committed entries that the anchor does not cover."),
    "append_seconds": Metric("seconds", "One commit of a batch in the database."),
    "batch_entries": Metric("entries", "Entries per commit, derived ones included."),
    "admissions_total": Metric("counter", "Answers to submissions: appended, replayed, refused, malformed, failed.",
                               ("result", "reason")),
    "outcome_unknown_total": Metric("counter", "Submissions answered `outcome-unknown`."),
    "gate_answers_total": Metric("counter", "Answers of the gate.", ("clearance", "verdict", "reason")),
    "gate_seconds": Metric("seconds", "From question to answer at the gate."),
    "projection_lag_entries": Metric("gauge", "Entries not yet folded into a view.", ("projection",)),
    "witness_answers_total": Metric("counter", "Answers of witnesses; `ahead` and `conflict` mean a log set back, or forked.",
                                    ("witness", "status")),
    "signer_seconds": Metric("seconds", "Both signatures of the log over a checkpoint."),
    "queue_entries": Metric("gauge", "Submissions that wait for a commit."),
    "disk_free_bytes": Metric("gauge", "Free bytes where the ledger's folder lies."),
    "clock_skew_seconds": Metric("gauge", "The ledger's clock minus the database's."),
    "key_expiry_seconds": Metric("gauge", "Until the first live key ends; +Inf where none does."),
    "attestation_expiry_seconds": Metric("gauge", "Until the first standing attestation ends; +Inf where none stands."),
    "obligations_overdue": Metric("gauge", "Duties past their latest due date and not done; those that may not apply included.",
                                  ("pack",)),
    "obligations_due_72h": Metric("gauge", "Duties still owed that are due within 72 hours under the strict reading.", ("pack",)),
    "requests_total": Metric("counter", "Answers by route and status.", ("route", "status")),
    "request_seconds": Metric("seconds", "From the head of a request to the end of its answer.", ("route",)),
    "build_info": Metric("gauge", "Always 1; the labels say what runs.", ("version", "python")),
}  # fmt: skip


def _result(status: int, code: str) -> tuple[str, str]:
    """The labels of one answer to a submission."""
    if status == 201:
        return "appended", "none"
    if status == 200:
        return "replayed", "none"
    result = "failed" if status >= 500 else "malformed" if status in (400, 408, 413, 415) else "refused"
    return result, code if code in TYPES else "other"


class Measures:
    """The metrics of one process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._made: dict[str, Any] = {name: self._make(name, metric) for name, metric in METRICS.items()}
        self._children: dict[tuple[str, ...], Any] = {}
        version = importlib.metadata.version("holdpoint")
        self._of("build_info", version, platform.python_version()).set(1)

    def _make(self, name: str, metric: Metric) -> MetricWrapperBase:
        full = PREFIX + name
        match metric.kind:
            case "counter":
                return Counter(full.removesuffix("_total"), metric.help, metric.labels, registry=self.registry)
            case "gauge":
                return Gauge(full, metric.help, metric.labels, registry=self.registry)
            case "seconds":
                return Histogram(full, metric.help, metric.labels, buckets=FAST, registry=self.registry)
            case "entries":
                return Histogram(full, metric.help, metric.labels, buckets=COUNTS, registry=self.registry)

    def _of(self, name: str, *labels: str) -> Any:
        """The child of these labels, remembered: looking it up in the library costs a lock."""
        child = self._children.get((name, *labels))
        if child is None:
            made = self._made[name]
            child = self._children[name, *labels] = made.labels(*labels) if labels else made
        return child

    def answered(self, route: str, status: int, seconds: float) -> None:
        """One request was answered."""
        self._of("requests_total", route, str(status)).inc()
        self._of("request_seconds", route).observe(seconds)

    def admission(self, results: Iterable[tuple[int, str]]) -> None:
        """Submissions were answered: status and problem code of each."""
        for status, code in results:
            self._of("admissions_total", *_result(status, code)).inc()
            if code == "outcome-unknown":
                self._of("outcome_unknown_total").inc()

    def gate(self, clearance: str, verdict: str, reasons: Sequence[str], seconds: float) -> None:
        """The gate answered. The first reason decides; the rules write it from a closed set."""
        self._of("gate_answers_total", clearance, verdict, reasons[0].split(":", 1)[0] if reasons else "none").inc()
        self._of("gate_seconds").observe(seconds)

    def witness(self, name: str, status: str) -> None:
        """A witness answered, by its name in our own policy."""
        self._of("witness_answers_total", name, status).inc()

    def observe(self, name: str, value: float) -> None:
        """Add to a histogram without labels."""
        self._of(name).observe(value)

    def set(self, name: str, value: float, *labels: str) -> None:
        """Set a gauge."""
        self._of(name, *labels).set(value)

    def text(self) -> bytes:
        """Prometheus text, version 0.0.4."""
        return generate_latest(self.registry)
