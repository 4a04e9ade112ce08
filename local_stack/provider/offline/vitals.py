"""What an offline engine counts of itself, as Prometheus reads it."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_LAG_BUCKETS = (0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)


class Vitals:
    """The numbers of one engine, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.sessions = Gauge(
            "offline_sessions", "Live sessions that are open.", registry=self._registry
        )
        self.places = Gauge(
            "offline_sessions_max", "Live sessions that are taken.", registry=self._registry
        )
        self.refused = Counter(
            "offline_refused",
            "Sessions and files that were refused because too many were there.",
            ("kind",),
            registry=self._registry,
        )
        self.lag = Histogram(
            "offline_lag_seconds",
            "From the arrival of audio to the time when it was heard.",
            buckets=_LAG_BUCKETS,
            registry=self._registry,
        )

    def exposition(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self._registry)
