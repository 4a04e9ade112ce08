"""What an Edge Function needs, within what the platform gives it."""

import httpx
import psutil
import pytest

from local_stack.postgres import Postgres
from tests.audio_files import write_audio
from tests.contract.world import targets
from tests.edge_functions.world import PATH

pytestmark = pytest.mark.asyncio(loop_scope="session")

CPU_SECONDS = 2
MEMORY_BYTES = 256_000_000
"""Of a worker; what the process of this runtime takes by itself comes on top."""


async def test_a_large_file_fits(
    postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Five minutes at 48 kHz, and 50 MiB, need less CPU and memory than a worker has."""
    folder = tmp_path_factory.mktemp("footprint")
    recording = write_audio(folder / "a", "wav", seconds=300).read_bytes()
    largest = write_audio(folder / "b", "wav", seconds=180, codec="pcm_s32le").read_bytes()
    largest += b"LIST" + (52_428_800 - len(largest) - 8).to_bytes(4, "little")
    largest += bytes(52_428_800 - len(largest))
    async with targets(postgres, folder) as opened:
        deno = opened["deno"]
        process = psutil.Process(deno.pid)
        person = await deno.stack.person("ada@example.com")

        def spent() -> float:
            times = process.cpu_times()
            return times.user + times.system

        async with deno.signed_in(person) as http:
            await http.get("/api/usage")
            alone = process.memory_info().rss
            for content in (recording, largest):
                before = spent()
                response: httpx.Response = await http.post(PATH, files={"audio": content})
                assert response.status_code == 200, response.text
                assert spent() - before < CPU_SECONDS
                assert process.memory_info().rss - alone < MEMORY_BYTES
