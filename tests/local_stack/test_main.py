"""Laws of the command, run as people run it."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest
from supabase import AsyncClient, AsyncClientOptions, acreate_client

from local_stack.serving import listen
from tests.local_stack.world import BUCKET, PASSWORD, TLS, WAV
from tests.waiting import until

READY_SECONDS = 90.0
STOP_SECONDS = 90.0
# Left to itself: no warning of ours becomes an error in a process of its own.
ENVIRONMENT = {**os.environ, "PYTHONUNBUFFERED": "1"}


@dataclass
class Command:
    """A running `python -m local_stack`."""

    process: asyncio.subprocess.Process
    data_dir: Path
    ready: str
    family: list[psutil.Process]

    @property
    def env(self) -> dict[str, str]:
        """Return the settings that it wrote."""
        lines = (self.data_dir / "env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    async def end(self, number: int = signal.SIGINT) -> tuple[int, str]:
        """Signal it; return its status and all that it said besides the ready line."""
        self.process.send_signal(number)
        return await self.ended()

    async def ended(self) -> tuple[int, str]:
        """Wait for its end; nothing of it may be left."""
        said, fault = await asyncio.wait_for(self.process.communicate(), STOP_SECONDS)
        assert self.process.returncode is not None
        await _gone(self.family)
        return self.process.returncode, (said + fault).decode()


def _alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


async def _gone(family: list[psutil.Process]) -> None:
    await until(lambda: not any(_alive(process) for process in family))


async def _spawn(data_dir: Path, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "local_stack", "--data-dir", str(data_dir), *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=ENVIRONMENT,
    )


async def _run(data_dir: Path, *arguments: str) -> tuple[int, str, str]:
    """Run the command to its end; status, output, faults."""
    process = await _spawn(data_dir, *arguments)
    said, fault = await asyncio.wait_for(process.communicate(), STOP_SECONDS)
    assert process.returncode is not None
    return process.returncode, said.decode(), fault.decode()


@asynccontextmanager
async def _running(
    data_dir: Path, *, port: int = 0, engine: str = "scripted"
) -> AsyncIterator[Command]:
    process = await _spawn(
        data_dir, "--port", str(port), "--provider-port", "0", "--engine", engine
    )
    assert process.stdout is not None
    try:
        ready = (await asyncio.wait_for(process.stdout.readline(), READY_SECONDS)).decode()
        parent = psutil.Process(process.pid)
        yield Command(process, data_dir, ready, [parent, *parent.children(recursive=True)])
    finally:
        if process.returncode is None:
            process.terminate()
            await asyncio.wait_for(process.communicate(), STOP_SECONDS)


@asynccontextmanager
async def _client(env: dict[str, str]) -> AsyncIterator[AsyncClient]:
    async with httpx.AsyncClient(verify=TLS, timeout=20) as transport:
        options = AsyncClientOptions(auto_refresh_token=False, httpx_client=transport)
        yield await acreate_client(env["SUPABASE_URL"], env["SUPABASE_PUBLISHABLE_KEY"], options)


@pytest.mark.process
async def test_one_ready_line_means_that_everything_accepts(tmp_path: Path) -> None:
    """At the ready line gateway and provider answer, and the settings lead to both."""
    async with _running(tmp_path / "local") as stack:
        assert re.fullmatch(
            r"local_stack ready: Supabase http://127\.0\.0\.1:\d+,"
            r" provider http://127\.0\.0\.1:\d+ \(settings in .*/env\)\n",
            stack.ready,
        )
        env = stack.env
        assert env["SUPABASE_URL"] in stack.ready
        assert env["MISTRAL_SERVER_URL"] in stack.ready
        async with httpx.AsyncClient(verify=TLS) as http:
            headers = {"Authorization": f"Bearer {env['MISTRAL_API_KEY']}"}
            models = await http.get(f"{env['MISTRAL_SERVER_URL']}/v1/models", headers=headers)
            assert models.status_code == 200
            assert (await http.get(f"{env['SUPABASE_URL']}/auth/v1/health")).status_code == 200


@pytest.mark.process
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_ends_everything(tmp_path: Path, number: int) -> None:
    """After any of the usual signals the status is 0, no word is lost on it, no process is left."""
    async with _running(tmp_path / "local") as stack:
        assert len(stack.family) > 1
        assert await stack.end(number) == (0, "")


@pytest.mark.process
@pytest.mark.parametrize("library", ["moonshine", "sphinx"])
async def test_the_engines_processes_end_too(tmp_path: Path, library: str) -> None:
    """With an offline engine, whose models live in processes of their own, none is left."""
    async with _running(tmp_path / "local", engine=library) as stack:
        assert await stack.end() == (0, "")


@pytest.mark.process
async def test_impatience_does_not_cut_the_end_short(tmp_path: Path) -> None:
    """Pressing Ctrl-C again and again still ends everything in order."""
    async with _running(tmp_path / "local") as stack:
        for _ in range(3):
            stack.process.send_signal(signal.SIGINT)
            await asyncio.sleep(0.02)
        assert await stack.ended() == (0, "")


@pytest.mark.process
async def test_a_signal_during_the_start_ends_it_too(tmp_path: Path) -> None:
    """A start that is cancelled before the ready line leaves no process."""
    for number, delay in enumerate((0.3, 0.6, 0.9, 1.2)):
        process = await _spawn(
            tmp_path / f"local{number}",
            "--port",
            "0",
            "--provider-port",
            "0",
            "--engine",
            "scripted",
        )
        await asyncio.sleep(delay)
        family = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.communicate(), STOP_SECONDS)
        assert process.returncode in (0, -signal.SIGTERM)  # the latter before Python took over
        await _gone(family)


@pytest.mark.process
async def test_people_files_and_tokens_outlive_a_restart(tmp_path: Path) -> None:
    """A second start knows the user, the file and yesterday's token, and has the same keys."""
    data_dir = tmp_path / "local"
    async with _running(data_dir) as stack, _client(stack.env) as client:
        before = stack.env
        port = int(before["SUPABASE_URL"].rpartition(":")[2])
        signed_up = await client.auth.sign_up({"email": "ada@example.com", "password": PASSWORD})
        assert signed_up.user is not None
        assert signed_up.session is not None
        path = f"{signed_up.user.id}/takes/a.wav"
        await client.storage.from_(BUCKET).upload(path, b"RIFF", WAV)
        assert (await stack.end())[0] == 0
    async with _running(data_dir, port=port) as stack, _client(stack.env) as client:
        assert {**stack.env, "MISTRAL_SERVER_URL": ""} == {**before, "MISTRAL_SERVER_URL": ""}
        assert await client.auth.get_user(signed_up.session.access_token) is not None
        await client.auth.refresh_session(signed_up.session.refresh_token)
        assert await client.storage.from_(BUCKET).download(path) == b"RIFF"


