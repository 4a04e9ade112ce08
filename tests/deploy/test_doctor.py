"""`python -m edge_functions doctor`, over whole deployments: good ones, and broken in one place."""

import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import pytest_asyncio

from edge_functions.doctor.examination import examine
from edge_functions.doctor.finding import Finding, is_well, to_json
from local_stack.postgres import Postgres
from local_stack.provider import Script
from tests.deploy.files import binary
from tests.deploy.proxies import CADDY, listening, trusting, write_nginx
from tests.edge_functions.world import KEY, World, beside, neighbours
from tests.ports import free_port
from transcription.process import shell
from transcription.rpc import connect
from transcription.settings import Settings
from transcription.user_keys.providers import lending
from ws_bridge.app import App

pytestmark = pytest.mark.asyncio(loop_scope="session")
_PLAIN: Final = "\tproxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n"
_UPGRADING: Final = (
    "\tproxy_http_version 1.1;\n\tproxy_set_header Upgrade $http_upgrade;\n"
    "\tproxy_set_header Connection $connection_upgrade;\n"
)
_FRAME_SECONDS: Final = 0.005
"""Nobody waits here for a person to speak."""


def _server(port: int, lines: str, *, bridge: int, functions: int) -> str:
    # Named directly: what fails here must not count against the good proxy's upstreams.
    return (
        f"server {{\n\tlisten 127.0.0.1:{port};\n{_PLAIN}{lines}"
        f"\tlocation = /api/transcriptions/realtime {{ proxy_pass http://127.0.0.1:{bridge}; }}\n"
        f"\tlocation / {{ proxy_pass http://127.0.0.1:{functions}; }}\n}}\n"
    )


@dataclass
class Deployment:
    """Supabase, provider, functions and bridge, behind good and bad proxies."""

    world: World
    settings: dict[str, Any]
    good: str
    """Behind `deploy/nginx.conf`."""
    no_upgrade: str
    small_bodies: str
    late_limit: str
    """Limits bodies as they pass, not by what they announce."""

    async def examined(
        self, site: str = "", *, clock: Callable[[], float] = time.time, **changed: Any
    ) -> list[Finding]:
        """Return the findings; `changed` are settings that the operator has mistyped."""
        settings = Settings(**{**self.settings, **changed})
        return [
            finding
            async for finding in examine(
                settings,
                site or self.good,
                clock=clock,
                tls=trusting(),
                frame_seconds=_FRAME_SECONDS,
            )
        ]

    @asynccontextmanager
    async def altered(self, break_it: str, mend_it: str) -> AsyncIterator[None]:
        """Break something in the database for as long as the block runs."""
        await self.world.stack.execute(break_it)
        try:
            yield
        finally:
            await self.world.stack.execute(mend_it)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def deployment(
    postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Deployment]:
    """One deployment for all tests, each of which mends what it breaks."""
    folder = tmp_path_factory.mktemp("deployment")
    good, no_upgrade, small_bodies, late_limit = (free_port() for _ in range(4))
    sites = (
        f"https://localhost:{good}",
        f"http://127.0.0.1:{no_upgrade}",
        f"http://127.0.0.1:{small_bodies}",
        f"http://127.0.0.1:{late_limit}",
    )
    own: Any = {
        "allowed_origins": ",".join(sites),
        "trusted_proxy_hops": 1,
        "bridge_port": 0,
        "bridge_metrics_port": 0,
    }
    async with AsyncExitStack() as stack:
        near = await stack.enter_async_context(
            neighbours(postgres, folder, Script(text="one two three"))
        )
        world = await stack.enter_async_context(beside(near, folder, **own))
        settings = world.services.shell.settings
        bridge = await stack.enter_async_context(_bridge(settings))
        places = {
            **dict.fromkeys(("bridge-1:8790", "bridge-2:8790"), f"127.0.0.1:{bridge}"),
            **dict.fromkeys(("functions-1:8780", "functions-2:8780"), f"127.0.0.1:{world.port}"),
        }
        write_nginx(folder, places, port=good)
        file = folder / "nginx.conf"
        ways: Any = {"bridge": bridge, "functions": world.port}
        unbuffered = "\tclient_max_body_size 0;\n\tproxy_request_buffering off;\n"
        bad = _server(no_upgrade, unbuffered, **ways)
        bad += _server(small_bodies, f"{_UPGRADING}\tclient_max_body_size 1m;\n", **ways)
        file.write_text(re.sub(r"}\s*\Z", bad + "}\n", file.read_text()))
        command = (binary("nginx"), "-p", str(folder), "-c", "nginx.conf", "-e", "stderr")
        await stack.enter_async_context(listening(good, *command, cwd=folder))
        await stack.enter_async_context(_caddy(folder, late_limit, bridge, world.port))
        told = {name: getattr(settings, name) for name in Settings.model_fields}
        yield Deployment(world, {**told, "_env_file": None}, *sites)


