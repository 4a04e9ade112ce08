"""Walking the parts of files that may be anything."""

import struct
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.audio_files import CODECS, bw64, write_audio
from tests.security.fuzzing import bounded, mutated
from transcription.audio.parts import sound_bytes

KINDS: Final = {"wav": "wav", "mp3": "mp3", "flac": "flac", "ogg": "ogg", "webm": "matroska,webm"}
"""FFmpeg's names of what is walked, by ours."""


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Four seconds of each kind."""
    folder = tmp_path_factory.mktemp("good")
    return {kind: write_audio(folder / kind, kind, seconds=4).read_bytes() for kind in CODECS}


@pytest.mark.parametrize("kind", KINDS)
def test_a_good_file_is_sound(good: dict[str, bytes], kind: str) -> None:
    """Of a good file nearly all is sound, and no more than all."""
    file = good[kind]
    held = sound_bytes(file, KINDS[kind])
    assert held is not None
    assert 0.85 * len(file) < held <= len(file)


def test_what_is_named_is_not_sound() -> None:
    """Chunks with a name are not sound, wherever the lengths stand."""
    assert sound_bytes(bw64(4, bytes(50_001)), "wav") == 4 * 32_000


def test_what_is_behind_the_last_part_is_sound(good: dict[str, bytes], tmp_path: Path) -> None:
    """What cannot be read as a part may be sound to another reader."""
    for kind, name in KINDS.items():
        before, after = sound_bytes(good[kind], name), sound_bytes(good[kind] + b"\0" * 9000, name)
        assert before is not None
        assert after is not None
        assert after - before >= 8990, kind
    assert sound_bytes(good["m4a"], "mov,mp4,m4a,3gp,3g2,mj2") is None


def test_what_no_standard_names_is_sound(good: dict[str, bytes]) -> None:
    """An element of Matroska with an unknown name may hide a file; one that is known does not."""
    webm = good["webm"]
    size, own = len(webm).to_bytes(3), sound_bytes(webm, KINDS["webm"])
    assert own is not None
    for name, held in ((b"\x78\x78", len(webm)), (b"\xec", 0)):
        file = webm + name + bytes([0x20 | size[0]]) + size[1:] + webm
        assert sound_bytes(file, KINDS["webm"]) == own + held


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@bounded(300)
def test_any_bytes_are_walked(good: dict[str, bytes], kind: str, data: Any) -> None:
    """Whatever a file holds, the walk ends with a number that the file can hold."""
    file = data.draw(st.binary(max_size=200) | mutated(good[kind][:6000], *good.values()))
    held = sound_bytes(file, KINDS[kind])
    assert held is not None
    assert 0 <= held <= len(file)


def test_a_table_of_lengths_that_is_cut_off() -> None:
    """A `ds64` that is shorter than it claims is no table."""
    head = b"RF64\xff\xff\xff\xffWAVEds64" + struct.pack("<I", 28)
    for size in range(29):
        assert sound_bytes(head + bytes(size), "wav") is not None
