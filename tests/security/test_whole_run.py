"""What a run of both services, with everything that goes right and wrong in it, ever says."""

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Final

import httpx
import pytest
import pytest_asyncio

from local_stack.postgres import Postgres
from local_stack.provider import BatchScript, Script
from tests.local_stack.world import PASSWORD, Person
from tests.security.services import JWT_SECRET, PROVIDER_KEY, Services, services
from tests.ws_bridge.world import ORIGIN, SILENCE, START

pytestmark = pytest.mark.asyncio(loop_scope="module")

WORDS: Final = ("aardvark", "bandicoot", "capybara")
"""Of the transcript: no log line would hold them by chance."""
FORGED: Final = '\r\n\x1b[31m\u2028{"event": "forged", "level": "info"}\r\nSet-Cookie: forged=1'
PATHS: Final = (
    *("/api/config", "/api/usage", "/api/voices", "/api/transcriptions", "/api/clone"),
    *("/api/provider-key", "/api/provider-key/test"),
    *("/api/account", "/api/openapi.json", "/healthz", "/readyz", "/metrics", "/legacy/clone"),
    *("/", "/clone", "/clone/", "/assets", "/assets/", "/assets/index-0123.js", "/nothing"),
    *("/.", "//", "//evil.test", "//evil.test/..", "/\\evil.test", "/%2e%2e/", "/assets/.."),
    *("/https://evil.test", "/clone?next=https://evil.test", "/%0d%0aLocation:%20evil", "/api"),
    *("/api/", "/api/usage/", "//evil.test/api/usage/"),
)


@dataclass
class Run:
    """All that was said, and what must not have been."""

    said: Services
    tokens: list[str] = field(default_factory=list)
    metrics: list[str] = field(default_factory=list)

    @property
    def answers(self) -> list[str]:
        """Every answer's head and body, every message, every metric."""
        heads = [f"{one.status_code} {one.headers.multi_items()}" for one in self.said.answers]
        bodies = [one.text for one in self.said.answers]
        refusals = [f"{one.headers}{one.body!r}" for one in self.said.refusals]
        return heads + bodies + refusals + self.said.messages + self.metrics


async def _transcribe(run: Run, person: Person, speech: bytes) -> None:
    """Send files, well and badly, to a provider that answers, and to one that does not."""
    http = run.said.http
    token = await person.token()
    run.tokens.append(token)
    bearer = {"Authorization": f"Bearer {token}"}
    path = "/api/transcriptions"
    for headers in ({}, {"Accept": "text/event-stream"}, {"Idempotency-Key": "once"}):
        for data in ({}, {"language": "en", "timestamps": "segment"}, {"language": FORGED}):
            files = {"audio": (f"a{FORGED}.wav", speech, "audio/wav")}
            await http.post(path, files=files, data=data, headers=bearer | headers)
    for field_name in ("model", "context_bias", "timestamps", "diarize", "other" + FORGED):
        data = {field_name: FORGED}
        await http.post(path, files={"audio": speech}, data=data, headers=bearer)
    for stored in (FORGED, f"{person.id}/takes/{FORGED}", f"{person.id}/takes/none.wav"):
        await http.post(path, json={"storage_path": stored}, headers=bearer)
    await http.post(path, files={"audio": ("a.wav", b"Dear diary" * 100)}, headers=bearer)
    for status in (401, 403, 422, 429, 500):
        message = f"{PROVIDER_KEY} {WORDS[0]} {FORGED}"
        run.said.engine.script = Script(
            batch=BatchScript(status=status, message=message), refuse_message=message
        )
        await http.post(path, files={"audio": speech}, headers=bearer)
    run.said.engine.script = _script()