@asynccontextmanager
async def _caddy(folder: Path, port: int, bridge: int, functions: int) -> AsyncIterator[None]:
    file = folder / "Caddyfile"
    file.write_text(
        "{\n\tadmin off\n\tauto_https off\n}\n"
        f"http://127.0.0.1:{port} {{\n\trequest_body {{\n\t\tmax_size 1MB\n\t}}\n"
        f"\treverse_proxy /api/transcriptions/realtime 127.0.0.1:{bridge}\n"
        f"\treverse_proxy 127.0.0.1:{functions}\n}}\n"
    )
    command = (CADDY, "run", "--adapter", "caddyfile", "--config", str(file))
    async with listening(port, *command, cwd=folder, tls=False):
        yield


@asynccontextmanager
async def _bridge(settings: Settings) -> AsyncIterator[int]:
    async with (
        httpx.AsyncClient(trust_env=False) as http,
        connect(settings.supabase_url, settings.supabase_secret_key) as rpc,
        shell.opened(settings, "realtime", http=http, rpc=rpc) as parts,
        lending(lambda one: one.realtime, parts.providers, parts.own_keys) as providers,
        App(parts, providers).serving() as address,
    ):
        await parts.warm.wait()
        yield address.port


def _fault(findings: list[Finding]) -> Finding:
    """Return the only fault."""
    faults = [one for one in findings if one.status == "fault"]
    assert len(faults) == 1, [one.line() for one in findings]
    assert faults[0].mend
    return faults[0]


async def test_a_good_deployment_is_well(deployment: Deployment) -> None:
    """Every check passes behind the deployed proxy, and the examination leaves no account."""
    findings = await deployment.examined()
    assert [one.line() for one in findings if one.status != "ok"] == []
    assert len(findings) == 19
    assert is_well(findings)
    accounts = "select from auth.users where email like 'doctor-%'"
    assert await deployment.world.stack.execute(accounts) == []


async def test_no_secret_is_told(deployment: Deployment) -> None:
    """Neither the lines nor the JSON hold a key or a token."""
    findings = await deployment.examined(supabase_secret_key="sb_secret_" + "x" * 31)
    told = "".join(one.line() for one in findings) + to_json(findings)
    assert KEY not in told
    assert "x" * 31 not in told
    assert "eyJ" not in told


