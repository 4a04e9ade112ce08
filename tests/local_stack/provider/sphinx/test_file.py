"""Whole files, by PocketSphinx."""

from local_stack.provider.offline.audio import read_audio
from local_stack.provider.sphinx.decoders import file_decoder
from local_stack.provider.sphinx.file import hear_file
from tests.local_stack.provider.offline.test_audio import encode
from tests.local_stack.provider.wire import SAMPLES, sample_pcm, sample_text
from utter_transcribe.wer import word_error_rate as word_errors


def test_reference() -> None:
    """The reference sample is heard as a file with at most 8 % of its words wrong."""
    pcm = read_audio((SAMPLES / "reference.wav").read_bytes())
    utterances = list(hear_file(file_decoder(), pcm))
    text = " ".join(utterance.text for utterance in utterances)
    assert word_errors(sample_text("reference"), text) <= 0.08
    assert len(utterances) == 3
    times = [
        time for heard in utterances for word in heard.words for time in (word.start, word.end)
    ]
    assert times == sorted(times)
    assert times[-1] <= len(pcm) / 32_000


def test_resampled_speech() -> None:
    """Speech is heard as well from a file of another rate."""
    pcm = read_audio(encode("wav", "pcm_s16le", 48_000, "stereo"))
    heard = [utterance.text for utterance in hear_file(file_decoder(), pcm)]
    assert word_errors(sample_text("short"), " ".join(heard)) <= 0.1


def test_files_are_alike() -> None:
    """A decoder that heard one file hears the next as if it were its first."""
    first = list(hear_file(file_decoder(), sample_pcm("short")))
    list(hear_file(file_decoder(), sample_pcm("reference")[: 32_000 * 4]))
    assert list(hear_file(file_decoder(), sample_pcm("short"))) == first
