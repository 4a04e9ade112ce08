"""Several providers in order: who is tried, and who is passed over."""

from dataclasses import dataclass, replace
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from shared_schema.batch import TranscriptionOptions
from shared_schema.client_messages import Start
from tests.doubles.provider import HandHeldProvider
from tests.ws_bridge.world import START
from transcription.errors import ProviderUnavailable
from transcription.process.deployment import Deployment
from transcription.providers.base import FileCapabilities, Provider
from transcription.providers.breaker import FIRST_PAUSE_SECONDS
from transcription.providers.failover import Candidate, Lineup
from transcription.providers.registry import PROVIDERS, bind
from transcription.providers.relaxed import relaxed_file, relaxed_live


@dataclass
class Lent:
    """What calls a provider."""

    provider: Provider
    own_key: bool = False


class World:
    """Three providers in order, and a clock."""

    def __init__(self) -> None:
        self.now = 0.0
        provider = HandHeldProvider().bound("usual")
        self.lent = [Lent(replace(provider, name=name)) for name in ("a", "b", "c")]
        self.lineup = Lineup(
            [one.provider for one in self.lent], health_seconds=1, clock=lambda: self.now
        )

    def candidates(self, **recording: Any) -> list[Candidate[Lent]]:
        """Return who may do some work."""
        return self.lineup.candidates(self.lent, **recording)

    def names(self, **recording: Any) -> str:
        """Return their names, and end their attempts."""
        candidates = self.candidates(**recording)
        for one in candidates:
            one.attempt.over()
        return "".join(one.provider.name for one in candidates)

    def fail(self, *names: str) -> None:
        """Let providers refuse."""
        for one in self.candidates():
            if one.provider.name in names:
                one.attempt.failed(ProviderUnavailable())
            one.attempt.over()


@pytest.fixture
def world() -> World:
    """Three providers of which nothing is known."""
    return World()


def test_the_order_is_the_deployments(world: World) -> None:
    """While nothing is known against them, they are tried as they are listed."""
    assert world.names() == "abc"
    assert world.lineup.current.name == "a"


def test_who_is_known_to_be_down_is_left_out(world: World) -> None:
    """One that failed is passed over by the next caller, and told to operators."""
    world.fail("a")
    assert world.names() == "bc"
    assert world.lineup.current.name == "b"
    assert (world.lineup.is_out("a"), world.lineup.is_out("b")) == (True, False)
    told = world.lineup.told()
    assert told["provider"]["name"] == "b"
    assert [one["breaker"] for one in told["providers"]] == ["open", "closed", "closed"]


def test_one_caller_finds_out_and_others_do_not_wait(world: World) -> None:
    """When its pause is over, one caller tries it; the others go on with the next."""
    world.fail("a")
    world.now += FIRST_PAUSE_SECONDS
    finder = world.candidates()
    assert [one.provider.name for one in finder] == ["a", "b", "c"]
    assert world.names() == "bc"
    finder[0].attempt.worked()
    assert world.names() == "abc"


def test_a_recording_under_way_finds_out_nothing(world: World) -> None:
    """Who resumes goes to a provider that is known to be well: it was failed once."""
    world.fail("a")
    world.now += FIRST_PAUSE_SECONDS
    assert world.names(goes_on=True) == "bc"
    assert world.names() == "abc"


def test_a_resume_goes_elsewhere(world: World) -> None:
    """The provider that failed a session is the last to be asked to go on with it."""
    assert world.names(goes_on=True, avoid="a") == "bca"
    assert world.names(goes_on=True, avoid="nobody") == "abc"
    assert world.names(avoid="a") == "abc"  # who begins has not been failed


def test_no_one_is_refused_for_what_happened_to_others(world: World) -> None:
    """Where all are known to be down, the one is tried that is due first."""
    world.fail("b")
    world.now += 1
    world.fail("a", "c")
    assert world.names() == "b"
    assert world.names(goes_on=True) == "b"
    assert world.names(goes_on=True, avoid="b") == "a"


