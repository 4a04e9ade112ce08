"""The examples do what they say, against the whole product."""

import itertools
import json
import signal
import subprocess
import time
from contextlib import suppress

import httpx
import pytest

from tests.docs.product import ROOT, SHORT, SHORT_WORDS, Product
from tests.ports import free_port

pytestmark = pytest.mark.timeout(180)
PYTHON = "python examples/live.py"
NODE = "node examples/node/live.mjs"


def _grow(lines: list[str]) -> bool:
    return all(after.startswith(before) for before, after in itertools.pairwise(lines))


@pytest.mark.parametrize("example", [PYTHON, NODE])
def test_live(example: str, product: Product) -> None:
    """The words of a recording are printed while they come, and the whole at its end."""
    ended = product.run(f"{example} {SHORT}")
    assert (ended.returncode, ended.stderr) == (0, "")
    *growing, last = ended.stdout.splitlines()
    assert len(growing) > 1
    assert _grow(growing)
    assert last == f"complete {SHORT_WORDS}"


def test_live_in_node_says_what_went_wrong(product: Product) -> None:
    """A refusal is told with its code, and the exit status says that there are no words."""
    ended = product.run(f"{NODE} {SHORT}", UTTER_REALTIME_URL="http://127.0.0.1:9")
    assert ended.returncode == 1
    assert "ECONNREFUSED" in ended.stderr


def test_microphone(product: Product) -> None:
    """What a microphone hears is printed; Ctrl-C ends the recording, and the last words come."""
    said: list[str] = []
    with product.started("python -u examples/microphone.py") as process:
        assert process.stdout
        # All that was said is told at a pause, and the sample is followed by silence.
        while not said or said[-1] != SHORT_WORDS:
            line = process.stdout.readline()
            assert line, process.communicate()
            said.append(line.strip())
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "")
    assert rest.splitlines()[-1] == f"complete {SHORT_WORDS}"
    assert _grow(said)


def test_curl(product: Product) -> None:
    """A file is answered as JSON; the same key gives the same answer."""
    first = product.run(f"sh examples/transcribe.sh {SHORT}", KEY="example")
    assert first.returncode == 0, first.stderr
    answer = json.loads(first.stdout)
    assert answer["text"] == SHORT_WORDS
    assert [one["text"] for one in answer["segments"]] == [SHORT_WORDS]


def test_curl_as_events(product: Product) -> None:
    """A file is answered as events while its text is made."""
    streamed = product.run(f"sh examples/transcribe.sh {SHORT}", STREAM="1")
    assert streamed.returncode == 0, streamed.stderr
    names = [
        line.removeprefix("event: ")
        for line in streamed.stdout.splitlines()
        if line.startswith("event: ")
    ]
    assert names[-1] == "final"
    assert "segment" in names
    assert SHORT_WORDS in streamed.stdout


def test_curl_shows_no_token(product: Product) -> None:
    """The token stands on no command line, and a refusal is shown with its words."""
    refused = product.run("sh -x examples/transcribe.sh README.md")
    assert refused.returncode != 0
    assert json.loads(refused.stdout)["code"] == "unsupported_audio"
    calls = [line for line in refused.stderr.splitlines() if line.startswith("+ curl")]
    assert calls
    assert not [line for line in calls if "Bearer" in line]


def test_an_application_of_ones_own(product: Product) -> None:
    """The application serves its own path and ours."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with product.started(f"python -m uvicorn examples.fastapi_app:app --port {port}") as process:
        for _ in range(300):
            assert process.poll() is None, process.communicate()
            with suppress(httpx.ConnectError):
                assert httpx.get(f"{url}/hello").json() == "hello"
                break
            time.sleep(0.1)
        config = httpx.get(f"{url}/api/config")
    assert config.json()["supabase_url"] == product.environment["SUPABASE_URL"]


@pytest.mark.process
def test_every_example_is_tried() -> None:
    """There is no example that no test runs."""
    listed = subprocess.run(
        ("git", "ls-files", "examples"),  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert {one for one in listed if one.endswith((".py", ".sh", ".mjs", ".html"))} == {
        "examples/fastapi_app.py",
        "examples/live.py",
        "examples/microphone.py",
        "examples/node/live.mjs",
        "examples/page.html",  # frontend/e2e/embedding.test.ts
        "examples/transcribe.sh",
        # frontend/e2e/package.test.ts, and examples/next with them
        "examples/vanilla/index.html",
        "examples/vite/index.html",
    }