@pytest.mark.process
async def test_a_start_after_a_kill_takes_over(tmp_path: Path) -> None:
    """A stack that died without a word leaves a database behind, which the next one takes."""
    data_dir = tmp_path / "local"
    async with _running(data_dir) as stack:
        stack.process.kill()
        await stack.process.communicate()
        async with _running(data_dir) as heir:
            assert heir.ready.startswith("local_stack ready")
            assert (await heir.end())[0] == 0
        await _gone(stack.family)


@pytest.mark.process
async def test_a_busy_port_is_one_clear_line(tmp_path: Path) -> None:
    """Status 1 and the port by its number, for the gateway's and for the provider's."""
    with listen("the test", "127.0.0.1", 0) as taken:
        busy = str(taken.getsockname()[1])
        for mine, other in (("--port", "--provider-port"), ("--provider-port", "--port")):
            arguments = (mine, busy, other, "0", "--engine", "scripted")
            status, said, fault = await _run(tmp_path / "local", *arguments)
            assert (status, said) == (1, "")
            assert re.fullmatch(rf"local_stack: port {busy} on 127\.0\.0\.1 is busy: .*\n", fault)


@pytest.mark.process
async def test_one_data_folder_serves_one_stack(tmp_path: Path) -> None:
    """A second stack and a reset are refused with one line while the first goes on."""
    async with _running(tmp_path / "local") as stack:
        pid = stack.process.pid
        for arguments in (("--port", "0", "--provider-port", "0"), ("reset",)):
            status, said, fault = await _run(tmp_path / "local", *arguments)
            assert (status, said) == (1, "")
            assert re.fullmatch(rf"local_stack: .* is in use by .* \(pid {pid}\)\n", fault)
        assert await stack.end() == (0, "")
    assert await _run(tmp_path / "local", "reset") == (0, "", "")
    assert [path.name for path in (tmp_path / "local").iterdir()] == ["lock"]


