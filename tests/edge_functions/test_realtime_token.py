"""`POST /api/transcriptions/realtime-token`: who gets a token, for how much, and what it costs."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import httpx2
import pytest
import pytest_asyncio
import respx
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from local_stack.postgres import Postgres
from local_stack.provider.cards import HOSTED
from local_stack.provider.mistral.client_sessions import ClientSecrets
from local_stack.provider.mistral.wire import MistralWire
from shared_schema.direct import RealtimeSettlement, RealtimeToken
from tests.doubles.functions_away import functions_away
from tests.edge_functions.world import KEY, World, problem, running
from tests.local_stack.provider.wire import append, end, hear_until, text_of
from tests.local_stack.world import Person

pytestmark = pytest.mark.asyncio(loop_scope="session")

PATH = "/api/transcriptions/realtime-token"
MODEL = "voxtral-mini-transcribe-realtime-2602"
DIRECT: dict[str, Any] = {
    "realtime_mode": "direct",
    "direct_mode_trusts": "everyone",
    "direct_mode_secrets_per_minute": 5,
    "allowed_models": "voxtral-mini-transcribe-realtime-3",
}


class Clock:
    """The time of the provider's secrets, which a test can put ahead."""

    ahead = 0.0

    def __call__(self) -> float:
        """Return seconds since the epoch."""
        return time.time() + self.ahead


