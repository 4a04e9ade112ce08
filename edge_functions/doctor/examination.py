"""Every check in its order; what rests on a fault is left out."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass

import httpx

from edge_functions.composition import upkeep
from edge_functions.doctor.finding import Fault, Finding, Skipped
from edge_functions.doctor.project import Project
from edge_functions.doctor.provider import Transcribing
from edge_functions.doctor.site import Site
from edge_functions.doctor.speech import Speech
from shared_schema.audio import FRAME_MS
from shared_schema.network import trusts_environment
from transcription.errors import TranscriptionError
from transcription.process.metrics import Metrics
from transcription.providers.base import Provider
from transcription.providers.registry import bind
from transcription.settings import Settings


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to look at."""

    name: str
    look: Callable[[], Awaitable[str]]
    """Returns what was found where all is well.

    Raises:
        Fault: it is not.
        Skipped: this cannot be looked at.
    """
    needs: tuple[str, ...] = ()
    """Checks without which this one would only repeat their fault."""


async def examine(
    settings: Settings,
    site_url: str,
    *,
    clock: Callable[[], float] = time.time,
    tls: ssl.SSLContext | None = None,
    frame_seconds: float = FRAME_MS / 1000,
) -> AsyncIterator[Finding]:
    """Look at a deployment, and yield what is found as it is found.

    An account is made, speaks for six seconds and is erased; the speech costs less than a tenth of
    a cent.

    Args:
        settings: Those that the services run with.
        site_url: The address that people type.
        clock: Unix time, seconds.
        tls: How the site's certificate is verified; None: as a browser does.
        frame_seconds: Between two frames of the live session; as a person speaks.
    """
    tls = tls or httpx.create_ssl_context()
    providers = bind(settings)
    async with (
        upkeep(settings, Metrics()) as tools,
        httpx.AsyncClient(timeout=20, verify=tls, trust_env=trusts_environment(site_url)) as http,
    ):
        project = Project(settings, tools, clock)
        site = Site(settings, site_url.rstrip("/"), http, tls)
        try:
            found: dict[str, Finding] = {}
            speech = Speech(settings, site, http, frame_seconds=frame_seconds)
            checks = _checks(project, providers, site, speech)
            for check in checks:
                finding = await _finding(check, found)
                found[check.name] = finding
                yield finding
        finally:
            for provider in providers:
                await provider.models.aclose()
            left = await asyncio.shield(_leave(project))
        if left is not None:
            yield left


def _checks(
    project: Project, providers: Sequence[Provider], site: Site, speech: Speech
) -> tuple[Check, ...]:
    may_speak = ("site", "token issuer", "provider key", "models", "migrations", "budget")
    return (
        Check("supabase", project.reach),
        Check("clock", project.clock, ("supabase",)),
        Check("secret key", project.secret_key, ("supabase",)),
        Check("migrations", project.migrations, ("secret key",)),
        Check("bucket", project.bucket, ("secret key",)),
        Check("budget", project.budget, ("migrations",)),
        Check("anonymous sign-in", project.anonymous, ("supabase",)),
        Check("signing keys", project.signing_keys, ("supabase",)),
        Check("sign-in", project.sign_in, ("secret key",)),
        Check("token issuer", project.issuer, ("sign-in", "signing keys", "clock")),
        *_of_providers(providers),
        Check("site", site.answers),
        Check("origins", site.origins, ("site",)),
        Check("proxies", site.hops, ("site",)),
        Check("body size", site.body_size, ("site",)),
        Check("WebSocket", site.websocket, ("site", "origins")),
        Check("upload", lambda: speech.upload(project.token), (*may_speak, "body size")),
        Check("live session", lambda: speech.live(project.token), (*may_speak, "WebSocket")),
    )


def _of_providers(providers: Sequence[Provider]) -> Iterator[Check]:
    """Yield the checks of each provider; those of the first have no name behind them."""
    for place, one in enumerate(providers):
        provider, name = Transcribing(one), f" ({one.name})" if place else ""
        yield Check(f"provider key{name}", provider.key)
        yield Check(f"models{name}", provider.models, (f"provider key{name}",))


async def _finding(check: Check, found: dict[str, Finding]) -> Finding:
    lacking = [name for name in check.needs if _stands_in_the_way(name, found[name])]
    if lacking:
        return Finding(check.name, "skipped", f"needs {', '.join(lacking)}")
    try:
        return Finding(check.name, "ok", await check.look())
    except Fault as fault:
        return Finding(check.name, "fault", fault.told, fault.mend)
    except Skipped as skipped:
        return Finding(check.name, "skipped", str(skipped))


def _stands_in_the_way(name: str, finding: Finding) -> bool:
    # The body's limit and the clock may not show; an account without a key cannot speak.
    return finding.status == "fault" or (
        finding.status == "skipped" and name not in {"body size", "clock"}
    )


async def _leave(project: Project) -> Finding | None:
    """Erase the account; return a finding where it is left behind."""
    try:
        await project.aclose()
    except TranscriptionError as error:
        return Finding(
            "clean-up",
            "fault",
            f"the examination's account is left behind: {error}",
            f"python -m edge_functions erase {project.user_id}",
        )
    return None