@pytest.mark.parametrize(
    ("changed", "name", "words"),
    [
        ({"supabase_secret_key": "sb_secret_" + "x" * 31}, "secret key", "SUPABASE_SECRET_KEY"),
        (
            {"supabase_publishable_key": "sb_publishable_" + "x" * 31},
            "supabase",
            "SUPABASE_PUBLISHABLE_KEY",
        ),
        (
            {"supabase_jwt_issuer": "https://other.example.com/auth/v1"},
            "token issuer",
            "SUPABASE_JWT_ISSUER",
        ),
        ({"trusted_proxy_hops": 0}, "proxies", "TRUSTED_PROXY_HOPS=1"),
        ({"trusted_proxy_hops": 2}, "proxies", "TRUSTED_PROXY_HOPS=1"),
        ({"mistral_realtime_model": "voxtral-9"}, "models", "MISTRAL_REALTIME_MODEL"),
        ({"mistral_transcribe_model": "voxtral-9"}, "models", "MISTRAL_TRANSCRIBE_MODEL"),
        ({"mistral_server_url": "http://127.0.0.1:1"}, "provider key", "cannot be reached"),
        ({"supabase_url": "http://127.0.0.1:1"}, "supabase", "SUPABASE_URL"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
async def test_a_setting_that_is_wrong_is_named(
    deployment: Deployment, changed: dict[str, Any], name: str, words: str
) -> None:
    """One wrong setting is one fault, whose line names the setting and its right value."""
    if "supabase_url" in changed:  # as the services have it, only this machine does not reach it
        changed = {**changed, "supabase_public_url": deployment.world.stack.supabase.url}
    fault = _fault(await deployment.examined(**changed))
    assert fault.name == name
    assert words in fault.line()


async def test_a_missing_migration_is_named(deployment: Deployment) -> None:
    """The migration is named whose function is not there, and the command that applies it."""
    stack = deployment.world.stack
    [found] = await stack.execute(
        "select pg_get_functiondef('public.sweep_ledger'::regproc) as source"
    )
    grants = (
        "revoke execute on function public.sweep_ledger from public;"
        "grant execute on function public.sweep_ledger to service_role"
    )
    async with deployment.altered(
        "drop function public.sweep_ledger", f"{found['source']}; {grants}"
    ):
        fault = _fault(await deployment.examined())
    assert fault.name == "migrations"
    assert "20260105094500_sweeper" in fault.told
    assert fault.mend
    assert "db push" in fault.mend


async def test_no_migration_at_all_is_told(deployment: Deployment) -> None:
    """Without the first migration nothing else can be looked up, and that is said."""
    rename = "alter function public.{} rename to {}"
    async with deployment.altered(
        rename.format("deployment_parts", "away"), rename.format("away", "deployment_parts")
    ):
        fault = _fault(await deployment.examined())
    assert (fault.name, "20260105090000_setup" in fault.told) == ("migrations", True)


@pytest.mark.parametrize(
    ("break_it", "mend_it", "name", "words"),
    [
        (
            "update storage.buckets set public = true",
            "update storage.buckets set public = false",
            "bucket",
            "is public",
        ),
        (
            "update storage.buckets set file_size_limit = 1000000",
            "update storage.buckets set file_size_limit = 52428800",
            "bucket",
            "MAX_UPLOAD_BYTES",
        ),
        (
            "update ledger.deployment set budget_microdollars = 0",
            "update ledger.deployment set budget_microdollars = 10000000",
            "budget",
            "budget_microdollars",
        ),
        (
            'alter policy "A user changes their own takes" on storage.objects rename to away',
            'alter policy away on storage.objects rename to "A user changes their own takes"',
            "migrations",
            "20260105091000_storage",
        ),
    ],
    ids=("public", "small", "budget", "policy"),
)
async def test_a_project_that_is_kept_wrongly_is_told(
    deployment: Deployment, break_it: str, mend_it: str, name: str, words: str
) -> None:
    """What is wrong in the project itself is one fault, with the place where it is mended."""
    async with deployment.altered(break_it, mend_it):
        fault = _fault(await deployment.examined())
    assert fault.name == name
    assert words in fault.line()


async def test_a_missing_origin_is_named(deployment: Deployment) -> None:
    """An address that is not on the list is named as the page sends it."""
    site = deployment.no_upgrade.replace("127.0.0.1", "localhost")
    fault = _fault(await deployment.examined(site))
    assert fault.name == "origins"
    assert f"add {site} to ALLOWED_ORIGINS" in fault.line()


async def test_a_proxy_without_upgrades_is_named(deployment: Deployment) -> None:
    """A proxy that passes no Upgrade is told from one that passes it."""
    fault = _fault(await deployment.examined(deployment.no_upgrade))
    assert fault.name == "WebSocket"
    assert "Upgrade" in fault.line()


async def test_a_small_limit_on_bodies_is_named(deployment: Deployment) -> None:
    """A proxy that takes 1 MB is found out without sending more than a head."""
    fault = _fault(await deployment.examined(deployment.small_bodies))
    assert fault.name == "body size"
    assert "client_max_body_size" in fault.line()


async def test_a_limit_on_what_passes_is_named(deployment: Deployment) -> None:
    """A proxy that counts a body as it passes lets the announcement through, and not the file."""
    fault = _fault(await deployment.examined(deployment.late_limit))
    assert fault.name == "upload"
    assert "limit on bodies" in fault.line()


async def test_a_refused_provider_key_is_named(deployment: Deployment) -> None:
    """The provider's 401 names the setting."""
    deployment.world.refused_keys.add(KEY)
    try:
        fault = _fault(await deployment.examined())
    finally:
        deployment.world.refused_keys.clear()
    assert fault.name == "provider key"
    assert "MISTRAL_API_KEY (401)" in fault.told


async def test_each_provider_of_several_is_examined(deployment: Deployment) -> None:
    """A second provider that is away is a fault of its own, and keeps no one from speaking."""
    findings = await deployment.examined(
        transcription_providers="mistral,vllm", vllm_server_url="http://127.0.0.1:1"
    )
    fault = _fault(findings)
    assert fault.name == "provider key (vllm)"
    assert {one.name: one.status for one in findings}["live session"] == "ok"


@pytest.mark.parametrize("seconds", [600.0, -600.0])
async def test_a_clock_that_is_off_is_told(deployment: Deployment, seconds: float) -> None:
    """Ten minutes are a fault, and the direction is told."""
    fault = _fault(await deployment.examined(clock=lambda: time.time() + seconds))
    assert fault.name == "clock"
    assert re.search(r"(59[5-9]|60[0-5]) s " + ("ahead" if seconds > 0 else "behind"), fault.told)


async def test_a_site_that_is_something_else_is_told(deployment: Deployment) -> None:
    """What answers, but not as the functions do, is told."""
    fault = _fault(await deployment.examined(deployment.world.provider.url))
    assert fault.name == "site"