CLOCK = Clock()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def direct(
    postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    """A deployment in direct mode that trusts everyone."""
    wire = MistralWire(secrets=ClientSecrets(CLOCK))
    folder = tmp_path_factory.mktemp("direct")
    async with running(postgres, folder, served=wire, **DIRECT) as opened:
        yield opened


@pytest.fixture
def world(direct: World) -> World:
    """In the place of the world that the other functions share."""
    direct.provider.sessions.clear()
    return direct


async def token(http: httpx.AsyncClient, **asked: Any) -> RealtimeToken:
    """Ask for a token and get one."""
    response = await http.post(PATH, json=asked)
    assert response.status_code == 200, response.text
    return RealtimeToken.model_validate_json(response.content)


def session(told: RealtimeToken) -> dict[str, Any]:
    """Return the options that a client is to say first."""
    setup = json.loads(told.setup)
    assert setup["type"] == "session.update"
    options: dict[str, Any] = setup["session"]
    return options


async def settle(http: httpx.AsyncClient, session_id: str, audio_seconds: float) -> Any:
    """Say that a session is over."""
    return await http.post(f"{PATH}/{session_id}/settle", json={"audio_seconds": audio_seconds})


def dial(told: RealtimeToken) -> connect:
    """Open a socket as a browser does."""
    return connect(told.url, subprotocols=[Subprotocol("realtime"), Subprotocol(told.token)])


@asynccontextmanager
async def faulty(
    world: World, away: Mapping[str, int] = MappingProxyType({})
) -> AsyncIterator[respx.Route]:
    """Mock the provider's mint, and what is away, by address and status."""
    with respx.mock(assert_all_called=False) as router:
        router.route(host="127.0.0.1", port=world.port).pass_through()
        for url, status in away.items():
            router.post(url__startswith=url).respond(status, json={"code": "PGRST001"})
        router.route(url__startswith=world.stack.supabase.url).pass_through()
        yield router.post(f"{world.provider.url}/v1/client/sessions")


async def limit(world: World, person: Person, seconds: int, sessions: int = 1) -> None:
    """Give someone a daily limit of their own."""
    await world.stack.execute(
        "insert into ledger.user_limits (user_id, kind, sessions, seconds)"
        " values (%s, 'realtime', %s, %s)",
        person.id,
        sessions,
        seconds,
    )


async def test_a_token_opens_the_provider(
    world: World, http: httpx.AsyncClient, ada: Person
) -> None:
    """With what is answered a client talks to the provider, and settles by itself."""
    response = await http.post(PATH, json={"language": "English"})
    assert response.headers["cache-control"] == "no-store"
    told = RealtimeToken.model_validate_json(response.content)
    assert told.token.startswith("rt_")
    assert told.token not in repr(told)
    assert (told.model, told.wire, session(told)["language"]) == (MODEL, "mistral", "en")
    assert (told.max_seconds, told.cut_by, told.resume_rewind_ms) == (300, "max_duration", 4000)
    [row] = await world.usage_of(ada)
    assert (str(row["id"]), row["status"], row["charged"]) == (told.session_id, "open", 300)
    assert row["direct"]
    assert (row["lease_seconds"], row["credit_seconds"]) == (390, 300)

    async with dial(told) as socket:
        await socket.send(told.setup)
        await append(socket, times=10)
        await end(socket)
        events = await hear_until(socket, "transcription.done")
    assert text_of(events) == "one two three"
    assert "authorization" not in world.provider.sessions[0].headers

    response = await settle(http, told.session_id, 1.0)
    settlement = RealtimeSettlement.model_validate_json(response.content)
    assert (settlement.charged_seconds, settlement.cost_microdollars) == (60, 6000)
    again = await settle(http, told.session_id, 0)
    assert again.json()["charged_seconds"] == 60
    [row] = await world.usage_of(ada)
    assert (row["status"], row["charged"]) == ("complete", 60)


async def test_the_options_are_those_of_start(world: World, http: httpx.AsyncClient) -> None:
    """What `start` takes is taken, what the model cannot do is refused, hints are left out."""
    told = await token(
        http, target_streaming_delay_ms=480, context_bias=["Voxtral"], max_seconds=20
    )
    assert told.max_seconds == 20
    assert session(told) == {
        "audio_format": {"encoding": "pcm_s16le", "sample_rate": 16_000},
        "target_streaming_delay_ms": 480,
    }
    assert told.options_ignored == ("context_bias",)
    await settle(http, told.session_id, 20)
    told = await token(
        http,
        model="voxtral-mini-transcribe-realtime-3",
        context_bias=["Voxtral"],
        diarize=True,
        speaker_references=[{"name": "Ann", "audio": "UklGRg=="}],
    )
    assert session(told)["context_bias"] == ["Voxtral"]
    assert session(told)["diarize"] is True
    assert session(told)["speaker_references"] == {"Ann": "UklGRg=="}
    assert told.options_ignored is None
    assert told.url.endswith("?model=voxtral-mini-transcribe-realtime-3")
    await settle(http, told.session_id, 1)
    turns = {"min_silence_ms": 300}
    told = await token(http, model="voxtral-mini-transcribe-realtime-3", turn_detection=turns)
    assert session(told)["turn_detection"]["min_silence_ms"] == 300
    await settle(http, told.session_id, 1)
    both = {"diarize": True, "turn_detection": True}
    for wrong, code in (
        ({"model": "voxtral-mini-transcribe-realtime-3", **both}, "invalid_message"),
        ({"language": "Klingon"}, "invalid_message"),
        ({"language": "sv"}, "invalid_message"),
        ({"model": "voxtral-mini-2602"}, "not_found"),
        ({"target_streaming_delay_ms": 81, "model": "voxtral-mini-transcribe-realtime-3"}, None),
        (
            {"target_streaming_delay_ms": 1300, "model": "voxtral-mini-transcribe-realtime-3"},
            "invalid_message",
        ),
        ({"max_seconds": 2}, "invalid_message"),
        ({"diarize": True}, "invalid_message"),
        ({"access_token": "x"}, "invalid_message"),
    ):
        response = await http.post(PATH, json=wrong)
        if code is None:
            await settle(http, response.json()["session_id"], 0)
        else:
            assert problem(response).code == code, wrong


async def test_a_card_narrows_what_may_be_asked(
    postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What a model's card does not list is refused, though models of its name can do it."""
    cards = [replace(HOSTED[1], languages=("en",))]
    wire = MistralWire(secrets=ClientSecrets(CLOCK))
    folder = tmp_path_factory.mktemp("cards")
    async with running(postgres, folder, served=wire, cards=cards, **DIRECT) as world:
        person = await world.stack.person("ada@example.com")
        async with world.signed_in(person) as client:
            told = problem(await client.post(PATH, json={"language": "German"}))
            assert (told.status, told.code) == (422, "invalid_message")
            assert session(await token(client, language="English"))["language"] == "en"


async def test_a_resume_inherits_what_is_left(
    world: World, http: httpx.AsyncClient, ada: Person, bob: Person
) -> None:
    """A dropped socket's successor takes its place and the rest of its grant, its owner's alone."""
    first = await token(http)
    async with world.signed_in(bob) as other:
        told = problem(await other.post(PATH, json={"resumes": first.session_id}))
        assert told.code == "forbidden"
        assert (await settle(other, first.session_id, 0)).status_code == 404
    refused = problem(await http.post(PATH, json={}))
    assert (refused.code, refused.open_sessions) == ("session_limit", (first.session_id,))
    second = await token(http, resumes=first.session_id)
    assert 290 < second.max_seconds < 300
    assert second.token != first.token
    assert [row["status"] for row in await world.usage_of(ada)] == ["complete", "open"]
    await settle(http, second.session_id, 0)


async def test_quota(world: World, http: httpx.AsyncClient, ada: Person) -> None:
    """The rest of a day is granted and no more; when it is gone there is no token."""
    await limit(world, ada, 90)
    told = await token(http)
    assert (told.max_seconds, told.cut_by) == (90, "quota_exceeded")
    await settle(http, told.session_id, 90)
    refused = problem(await http.post(PATH, json={}))
    assert (refused.status, refused.code, refused.retryable) == (429, "quota_exceeded", False)
    assert refused.retry_after is not None
    assert len(await world.usage_of(ada)) == 1


async def test_a_secrets_lifetime_is_reserved(
    world: World, http: httpx.AsyncClient, ada: Person
) -> None:
    """However few seconds are asked for, a secret's lifetime is reserved, or there is none."""
    await limit(world, ada, 119, sessions=2)
    assert (await token(http, max_seconds=3)).max_seconds == 3
    [row] = await world.usage_of(ada)
    assert row["charged"] == 60
    assert problem(await http.post(PATH, json={"max_seconds": 3})).status == 429
    assert len(await world.usage_of(ada)) == 1


async def test_racing_for_the_last_seconds(
    world: World, http: httpx.AsyncClient, ada: Person
) -> None:
    """However many ask at once, no more is granted than the day has left."""
    await limit(world, ada, 200, sessions=50)
    answers = await asyncio.gather(*(http.post(PATH, json={"max_seconds": 70}) for _ in range(12)))
    granted = [one.json()["max_seconds"] for one in answers if one.status_code == 200]
    assert sum(granted) == 200
    refused = {problem(one).code for one in answers if one.status_code != 200}
    assert refused == {"session_limit"}  # what is reserved may still come back
    rows = await world.usage_of(ada)
    assert sum(row["charged"] for row in rows) == 200


async def test_so_many_in_a_minute(world: World, http: httpx.AsyncClient, ada: Person) -> None:
    """Who settles at once to get another is slowed down, and what was reserved is given back."""
    await limit(world, ada, 86_400)
    for _ in range(5):
        await settle(http, (await token(http)).session_id, 0)
    refused = problem(await http.post(PATH, json={}))
    assert (refused.code, refused.retryable) == ("session_limit", True)
    assert refused.retry_after is not None
    assert 1 <= refused.retry_after <= 60
    row = (await world.usage_of(ada))[-1]
    assert (row["status"], row["reason"], row["charged"]) == ("failed", "session_limit", 0)


@pytest.mark.parametrize(
    ("status", "code", "retryable"),
    [
        (400, "provider_rejected", False),
        (401, "provider_unavailable", True),
        (403, "provider_unavailable", True),
        (429, "provider_rate_limited", True),
        (500, "provider_unavailable", True),
        (302, "provider_unavailable", True),
    ],
)
async def test_a_mint_that_is_refused(
    *,
    world: World,
    http: httpx.AsyncClient,
    ada: Person,
    status: int,
    code: str,
    retryable: bool,
) -> None:
    """A refusal has its code, shows nothing of the provider's, and gives the seconds back."""
    async with faulty(world) as mint:
        mint.respond(status, json={"message": f"{KEY} at {world.provider.url} failed"})
        response = await http.post(PATH, json={})
    told = problem(response)
    assert (told.code, told.retryable) == (code, retryable)
    assert KEY not in response.text
    assert "127.0.0.1" not in response.text
    [row] = await world.usage_of(ada)
    assert (row["status"], row["reason"], row["charged"]) == ("failed", code, 0)
    assert mint.call_count == 1


@pytest.mark.parametrize(
    "answer",
    [
        {"side_effect": httpx2.ConnectError("refused")},
        {"side_effect": httpx2.ReadTimeout("slow")},
        {"json": {"client_secret": {}}},
        {"text": "not json"},
        {"content": b"x" * (9 * 1024 * 1024)},
    ],
    ids=["away", "silent", "half", "garbage", "endless"],
)
async def test_a_mint_that_fails(
    world: World, http: httpx.AsyncClient, ada: Person, answer: dict[str, Any]
) -> None:
    """Whatever comes in a token's place is an outage, and gives the seconds back."""
    async with faulty(world) as mint:
        if "side_effect" in answer:
            mint.mock(**answer)
        else:
            mint.respond(201, **answer)
        told = problem(await http.post(PATH, json={}))
    assert (told.status, told.code) == (502, "provider_unavailable")
    [row] = await world.usage_of(ada)
    assert (row["status"], row["charged"]) == ("failed", 0)


async def test_a_token_expires(world: World, http: httpx.AsyncClient) -> None:
    """A token that is past its time opens nothing, and its session is settled all the same."""
    told = await token(http)
    CLOCK.ahead = 59
    async with dial(told):
        pass
    CLOCK.ahead = 61
    with pytest.raises(InvalidStatus) as refused:
        async with dial(told):
            pass
    CLOCK.ahead = 0
    assert refused.value.response.status_code == 401
    assert (await settle(http, told.session_id, 0)).status_code == 200


async def test_the_ledger_is_away(world: World, http: httpx.AsyncClient) -> None:
    """Where seconds cannot be reserved nothing is minted; a settlement that fails says so."""
    open_one = await token(http)
    async with faulty(world) as mint:
        with functions_away(""):
            told = problem(await http.post(PATH, json={}))
            assert (told.code, told.retryable) == ("ledger_unavailable", True)
            late = problem(await settle(http, open_one.session_id, 5))
            assert late.code == "ledger_unavailable"
    assert mint.call_count == 0
    assert (await settle(http, open_one.session_id, 5)).status_code == 200


async def test_who_is_calling(world: World, http: httpx.AsyncClient) -> None:
    """Strangers get nothing, and a settlement is of a session of one's own."""
    for path, asked in ((PATH, {}), (f"{PATH}/{uuid4()}/settle", {"audio_seconds": 1})):
        told = problem(await world.http.post(path, json=asked))
        assert (told.status, told.code) == (401, "unauthenticated")
    assert problem(await settle(http, str(uuid4()), 1)).code == "not_found"
    assert problem(await settle(http, "nonsense", 1)).code == "invalid_message"
    assert problem(await settle(http, str(uuid4()), -1)).code == "invalid_message"
    told = problem(await http.post(PATH, content=b"language=en"))
    assert told.code == "invalid_message"
    told = problem(
        await http.post(PATH, content=b"x" * 270_000, headers={"Content-Type": "application/json"})
    )
    assert told.code == "payload_too_large"


async def test_the_page_may_call_the_provider(world: World) -> None:
    """In this mode, and in no other, the policy lets the page connect there."""
    response = await world.http.get("/api/config")
    assert response.json()["realtime_mode"] == "direct"
    origin = f"ws://{urlsplit(world.provider.url).netloc}"
    policy = response.headers["content-security-policy"]
    assert f"connect-src 'self' {world.stack.supabase.url} {origin};" in policy
    assert policy.count(origin) == 1


async def test_the_secret_is_told_to_its_caller_alone(
    world: World, http: httpx.AsyncClient, capsys: pytest.CaptureFixture[str], ada: Person
) -> None:
    """No log, metric or row of the database holds the token or the key."""
    told = await token(http)
    await settle(http, told.session_id, 1)
    async with faulty(world) as mint:
        mint.respond(201, json={"client_secret": {"value": told.token}})
        await http.post(PATH, json={})
    metrics = (await world.http.get(world.metrics_url)).text
    assert 'utter_transcriptions_total{kind="realtime",status="complete"}' in metrics
    logged = "".join(capsys.readouterr())
    assert "direct_session_opened" in logged
    assert told.session_id in logged
    rows = json.dumps(await world.usage_of(ada), default=str)
    for secret in (told.token, told.token.removeprefix("rt_"), KEY):
        assert secret not in logged + metrics + rows


@pytest.mark.parametrize(
    ("trusts", "account", "anonymous"),
    [("own_keys", 503, 503), ("accounts", 200, 403), ("everyone", 200, 200)],
)
async def test_whom_the_deployment_trusts(
    *,
    postgres: Postgres,
    tmp_path_factory: pytest.TempPathFactory,
    trusts: str,
    account: int,
    anonymous: int,
) -> None:
    """The deployment's key makes tokens for those whom it trusts, and by default for nobody."""
    folder = tmp_path_factory.mktemp(trusts)
    settings: dict[str, Any] = {"realtime_mode": "direct", "direct_mode_trusts": trusts}
    async with running(postgres, folder, **settings) as world:
        for person, status in (
            (await world.stack.person("ada@example.com"), account),
            (await world.stack.anonymous(), anonymous),
        ):
            async with world.signed_in(person) as client:
                response = await client.post(PATH, json={})
                assert response.status_code == status
                if status != 200:
                    assert problem(response).code in {"forbidden", "transcription_disabled"}
                    assert await world.usage_of(person) == []


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"realtime_mode": "direct", "realtime_enabled": False},
        {"realtime_mode": "direct", "transcription_enabled": False},
        {"realtime_mode": "direct", "direct_mode_trusts": "everyone", "mistral_api_key": None},
        {
            "realtime_mode": "direct",
            "direct_mode_trusts": "everyone",
            "transcription_provider": "vllm",
            "vllm_api_key": "k",
        },
    ],
    ids=["bridge", "no live words", "off", "no key", "no secrets"],
)
async def test_where_it_is_off(
    postgres: Postgres, tmp_path_factory: pytest.TempPathFactory, settings: dict[str, Any]
) -> None:
    """Where the mode is the bridge's, or nothing is transcribed, there are no tokens."""
    async with running(postgres, tmp_path_factory.mktemp("off"), **settings) as world:
        person = await world.stack.person("ada@example.com")
        async with world.signed_in(person) as client:
            for response in (
                await client.post(PATH, json={}),
                await settle(client, str(uuid4()), 1),
            ):
                told = problem(response)
                assert (told.status, told.code) == (503, "transcription_disabled")
        config = await world.http.get("/api/config")
        assert config.json()["realtime_mode"] == "bridge"
        origin = urlsplit(world.provider.url).netloc
        assert origin not in config.headers["content-security-policy"]