async def _clone(run: Run, person: Person, speech: bytes) -> None:
    """Store voices under names that try to break out, read them back, and leave."""
    http, token = run.said.http, await person.token()
    bearer = {"Authorization": f"Bearer {token}"}
    form = {"name": FORGED, "transcript": " ".join(WORDS) + FORGED, "language": "en"}
    good = form | {"name": "a", "transcript": " ".join(WORDS)}
    for data in (good, form, form | {"name": "a"}, form | {"language": FORGED}, {"name": FORGED}):
        answer = await http.post("/api/clone", files={"audio": speech}, data=data, headers=bearer)
        if answer.status_code == 201:
            await http.get(f"/api/voices/{answer.json()['voice_id']}", headers=bearer)
    for method, where in (
        ("GET", "/api/voices"),
        ("GET", "/api/usage"),
        ("DELETE", "/api/account"),
    ):
        await http.request(method, where, headers=bearer)


async def _wander(run: Run) -> None:
    """Ask for everything by every method, as nobody and as someone odd."""
    http = run.said.http
    odd = run.said.stack.supabase.keys
    for path, method in product(PATHS, ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS")):
        # As it stands, dots and all.
        await http.request(method, "/", extensions={"target": path.encode()})
    for token in ("nonsense", odd.publishable, odd.secret, run.tokens[0][:-4] + "AAAA"):
        run.tokens.append(token)
        await http.get("/api/usage", headers={"Authorization": f"Bearer {token}"})
    cookie = {"Cookie": f"sb-access-token={run.tokens[0]}; token={run.tokens[0]}"}
    answer = await http.get("/api/usage", headers=cookie)
    assert answer.status_code == 401
    for name in ("X-Request-Id", "User-Agent", "Idempotency-Key", "X-Forwarded-For", "traceparent"):
        await http.get("/api/usage", headers={name: '{"event": "forged"}'})
    await http.get("/api/usage", headers={"Referer": f"{ORIGIN}/diary", "Origin": ORIGIN})
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "cookie"}
    for origin in (ORIGIN, "http://evil.test", "null"):
        await http.options("/api/transcriptions", headers={"Origin": origin, **asks})
        await http.get("/api/config", headers={"Origin": origin})


async def _speak(run: Run, person: Person) -> None:
    """Open sockets, well and badly."""
    token = await person.token()
    run.tokens.append(token)
    start = {**START, "access_token": token}
    stop = {"type": "stop"}
    await run.said.say(start, SILENCE, SILENCE, stop)
    for name in ("language", "model", "resumes", "context_bias", "access_token", FORGED):
        value: Any = [FORGED] if name == "context_bias" else FORGED
        await run.said.say({**start, name: value})
    for said in ("nonsense" + FORGED, b"\x00", '{"type": "start", "access_token": "' + token):
        await run.said.say(said)
    for name, value in (
        ("Authorization", f"Bearer {token[:-4]}AAAA"),
        ("Origin", "http://evil.test"),
        ("X-Forwarded-For", '{"event": "forged"}'),
        ("Cookie", f"token={token}"),
    ):
        await run.said.say(START, additional_headers={name: value})
    run.said.engine.script = Script(refuse_status=401, refuse_message=f"{PROVIDER_KEY} {FORGED}")
    await run.said.say(start)
    run.said.engine.script = _script()


def _script() -> Script:
    return Script(deltas=WORDS, text=" ".join(WORDS))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def run(
    postgres: Postgres, tmp_path_factory: pytest.TempPathFactory, speech: bytes
) -> AsyncIterator[Run]:
    """Everything was done, and both processes have ended."""
    folder = tmp_path_factory.mktemp("run")
    async with services(postgres, folder, _script()) as said:
        run = Run(said)
        ada = await said.stack.person("ada@example.com")
        bob = await said.stack.person("bob@example.com")
        await _speak(run, bob)
        await _transcribe(run, ada, speech)
        await _clone(run, ada, speech)
        await _wander(run)
        async with httpx.AsyncClient() as operator:
            run.metrics = [(await operator.get(url)).text for url in said.metrics_urls]
    yield run


async def test_the_run_went_through_everything(run: Run) -> None:
    """The other tests look at a run in which things went right, and wrong."""
    codes = {one.status_code for one in run.said.answers}
    assert {200, 201, 204, 401, 404, 405, 415, 422, 502, 503} <= codes
    for kind in ("ready", "delta", "final", "error"):
        assert any(f'"type":"{kind}"' in message for message in run.said.messages)


