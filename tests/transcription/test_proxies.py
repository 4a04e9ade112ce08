"""What the environment says of proxies."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import httpx2
import pytest
from pydantic import SecretStr

from shared_schema.network import ProxyError, is_loopback, trusts_environment
from transcription.providers.mistral.client_secrets import MistralSecrets
from transcription.rpc import connect
from utter_transcribe.errors import ClientError
from utter_transcribe.network import http_client

SOCKS = (
    "socks5://127.0.0.1:9",
    "socks5h://127.0.0.1:9",
    "socks://127.0.0.1:9",
    "ftp://x",
    "http://",
)
NAMES = ("ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy")


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment names no proxy."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("proxy", SOCKS)
def test_a_proxy_that_cannot_be_used_is_told_by_its_variable(name: str, proxy: str) -> None:
    """The message names the variable."""
    with pytest.raises(ProxyError, match=f"^{name}: "):
        trusts_environment("https://p.example", {name: proxy})
    assert not trusts_environment("http://127.0.0.1:8000", {name: proxy})


@pytest.mark.parametrize("proxy", ["http://p.example:3128", "https://p", "p.example:3128", ""])
def test_a_usual_proxy_is_used(proxy: str) -> None:
    """An HTTP proxy stands between, but never before this machine's own addresses."""
    assert trusts_environment("https://p.example", {"ALL_PROXY": proxy})
    assert not trusts_environment("http://[::1]:1", {"ALL_PROXY": proxy})


def test_loopback_is_told_by_its_address() -> None:
    """Names and addresses of this machine, and no others."""
    for url in ("http://localhost", "ws://a.localhost:1", "http://127.9.9.9", "http://[::1]/x"):
        assert is_loopback(url)
    for url in ("http://localhost.example", "http://128.0.0.1", "http://x@10.0.0.1", "x"):
        assert not is_loopback(url)


@pytest.mark.parametrize("proxy", SOCKS[:3])
async def test_clients_of_loopback_do_not_look_at_proxies(
    monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    """Every client of ours opens for an address of this machine, whatever the environment says."""
    monkeypatch.setenv("ALL_PROXY", proxy)
    for client in (httpx.AsyncClient, httpx2.AsyncClient):
        with pytest.raises((ImportError, ValueError)):
            client()  # as the libraries do by themselves
    url = "http://127.0.0.1:1"
    async with connect(url, SecretStr("k")), http_client(url):
        await MistralSecrets(server_url=url, connect_seconds=1).aclose()
    with pytest.raises(ClientError, match="ALL_PROXY"):
        http_client("https://p.example")


@pytest.mark.process
@pytest.mark.parametrize("service", ["ws_bridge", "edge_functions"])
def test_a_service_ends_with_one_line(tmp_path: Path, service: str) -> None:
    """A service whose proxy cannot be used says so, and shows no traceback."""
    done = subprocess.run(  # noqa: S603 - the project's own
        [sys.executable, "-m", service],
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "ALL_PROXY": "socks5://user:hunter2@127.0.0.1:9",
            "SUPABASE_URL": "https://p.example",
            "SUPABASE_PUBLISHABLE_KEY": "sb_publishable_x",
            "SUPABASE_SECRET_KEY": "sb_secret_x",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Cannot start: ALL_PROXY: ")
    assert len(done.stderr.splitlines()) == 1
    assert "hunter2" not in done.stderr + done.stdout
