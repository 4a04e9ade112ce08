"""The scripted cases of a session, which the page's state machine runs as well."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from shared_schema.server_messages import server_message
from tests.doubles.numbered_audio import VOICE, frame
from utter_transcribe.effects import Leave, Open
from utter_transcribe.errors import Failure
from utter_transcribe.link import Link, Patience
from utter_transcribe.session import STOP, Session

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "session.json").read_text())
_SESSION_ID = "00000000-0000-4000-8000-{:012d}"


@dataclass
class Player:
    """Plays one case: what happens goes in, what the session asks for comes out."""

    session: Session
    rewind_ms: int
    now: float = 0.0
    links: list[Link] = field(default_factory=list)
    closed: list[Link] = field(default_factory=list)
    spoken: int = 0

    def play(self, step: dict[str, Any]) -> list[list[Any]]:
        """Let one step happen and return its effects."""
        effects: list[list[Any]] = []
        until = step["at"]
        while step["do"] != "sleep" and self.session.deadline() <= until:
            self.now = max(self.now, self.session.deadline())
            self.session.tick(self.now)
            effects += self._settle()
        self.now = until
        effects += self._do(step)
        return _merged(effects + self._settle())

    def _do(self, step: dict[str, Any]) -> list[list[Any]]:
        session, now = self.session, self.now
        link = self.links[step["link"] - 1] if "link" in step else None
        match step["do"]:
            case "begin":
                session.begin(now)
            case "speak":
                for _ in range(round(step["seconds"] * 10)):
                    session.feed(frame(self.spoken, voice=step.get("voice", False)), now)
                    self.spoken += 1
            case "end":
                session.end(now)
            case "take over":
                session.take_over(_SESSION_ID.format(step["session"]), now)
            case "open":
                assert link
                start = json.loads(session.start_message(link))
                going = [int(start["resumes"][-12:])] if "resumes" in start else []
                avoid = [start["avoid"]] if "avoid" in start else []
                return [["start", step["link"], *going, *avoid]]
            case "ready":
                assert link
                ready = {"session_id": _SESSION_ID.format(step["link"]), "model": "m"}
                limits = {"max_seconds": 300, "resume_rewind_ms": self.rewind_ms}
                self._say(link, {"type": "ready", **ready, **limits})
            case "say":
                assert link
                self._say(link, step["message"])
            case "close":
                assert link
                self.closed.append(link)
                session.lost(link, Failure.from_close(step["code"]), now)
            case "wait" | "sleep":
                session.tick(now)
        return []

    def _say(self, link: Link, message: dict[str, Any]) -> None:
        self.session.received(link, server_message.validate_python(message), self.now)

    def _settle(self) -> list[list[Any]]:
        """Do what the session asks for until it asks for nothing more."""
        effects: list[list[Any]] = []
        while True:
            before = len(effects)
            self.session.tick(self.now)
            for effect in self.session.effects():
                if isinstance(effect, Open):
                    self.links.append(effect.link)
                    fresh = ["fresh"] if effect.link.fresh_token else []
                    effects.append(["open", len(self.links), *fresh])
                elif isinstance(effect, Leave) and effect.link not in self.closed:
                    effects.append(["leave", self._number(effect.link)])
            for link in self.links:
                while message := self.session.next_message(link, self.now):
                    if isinstance(message, bytes):
                        at = self._number_of(message)
                        effects.append(["audio", self._number(link), at / 10, (at + 1) / 10])
                    else:
                        assert message == STOP
                        effects.append(["stop", self._number(link)])
            if len(effects) == before:
                return effects

    def _number_of(self, pcm: bytes) -> int:
        """Return which frame `pcm` is, whole."""
        number = int.from_bytes(pcm[:2], "little") % VOICE
        assert pcm in {frame(number), frame(number, voice=True)}
        return number

    def _number(self, link: Link) -> int:
        return self.links.index(link) + 1

    @property
    def shown(self) -> dict[str, Any]:
        """What a person sees of it."""
        result = self.session.result
        if result is None:
            return {"text": self.session.text}
        code = result.failure.code if result.failure else None
        ended = {"status": result.status, "reason": None if code else result.reason, "code": code}
        return {"text": result.text, **{key: value for key, value in ended.items() if value}}


def _merged(effects: list[list[Any]]) -> list[list[Any]]:
    """Join the frames of a link that follow one another."""
    merged: list[list[Any]] = []
    for effect in effects:
        last = merged[-1] if merged else [None]
        if effect[0] == last[0] == "audio" and effect[1:3] == [last[1], last[3]]:
            last[3] = effect[3]
        else:
            merged.append(list(effect))
    return merged


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["law"])
def test_vectors(case: dict[str, Any]) -> None:
    """Every step has the effects, and leaves the text, that the case says."""
    patience = Patience(**VECTORS["patience"])
    session = Session(patience=patience, jitter=lambda: case.get("jitter", 1.0))
    player = Player(session, case.get("rewind_ms", 1000))
    for number, step in enumerate(case["steps"]):
        assert player.play(step) == step.get("then", []), (number, step)
        if "shown" in step:
            assert player.shown == step["shown"], (number, step)