def test_a_single_provider_is_always_tried(world: World) -> None:
    """With one provider nothing is passed over, whatever it did; it is told as before."""
    alone = Lineup([world.lent[0].provider], health_seconds=1)
    for _ in range(5):
        [one] = alone.candidates(world.lent[:1])
        one.attempt.failed(ProviderUnavailable())
    assert not alone.is_out("a")
    assert alone.told() == {"provider": {"name": "a", "state": "unknown"}}


def _settings(**values: Any) -> Deployment:
    needed = {"supabase_publishable_key": "x", "supabase_secret_key": "x"}
    return Deployment(_env_file=None, supabase_url="http://127.0.0.1:1", **(needed | values))


def test_the_setting_names_them_in_order() -> None:
    """`TRANSCRIPTION_PROVIDERS` takes the place of the one name; models are the first one's."""
    assert [one.name for one in bind(_settings(transcription_provider="vllm"))] == ["vllm"]
    first, second = bind(
        _settings(
            transcription_providers="vllm, mistral",
            mistral_api_key="k",
            allowed_models="extra",
            realtime_mode="direct",
        )
    )
    assert (first.name, second.name) == ("vllm", "mistral")
    assert "extra" in first.live.names
    assert second.live.names == {second.live.default}
    assert second.batch.names == {second.batch.default}
    assert (first.secrets, second.secrets) == (None, None)  # direct mode is the first one's alone


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_provider_can_be_asked_for_its_models(name: str) -> None:
    """`doctor` looks for the models in the list of whichever provider a deployment has."""
    [provider] = bind(_settings(transcription_provider=name))
    assert provider.list_models is not None


@pytest.mark.parametrize(
    ("names", "fault"),
    [
        ("mistral,nobody", "there are mistral, openai, vllm"),
        ("mistral,mistral", "can stand in the order once"),
    ],
)
def test_a_wrong_order_is_refused(names: str, fault: str) -> None:
    """A provider that is not there, or stands there twice, is named at the start."""
    with pytest.raises(ValidationError, match=fault):
        _settings(transcription_providers=names)


async def test_what_the_next_cannot_do_is_left_out() -> None:
    """A provider that stands in takes of the wishes what it can, and names the rest."""
    can: dict[str, Any] = {"diarization": False, "accepts_language": False}
    provider = HandHeldProvider(**can, streaming_delays_ms=()).bound("usual")
    wished = Start.model_validate(
        {
            **START,
            "model": "other",
            "language": "French",
            "diarize": True,
            "turn_detection": True,
            "target_streaming_delay_ms": 480,
            "context_bias": ["Utter"],
        }
    )
    fitted = await relaxed_live(wished, provider, None)
    options = fitted.options
    assert (options.model, options.language, options.diarize) == ("usual", None, False)
    assert (options.turn_detection, options.context_bias) == (True, ("Utter",))
    assert sorted(fitted.ignored) == ["diarize", "language", "model", "target_streaming_delay_ms"]


class _PlainFiles(HandHeldProvider):
    """Takes files, and nothing beside."""

    async def file_capabilities(self, model: str, key: SecretStr | None = None) -> FileCapabilities:
        """Return what every model can do."""
        return FileCapabilities(
            model=model,
            languages=frozenset({"en"}),
        )


async def test_what_the_next_cannot_do_with_a_file_is_told() -> None:
    """Each wish that is left out of a file is a warning, in words."""
    asked = TranscriptionOptions(
        language="fr", timestamps="word", diarize=True, context_bias=("Utter",), model="other"
    )
    fitted = await relaxed_file(asked, _PlainFiles().bound("usual"), None)
    assert (fitted.options.language, fitted.options.timestamps) == (None, None)
    told = " ".join(fitted.warnings)
    assert len(fitted.warnings) == 5
    for name in ("language", "timestamps", "diarize", "context_bias", "model"):
        assert name in told


async def test_a_model_of_which_nothing_is_known_stands_in_for_none() -> None:
    """A provider whose own model is not known is no help; the next is asked."""
    with pytest.raises(ProviderUnavailable):
        await relaxed_file(TranscriptionOptions(), HandHeldProvider().bound("usual"), None)
