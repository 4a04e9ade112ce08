"""Every Prometheus metric of both services, declared in one place."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Final, Literal, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from shared_schema.errors import ERRORS, ErrorCode
from transcription.errors import KEY_REFUSED
from transcription.ledger.base import Kind

Status = Literal["complete", "partial", "refused", "abandoned"]

_LATENCY: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_DURATION: Final = (3.0, 10.0, 20.0, 30.0, 60.0, 120.0, 180.0, 300.0, 600.0)
_PROVIDER_CODES: Final = (
    ErrorCode.PROVIDER_REJECTED,
    ErrorCode.PROVIDER_RATE_LIMITED,
    ErrorCode.PROVIDER_UNAVAILABLE,
)
_HANDSHAKE_CODES: Final = (
    ErrorCode.UNAUTHENTICATED,
    ErrorCode.TOKEN_EXPIRED,
    ErrorCode.FORBIDDEN,
    ErrorCode.AUTH_UNAVAILABLE,
)
Place = Literal["first", "next"]
"""Whether a provider is the first in the order, or stands in for it."""
AudioFailure = Literal["internal", "start", "crash", "timeout"]
"""Why a process that reads files failed: a bug of ours, it does not start, a decoder crashed, or
it took too long."""
ORIGIN_REFUSED: Final = "origin"
"""Reason of a refused handshake that has no code."""


class Metrics:
    """The metrics of one process. Labels are codes and names of ours, never a user's data."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        gauge = partial(Gauge, registry=self.registry)
        counter = partial(Counter, registry=self.registry)
        histogram = partial(Histogram, registry=self.registry)
        self.sockets_pending = gauge("utter_sockets_pending", "Sockets that were not let in yet.")
        self.sockets_turned_away = counter(
            "utter_sockets_turned_away",
            "Connections that were ended because too many were waiting.",
        )
        self.sessions_open = gauge("utter_sessions_open", "Live sessions that are open.")
        self.sessions_limit = gauge(
            "utter_sessions_limit", "Live sessions that the process takes at once."
        )
        self.draining = gauge("utter_draining", "1 while the process lets its work end.")
        self.transcriptions = counter(
            "utter_transcriptions",
            "Transcriptions that ended, by kind and how.",
            ("kind", "status"),
        )
        self.errors = counter(
            "utter_errors", "Errors that clients were told, by kind and code.", ("kind", "code")
        )
        self.provider_failures = counter(
            "utter_provider_failures",
            "Failures of the speech-to-text provider, by provider and reason.",
            ("provider", "reason"),
        )
        self.provider_served = counter(
            "utter_provider_served",
            "Transcriptions that a provider did, by kind, provider and place in the order: the"
            " first, or one that comes next.",
            ("kind", "provider", "place"),
        )
        self.provider_passed_over = gauge(
            "utter_provider_passed_over",
            "1 while this process passes a provider over because it failed.",
            ("provider",),
        )
        self.handshakes_refused = counter(
            "utter_handshakes_refused",
            "Sockets that were refused before their upgrade, by reason.",
            ("reason",),
        )
        self.settlements_pending = gauge(
            "utter_settlements_pending", "Settlements that the ledger has not taken yet."
        )
        self.tasks = gauge("utter_tasks", "Tasks of the event loop: what leaks shows here.")
        self.audio_seconds = counter(
            "utter_audio_seconds", "Audio handed to the provider, by kind.", ("kind",)
        )
        self.cost = counter(
            "utter_cost_microdollars", "Cost of settled transcriptions, by kind.", ("kind",)
        )
        self.deltas = counter("utter_deltas", "Pieces of live text sent to clients.")
        self.ready_seconds = histogram(
            "utter_ready_seconds", "From `start` to `ready`.", buckets=_LATENCY
        )
        self.first_delta_seconds = histogram(
            "utter_first_delta_seconds", "From the first frame to the first text.", buckets=_LATENCY
        )
        self.finish_seconds = histogram(
            "utter_finish_seconds", "From the end of the audio to `final`.", buckets=_LATENCY
        )
        self.session_audio_seconds = histogram(
            "utter_session_audio_seconds",
            "Audio of one transcription, by kind.",
            ("kind",),
            buckets=_DURATION,
        )
        self.provider_file_seconds = histogram(
            "utter_provider_file_seconds",
            "From handing a whole file to the provider to its transcript.",
            buckets=_DURATION,
        )
        self.audio_failures = counter(
            "utter_audio_failures",
            "Failures of the processes that read uploaded audio, by reason.",
            ("reason",),
        )
        self.swept = counter("utter_swept", "Leftovers that were removed, by kind.", ("kind",))
        self.swept_at = gauge(
            "utter_swept_timestamp_seconds",
            "Unix time of the last whole sweep, at first of the start; 0 where no process sweeps.",
        )
        self.http_seconds = histogram(
            "utter_http_seconds",
            "HTTP requests, by route, method and status.",
            ("route", "method", "status"),
            buckets=_LATENCY,
        )

    def count_tasks(self, loop: asyncio.AbstractEventLoop) -> None:
        """Count the tasks of a loop at each scrape, which may be on another thread."""
        self.tasks.set_function(lambda: len(asyncio.all_tasks(loop)))

    def expect(self, kind: Kind, providers: Sequence[str]) -> None:
        """Start every counter at zero: `increase` would not see the first event otherwise.

        Args:
            kind: What this process does.
            providers: Their names, in order.
        """
        for status in get_args(Status):
            self.transcriptions.labels(kind, status)
        for code in ERRORS:
            self.errors.labels(kind, code)
        for provider in providers:
            for reason in (*_PROVIDER_CODES, KEY_REFUSED):
                self.provider_failures.labels(provider, reason)
            place: Place = "first" if provider == providers[0] else "next"
            self.provider_served.labels(kind, provider, place)
        for counter in (self.audio_seconds, self.cost):
            counter.labels(kind)
        if kind == "batch":
            for failure in get_args(AudioFailure):
                self.audio_failures.labels(failure)
        if kind == "realtime":
            for refusal in (ORIGIN_REFUSED, *_HANDSHAKE_CODES):
                self.handshakes_refused.labels(refusal)
