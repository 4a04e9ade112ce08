"""A provider is one file and one line: nothing else in the product knows it by name."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from local_stack.postgres import Postgres
from tests.doubles.parrot import MODEL, NAME, Parrot
from tests.edge_functions.world import PATH, events, wav
from tests.edge_functions.world import running as functions
from tests.ws_bridge.world import SILENCE
from tests.ws_bridge.world import running as bridge
from transcription.process.deployment import Deployment
from transcription.providers.registry import PROVIDERS, Entry


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> str:
    """The line of the registry; its name, which a deployment chooses."""
    monkeypatch.setitem(PROVIDERS, NAME, Entry(Parrot.bind))
    return NAME


async def test_it_speaks_live(line: str) -> None:
    """Through the real bridge: words, hints that are named, the final, the ledger, the health."""
    async with bridge(transcription_provider=line) as world:
        async with world.session(language="English") as talk:
            for _ in range(4):
                await talk.send(SILENCE)
            heard = await talk.stopped()
        final = heard.completed()
        assert heard.text == "squawk " * 4
        assert final["text"] == "0.4 seconds of speech"
        assert final["model"] == MODEL
        assert heard.of("notice")[0]["options"] == ["language"]
        [entry] = world.ledger.entries.values()
        assert entry.settled == (0.4, "complete", None)
        told = (await world.get("/readyz")).json()["provider"]
        assert (told["name"], told["state"]) == (line, "well")
        await world.is_clean(upstreams=0)


async def test_it_reads_files(line: str, postgres: Postgres, tmp_path: Path) -> None:
    """Through the real functions: whole and in pieces, offered to the page, charged by name."""
    async with functions(postgres, tmp_path, transcription_provider=line) as world:
        ada = await world.stack.person("ada@example.com")
        sound = wav(tmp_path).read_bytes()
        config = (await world.http.get("/api/config")).json()
        assert (config["model"], config["realtime_model"]) == (MODEL, MODEL)
        assert [one["code"] for one in config["languages"]] == ["en"]
        async with world.signed_in(ada) as http:
            whole = await http.post(PATH, files={"audio": sound})
            stream = {"Accept": "text/event-stream"}
            pieces = await http.post(PATH, files={"audio": sound}, headers=stream)
            refused = await http.post(PATH, files={"audio": sound}, data={"timestamps": "word"})
        assert whole.json()["text"] == "4 seconds of a file"
        assert [one["type"] for one in events(pieces.text)] == ["delta", "final"]
        assert refused.status_code == 422
        rows = await world.usage_of(ada)
        assert [(row["provider"], row["model"], row["charged"]) for row in rows] == [
            (line, MODEL, 4.0)
        ] * 2
        await world.is_clean(ada)


def test_a_name_without_a_line_is_no_provider() -> None:
    """A deployment that names a provider that is not there is told which are."""
    with pytest.raises(ValidationError, match="there are mistral, openai, vllm"):
        Deployment(
            _env_file=None,
            transcription_provider="parrot",
            supabase_url="http://127.0.0.1:1",
            supabase_publishable_key="x",
            supabase_secret_key="x",
        )