async def test_no_key_is_ever_said(run: Run) -> None:
    """No answer, no message, no metric and no log line holds a key of ours."""
    keys = (PROVIDER_KEY, JWT_SECRET, run.said.stack.supabase.keys.secret)
    encoded = [base64.b64encode(key.encode()).decode().rstrip("=") for key in keys]
    for key in (*keys, *encoded):
        assert not any(key in answer for answer in run.answers)
        assert not any(key in line for line in run.said.lines)


async def test_no_token_is_ever_repeated(run: Run) -> None:
    """What a caller sends to sign in is told to nobody, nor written down."""
    parts = {part for token in run.tokens for part in token.split(".")[1:]}
    publishable = run.said.stack.supabase.keys.publishable
    for secret in (PASSWORD, *parts, *(set(run.tokens) - {publishable, "nonsense"})):
        assert not any(secret in answer for answer in run.answers)
        assert not any(secret in line for line in run.said.lines)


async def test_no_word_is_written_down(run: Run) -> None:
    """Neither what was said, nor how a voice is called, nor which page calls is in any log line."""
    assert any(WORDS[0] in message for message in run.said.messages)
    for words in ('"text":"', '"transcript":"'):
        assert any(f"{words}{WORDS[0]}" in answer for answer in run.answers)
    for word in (*WORDS, ORIGIN, "evil.test"):
        assert not any(word in line for line in run.said.lines)


async def test_no_line_of_the_log_is_a_clients(run: Run) -> None:
    """Every line is one JSON object of ours: newlines and control characters make none."""
    for line in run.said.lines:
        assert line.isprintable()
        log = json.loads(line)
        assert log["event"] != "forged"
    assert not any("Traceback" in line for line in run.said.lines)
    levels = [
        log for log in run.said.functions.logs + run.said.bridge.logs if log["level"] == "error"
    ]
    assert {log["event"] for log in levels} <= {"provider_key_refused"}


async def test_no_cookie_is_ever_set(run: Run) -> None:
    """Nothing signs a browser in but a header that its page sets: CSRF has nothing to ride on."""
    for answer in run.said.answers:
        assert "set-cookie" not in answer.headers
        assert "access-control-allow-credentials" not in answer.headers
        assert not any("forged" in value for value in answer.headers.values())
    assert len(run.said.refusals) == 2
    for refusal in run.said.refusals:
        assert "set-cookie" not in refusal.headers


async def test_nobody_is_sent_elsewhere(run: Run) -> None:
    """No answer is a redirect, whatever was asked for."""
    for answer in run.said.answers:
        assert not 300 <= answer.status_code < 400, answer.request.extensions
        assert "location" not in answer.headers
        assert "refresh" not in answer.headers


async def test_every_answer_tells_the_browser_what_to_refuse(run: Run) -> None:
    """Pages, data and refusals alike: no sniffing, no frames, no scripts but ours, no referrer."""
    for answer in run.said.answers:
        headers = answer.headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        directives = headers["content-security-policy"].split("; ")
        policy = {name: value for name, _, value in (one.partition(" ") for one in directives)}
        assert policy["default-src"] == "'self'"
        assert policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
        assert not {"script-src", "script-src-elem", "script-src-attr"} & set(policy)
        assert "unsafe" not in headers["content-security-policy"]
        assert "*" not in headers["content-security-policy"]
        assert "server" not in headers
        target = answer.request.extensions.get("target", answer.request.url.raw_path)
        if target.startswith(b"/api/"):
            assert headers["cache-control"] == "no-store"


async def test_only_our_pages_may_read(run: Run) -> None:
    """Another origin's page is never told that it may read an answer."""
    for answer in run.said.answers:
        allowed = answer.headers.get("access-control-allow-origin")
        asked = answer.request.headers.get("origin")
        assert allowed == (ORIGIN if asked == ORIGIN else None)
