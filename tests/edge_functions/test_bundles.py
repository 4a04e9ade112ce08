"""`GET /api/voices/{id}/bundle`: a voice as a file that any cloning engine takes."""

import hashlib
import io
import math
import wave
import zipfile
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared_schema.bundles import BundleManifest
from shared_schema.presets import PRESETS, PresetId
from tests.audio_files import write_audio
from tests.edge_functions.test_voices import clone
from tests.edge_functions.world import World, problem
from tests.local_stack.world import Person

pytestmark = pytest.mark.asyncio(loop_scope="session")

TEXT = "The words that are spoken,\nand no others"


async def bundle(
    http: httpx.AsyncClient, voice_id: str, preset: PresetId | None = None
) -> tuple[BundleManifest, bytes, str]:
    """Download a bundle, check it against its own manifest, and return what is in it."""
    params = {} if preset is None else {"preset": preset}
    response = await http.get(f"/api/voices/{voice_id}/bundle", params=params)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(response.content)) as packed:
        assert packed.testzip() is None
        assert packed.namelist() == ["reference.wav", "reference.txt", "manifest.json"]
        wav, text, told = (packed.read(name) for name in packed.namelist())
    manifest = BundleManifest.model_validate_json(told)
    for file, content in ((manifest.audio, wav), (manifest.text, text)):
        assert (file.sha256, file.bytes) == (hashlib.sha256(content).hexdigest(), len(content))
    with wave.open(io.BytesIO(wav)) as sound:
        assert (sound.getnchannels(), sound.getsampwidth()) == (1, 2)
        assert sound.getframerate() == manifest.audio.sample_rate
        seconds = sound.getnframes() / sound.getframerate()
        assert len(sound.readframes(10**9)) == 2 * sound.getnframes()
    assert seconds == pytest.approx(manifest.audio.duration_seconds, abs=0.001)
    return manifest, wav, text.decode()


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.id)
async def test_each_engine_gets_what_it_wants(
    http: httpx.AsyncClient, tmp_path: Path, preset: Any
) -> None:
    """A bundle has the preset's rate and text, no more than its seconds, and tells of the voice."""
    file = write_audio(tmp_path / "a", "flac", seconds=12, rate=44_100, layout="stereo")
    voice_id = await clone(
        http, file.read_bytes(), transcript=TEXT, consent="true", settled_by="ear"
    )
    manifest, _, text = await bundle(http, voice_id, preset.id)
    assert manifest.audio.sample_rate == (preset.sample_rate or 44_100)
    assert manifest.audio.duration_seconds == pytest.approx(12, abs=0.001)
    assert manifest.audio.duration_seconds <= preset.max_seconds
    assert (manifest.preset, manifest.voice_id, manifest.name) == (preset.id, voice_id, "Ada")
    assert (manifest.consent, manifest.consent_at) == (True, manifest.created_at)
    assert (manifest.text.source, manifest.text.settled_by) == ("typed", "ear")
    assert manifest.window is None
    assert text.split() == TEXT.split() or text.split() == f"{TEXT}.".split()
    assert ("\n" in text.strip()) is (not preset.one_line)
    assert text.endswith("others.\n") is preset.ends_sentence
    measures = manifest.audio.measures
    # A tone that was spread over two channels is 3 dB quieter in each.
    assert measures.peak_dbfs == pytest.approx(20 * math.log10(4000 / 32768) - 3, abs=0.2)
    assert measures.clipped_seconds == 0


async def test_f5_gets_no_more_than_it_reads(http: httpx.AsyncClient, tmp_path: Path) -> None:
    """A recording longer than the engine takes is refused in words, and not cut by the clock."""
    file = write_audio(tmp_path / "a", seconds=12.5, rate=16_000)
    voice_id = await clone(http, file.read_bytes(), window_start_ms="1500")
    told = problem(await http.get(f"/api/voices/{voice_id}/bundle", params={"preset": "f5-tts"}))
    assert (told.status, told.code) == (422, "invalid_audio")
    assert "12.5 s; F5-TTS takes at most 12 s" in told.detail
    manifest, _, _ = await bundle(http, voice_id)
    assert (manifest.preset, manifest.audio.sample_rate) == ("any", 16_000)
    assert manifest.window is not None
    assert (manifest.window.start_seconds, manifest.window.end_seconds) == (1.5, 14)
    assert (manifest.consent, manifest.consent_at) == (False, None)


async def test_the_same_voice_gives_the_same_bytes(
    world: World, http: httpx.AsyncClient, speech: bytes
) -> None:
    """A bundle can be told by its hash, and leaves nothing on the disk."""
    voice_id = await clone(http, speech)
    first, second = [
        await http.get(f"/api/voices/{voice_id}/bundle", params={"preset": "mistral"})
        for _ in range(2)
    ]
    assert first.content == second.content
    assert f"voice-{voice_id[:8]}-mistral.zip" in first.headers["content-disposition"]
    assert int(first.headers["content-length"]) == len(first.content)
    assert len(world.services.uploads) == 0


async def test_a_bundle_is_its_owners(
    world: World, http: httpx.AsyncClient, bob: Person, speech: bytes
) -> None:
    """Nobody gets another's voice, one that is not there, or an engine that nobody knows."""
    voice_id = await clone(http, speech)
    path = f"/api/voices/{voice_id}/bundle"
    assert problem(await world.http.get(path)).code == "unauthenticated"
    async with world.signed_in(bob) as other:
        assert problem(await other.get(path)).code == "not_found"
    assert problem(await http.get(f"/api/voices/{uuid4()}/bundle")).code == "not_found"
    told = problem(await http.get(path, params={"preset": "gramophone"}))
    assert (told.status, told.code) == (422, "invalid_message")
    assert "preset" in told.detail
