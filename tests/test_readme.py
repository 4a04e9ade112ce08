"""What the README shows is what is printed."""

import json
import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from local_stack.provider import Script
from tests.ws_bridge.process import bridge
from tests.ws_bridge.world import SILENCE

pytestmark = pytest.mark.process

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def _block(first: str) -> str:
    """Return the block of the README that begins so."""
    [found] = re.findall(rf"^```\w*\n({re.escape(first)}.*?)^```$", README, re.M | re.S)
    return str(found)


def _samples(page: str) -> set[tuple[str, frozenset[tuple[str, str]]]]:
    """Return the names and labels on a page of metrics."""
    return {
        (sample.name, frozenset(sample.labels.items()))
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


async def test_a_session_is_told_as_the_readme_shows(tmp_path: Path) -> None:
    """A bridge's line of a session has the fields shown, in their order, and so its metrics."""
    script = Script(text="one two", language="en")
    async with bridge(tmp_path, script) as running:
        async with running.session(language="English") as talk:
            for _ in range(4):
                await talk.send(SILENCE)
            (await talk.stopped()).completed()
        line = await running.logged("transcription")
        port = (await running.logged("listening"))["metrics_port"]
        page = (await running.http.get(f"http://127.0.0.1:{port}/metrics")).text
    shown = json.loads(_block('{"kind": "realtime"'))
    assert list(line) == list(shown)
    assert {name: type(value) for name, value in line.items()} == {
        name: type(value) for name, value in shown.items()
    }
    for name in ("kind", "model", "provider", "status", "close_code", "logger", "level"):
        assert line[name] == shown[name]
    metrics = _samples(_block("utter_sessions_open"))
    assert len(metrics) > 5
    assert metrics <= _samples(page)
