"""Real proxies on loopback, with the configuration that is deployed."""

import asyncio
import signal
import ssl
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.deploy.files import DEPLOY, binary
from tests.ports import free_port

CADDY: Final = str(Path(sys.executable).parent / "caddy")
_CADDY_OPTIONS: Final = (
    "{\n\tadmin off\n\tdefault_bind 127.0.0.1\n"
    "\tskip_install_trust\n\tauto_https disable_redirects\n}\n"
)


class Proxy(Protocol):
    """Runs a proxy in a folder, before services at these addresses; gives its port, with TLS."""

    def __call__(
        self, folder: Path, addresses: Mapping[str, str]
    ) -> AbstractAsyncContextManager[int]:
        """Run it."""


async def run(*command: str, cwd: Path, **environment: str) -> str:
    """Run a command that ends, and return what it told.

    Raises:
        AssertionError: it failed.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=cwd,
        env={"HOME": str(cwd), **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told, _ = await process.communicate()
    assert process.returncode == 0, told.decode()
    return told.decode()


@asynccontextmanager
async def caddy(folder: Path, addresses: Mapping[str, str]) -> AsyncIterator[int]:
    """Run Caddy with `deploy/Caddyfile`, which makes itself a certificate."""
    port = free_port()
    text = _placed((DEPLOY / "Caddyfile").read_text(), addresses)
    (folder / "Caddyfile").write_text(_CADDY_OPTIONS + text)
    command = (CADDY, "run", "--adapter", "caddyfile", "--config", "Caddyfile")
    async with listening(port, *command, cwd=folder, SITE=f"https://localhost:{port}"):
        yield port


@asynccontextmanager
async def nginx(folder: Path, addresses: Mapping[str, str]) -> AsyncIterator[int]:
    """Run nginx with `deploy/nginx.conf`, and with a certificate of ours."""
    port = free_port()
    write_nginx(folder, addresses, port=port)
    command = (binary("nginx"), "-p", str(folder), "-c", "nginx.conf", "-e", "stderr")
    async with listening(port, *command, cwd=folder):
        yield port


def write_nginx(folder: Path, addresses: Mapping[str, str], *, port: int) -> None:
    """Write a whole configuration, which holds ours as deployments do."""
    _write_certificate(folder)
    places = {
        **addresses,
        "listen 80;": f"listen 127.0.0.1:{free_port()};",
        "listen 443 ssl http2;": f"listen 127.0.0.1:{port} ssl http2;",
        "/etc/nginx/tls/": f"{folder}/",
    }
    temporary = "".join(
        f"{kind}_temp_path {folder};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        "daemon off; worker_processes 1; pid nginx.pid; error_log stderr;\n"
        "events { worker_connections 256; }\n"
        f"http {{ access_log off; {temporary}\n"
        f"{_placed((DEPLOY / 'nginx.conf').read_text(), places)}}}\n"
    )


def trusting() -> ssl.SSLContext:
    """Return a context for certificates that are made for a test."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _placed(text: str, places: Mapping[str, str]) -> str:
    for name, place in places.items():
        assert name in text, name
        text = text.replace(name, place)
    return text


def _write_certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "fullchain.pem").write_bytes(certificate.public_bytes(pem))
    (folder / "privkey.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


@asynccontextmanager
async def listening(
    port: int, *command: str, cwd: Path, tls: bool = True, **environment: str
) -> AsyncIterator[None]:
    """Run a server until the block ends; it listens when the block begins."""
    with (cwd / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=cwd, env={"HOME": str(cwd), **environment}, stdout=log, stderr=log
        )
        try:
            async with asyncio.timeout(20):
                while not await _answers(port, tls=tls):
                    assert process.returncode is None, (cwd / "log").read_text()
                    await asyncio.sleep(0.02)
            yield
            assert process.returncode is None, (cwd / "log").read_text()
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            await process.wait()


async def _answers(port: int, *, tls: bool) -> bool:
    secured = trusting() if tls else None
    try:
        _, writer = await asyncio.open_connection("localhost", port, ssl=secured)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True