@pytest.mark.process
async def test_keys_rotate_under_a_running_stack(tmp_path: Path) -> None:
    """The command changes the signing key at once; revoking ends the tokens of the old ones."""
    async with _running(tmp_path / "local") as stack, _client(stack.env) as client:
        signed_in = await client.auth.sign_in_anonymously()
        assert signed_in.session is not None
        token = signed_in.session.access_token
        status, said, _ = await _run(stack.data_dir, "rotate-keys")
        assert status == 0
        jwks = f"{stack.env['SUPABASE_URL']}/auth/v1/.well-known/jwks.json"
        async with httpx.AsyncClient(verify=TLS) as http:
            kids = [key["kid"] for key in (await http.get(jwks)).json()["keys"]]
            assert len(kids) == 2
            assert said == f"tokens are signed by {kids[0]} from now on\n"
            assert await client.auth.get_user(token) is not None
            assert (await _run(stack.data_dir, "rotate-keys", "--revoke"))[0] == 0
            assert len((await http.get(jwks)).json()["keys"]) == 1
            headers = {"apikey": stack.env["SUPABASE_PUBLISHABLE_KEY"]}
            user = await http.get(
                f"{stack.env['SUPABASE_URL']}/auth/v1/user",
                headers={**headers, "Authorization": f"Bearer {token}"},
            )
            assert user.status_code == 403


@pytest.mark.process
async def test_a_database_that_dies_takes_the_stack_with_it(tmp_path: Path) -> None:
    """A stack without its database does not pretend: one line, status 1, no process left."""
    async with _running(tmp_path / "local") as stack:
        for process in stack.family[1:]:
            if "postgres" in process.name():
                process.kill()
        status, said = await stack.ended()
        assert status == 1
        assert re.fullmatch(r"local_stack: Postgres has ended by itself \(.*\)\n", said)


@pytest.mark.process
async def test_nothing_secret_is_said(tmp_path: Path) -> None:
    """Neither the secret key nor a password nor a token shows on the terminal or in the log."""
    data_dir = tmp_path / "local"
    async with _running(data_dir) as stack, _client(stack.env) as client:
        signed_up = await client.auth.sign_up({"email": "ada@example.com", "password": PASSWORD})
        assert signed_up.session is not None
        async with httpx.AsyncClient(verify=TLS) as http:
            await http.get(
                f"{stack.env['SUPABASE_URL']}/rest/v1/nowhere",
                headers={"apikey": stack.env["SUPABASE_SECRET_KEY"]},
            )
        env = stack.env
        database = (data_dir / "postgres" / "password").read_text().strip()
        _, said = await stack.end()
    said += stack.ready + (data_dir / "postgres" / "log").read_text()
    secrets = [env["SUPABASE_SECRET_KEY"], PASSWORD, database]
    secrets += [signed_up.session.access_token, signed_up.session.refresh_token]
    assert not [secret for secret in secrets if secret in said]


@pytest.mark.process
async def test_what_cannot_be_asked_for_is_refused_in_a_line(tmp_path: Path) -> None:
    """An address open to others, or a script that is not there, is told before anything starts."""
    status, _, fault = await _run(tmp_path / "local", "--host", "0.0.0.0")  # noqa: S104
    assert (status, fault.count("\n")) == (1, 1)
    assert "0.0.0.0 is not a loopback address" in fault
    for arguments in (("--script", "no-such-script"), ("--port", "65536"), ("--port", "http")):
        status, _, fault = await _run(tmp_path / "local", *arguments)
        assert status == 2
        assert arguments[1] in fault
    (tmp_path / "file").touch()
    status, _, fault = await _run(tmp_path / "file" / "local", "--port", "0")
    assert (status, fault.count("\n")) == (1, 1)
    assert not (tmp_path / "local").exists()
