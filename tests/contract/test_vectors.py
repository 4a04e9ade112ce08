"""What both services write by hand: the same cases, asked of each one's own code."""

import asyncio
import json
import random
import subprocess
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from edge_functions.body import from_fields, from_json
from edge_functions.idempotency import fingerprint
from edge_functions.multipart import is_multipart, read_form
from edge_functions.receipts import Heard, Receipts
from edge_functions.uploads import Uploads
from shared_schema.batch import StoredTranscriptionRequest, TranscriptionOptions
from shared_schema.client_messages import SpeakerReference
from shared_schema.redaction import redacted
from shared_schema.text import clean
from shared_schema.voices import CloneRequest, VoiceChangeRequest
from tests.contract.deno import CACHE, DENO, FUNCTION, LOCK, ROOT
from tests.transcription.test_match import answer as match_of
from transcription.errors import TranscriptionError
from transcription.languages import to_code
from transcription.pasted import (
    checked_key,
    checked_origin,
    checked_publishable,
    checked_secret,
    pasted,
)
from transcription.providers.base import FileCapabilities, FileOptions
from transcription.providers.failures import from_status
from transcription.providers.fitting import fit

VECTORS = ROOT / "tests" / "vectors"
NAMES = (
    *("text", "languages", "bodies", "forms", "fitting", "refusals", "settings", "redaction"),
    "receipts",
)
CASES: Mapping[str, list[dict[str, Any]]] = {
    name: json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8")) for name in NAMES
}
CASES = {
    **CASES,
    "match": json.loads((VECTORS / "match.json").read_text(encoding="utf-8"))["matches"],
}
BODIES: Mapping[str, type[BaseModel]] = {
    one.__name__: one
    for one in (TranscriptionOptions, StoredTranscriptionRequest, CloneRequest, VoiceChangeRequest)
}
ALL = [(name, number) for name in CASES for number in range(len(CASES[name]))]


def text(case: Mapping[str, Any]) -> Any:
    """Clean a text."""
    return clean(case["text"], in_a_line=case["in_a_line"])


def languages(case: Mapping[str, Any]) -> Any:
    """Read what someone wrote for a language."""
    return to_code(case["written"])


def bodies(case: Mapping[str, Any]) -> Any:
    """Read a form's fields, or JSON, and return the body and what makes its request this one."""
    shape = BODIES[case["body"]]
    if "fields" in case:
        body = from_fields(shape, case["fields"])
    else:
        body = from_json(shape, case["json"].encode())
    told: dict[str, Any] = {"read": body.model_dump(mode="json", exclude_none=True)}
    if "request" in case:
        route, source = case["request"]
        told["fingerprint"] = fingerprint(route, source, body)
    return told


def forms(case: Mapping[str, Any]) -> Any:
    """Read a form as it arrives, in pieces of some bytes."""
    if not is_multipart(case["content_type"]):
        raise ValueError("no form")
    return asyncio.run(_form(case))


async def _form(case: Mapping[str, Any]) -> dict[str, Any]:
    body, piece = case["body"].encode("latin-1"), case["piece"]

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), piece):
            yield body[start : start + piece]

    with (
        TemporaryDirectory() as folder,
        Uploads(Path(folder), max_open=1, max_bytes=1000) as uploads,
        uploads.place() as upload,
    ):
        form = await read_form(pieces(), case["content_type"], file_field="audio", upload=upload)
        file = upload.path.read_bytes().decode("latin-1") if form.has_file else None
    return {"fields": [list(one) for one in form.fields], "file": file}


def fitting(case: Mapping[str, Any]) -> Any:
    """Fit options to a model."""
    asked, can = case["asked"], case["can"]
    sets = {name: frozenset(can[name]) for name in ("languages", "timestamps")}
    options = {**asked, "context_bias": tuple(asked.get("context_bias", ()))}
    options["speakers"] = tuple(SpeakerReference(**one) for one in asked.get("speakers", ()))
    fitted = fit(
        FileOptions(model="any", **options), FileCapabilities(model="any", **{**can, **sets})
    )
    return {
        "language": fitted.options.language,
        "context_bias": list(fitted.options.context_bias),
        "timestamps": fitted.options.timestamps,
        "diarize": fitted.options.diarize,
        "return_language": fitted.options.return_language,
        "warnings": list(fitted.warnings),
    }


def refusals(case: Mapping[str, Any]) -> Any:
    """Tell what a provider's refusal means."""
    error = from_status(case["status"], retry_after=case.get("retry_after"), body=case["body"])
    return {"code": error.code, "message": error.message, "retry_after": error.retry_after}


def settings(case: Mapping[str, Any]) -> Any:
    """Read a setting as it was pasted."""
    return SETTINGS[case["rule"]](case["value"])


def redaction(case: Mapping[str, Any]) -> Any:
    """Take what may be secret out of foreign words."""
    return redacted(case["text"])


def matches(case: Mapping[str, Any]) -> Any:
    """Compare a text with its witnesses."""
    return match_of(dict(case))


def receipts(case: Mapping[str, Any]) -> Any:
    """Read a receipt; null where it shows nothing."""
    heard = Heard(case["user"], case["audio"], case["text"])
    told = Receipts(SecretStr(case["secret"])).read(case["receipt"], heard)
    if told is None:
        return None
    return [one.model_dump(mode="json", exclude_none=True) for one in told]


SETTINGS: Mapping[str, Callable[[str], str]] = {
    "pasted": pasted,
    "key": checked_key,
    "publishable": checked_publishable,
    "secret": checked_secret,
    "origin": checked_origin,
}
RULES = {"text": text, "languages": languages, "bodies": bodies, "forms": forms}
RULES |= {"fitting": fitting, "refusals": refusals, "settings": settings}
RULES |= {"redaction": redaction, "receipts": receipts, "match": matches}


def in_python(name: str, case: Mapping[str, Any]) -> dict[str, Any]:
    """Answer a case with the Python service's own code."""
    try:
        return {"is": RULES[name](case)}
    except TranscriptionError as error:
        return {"refused": error.code}
    except ValueError as error:
        return {"refused": str(error)}


def answered_by_deno(cases: Mapping[str, list[Any]]) -> dict[str, list[dict[str, Any]]]:
    """Answer cases with the Edge Function's own code, in one process."""
    done = subprocess.run(  # noqa: S603 - the project's own
        [
            *(DENO, "run", "--no-prompt", "--cached-only", "--frozen", f"--lock={LOCK}"),
            f"--config={FUNCTION / 'deno.json'}",
            str(Path(__file__).with_name("vectors.ts")),
        ],
        input=json.dumps(cases),
        env={"DENO_DIR": str(CACHE), "DENO_NO_UPDATE_CHECK": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    # Not `splitlines`: an answer may hold what only Unicode calls the end of a line.
    answers: dict[str, list[dict[str, Any]]] = json.loads(done.stdout.split("\n")[-2])
    return answers


@pytest.fixture(scope="session")
def in_deno() -> dict[str, list[dict[str, Any]]]:
    """Every case, answered by Deno."""
    return answered_by_deno(CASES)


def expected(name: str, number: int) -> dict[str, Any]:
    """Return what a case's file says."""
    case = CASES[name][number]
    return {key: case[key] for key in ("is", "refused") if key in case}


@pytest.mark.parametrize(("name", "number"), ALL)
def test_python_answers_as_the_vectors_say(name: str, number: int) -> None:
    """A shared case has the answer in Python that stands in its file."""
    assert in_python(name, CASES[name][number]) == expected(name, number)


@pytest.mark.process
@pytest.mark.parametrize(("name", "number"), ALL)
def test_deno_answers_as_the_vectors_say(
    in_deno: dict[str, list[dict[str, Any]]], name: str, number: int
) -> None:
    """A shared case has the answer on Deno that stands in its file."""
    assert in_deno[name][number] == expected(name, number)


ODD = (
    *(
        "a",
        "B",
        "\u00e9",
        "e\u0301",
        "\U0001f600",
        "\u200d",
        "\ufe0f",
        " ",
        "\t",
        "\n",
        "\r",
        "\x00",
    ),
    *("\x1b", "\x1c", "\x85", "\u00a0", "\u00ad", "\u200b", "\u2028", "\u202e", "\u3000", "\u3164"),
    *("\ufeff", "\uffff", "\u0301" * 16, "\U000e0041", "\u1100\u1161\u11a8", "\u0344", "\u212b"),
    *("true", "1", "en", "word", "[]", "__proto__", "constructor", ",", '"', "\\"),
)
FIELDS = (
    *("language", "context_bias", "context_bias[]", "timestamps", "diarize", "model", "name"),
    *("transcript", "transcript_source", "machine_transcript", "consent", "storage_path"),
    *("__proto__", "x", "toString"),
)


BITS = (
    *("\r\n", "--x", "--x--", "\r", "\n", '"', ";", "=", "name", ": ", "audio", "\x00", "\xff"),
    "filename",
    *("form-data", "Content-Disposition", "--", " ", "\\", "%", "*", "x", "\t", ""),
)
WHOLE = (
    '--x\r\nContent-Disposition: form-data; name="language"\r\n\r\nen\r\n'
    '--x\r\nContent-Disposition: form-data; name="audio"; filename="a.wav"\r\n'
    "Content-Type: audio/wav\r\n\r\nRIFF\x00\xff\r\n--y\r\n"
    "--x\r\nContent-Disposition: form-data; name=\"a\"; filename*=UTF-8''a\r\n\r\nv\r\n--x--\r\n"
)
"""A form, as text in Latin-1."""


def _garbled(dice: random.Random) -> str:
    """Return a form with a few faults."""
    body = WHOLE
    for _ in range(dice.randrange(1, 4)):
        at, length = dice.randrange(len(body)), dice.randrange(8)
        body = body[:at] + dice.choice(BITS) + body[at + length :]
    return body


@pytest.mark.process
def test_random_cases_are_answered_alike() -> None:
    """Whatever is written into a text, a form or JSON, both services read the same or refuse."""
    dice = random.Random(20_260_129)  # noqa: S311 - the same cases each time

    def text() -> str:
        return "".join(dice.choices(ODD, k=dice.randrange(12)))

    def value() -> Any:
        plain: tuple[Any, ...] = (
            text(),
            "en",
            "word",
            "typed",
            True,
            False,
            None,
            0,
            1,
            2,
            1.5,
            [],
            {},
            [text()],
        )
        return dice.choice((*plain, [text(), dice.choice(plain)]))

    def members() -> dict[str, Any]:
        given = {dice.choice(FIELDS): value() for _ in range(dice.randrange(5))}
        return {"storage_path": "a/b/c", **given} if dice.random() < 0.8 else given

    usual = [["name", "Ada"], ["transcript", "The words that are spoken."], ["language", "en"]]
    cases: dict[str, list[dict[str, Any]]] = {
        "text": [{"text": text(), "in_a_line": dice.random() < 0.5} for _ in range(1500)],
        "languages": [{"written": text()} for _ in range(200)],
        "bodies": [
            *(
                {
                    "body": name,
                    "fields": [
                        *(usual if name == "CloneRequest" and dice.random() < 0.8 else []),
                        *([dice.choice(FIELDS), text()] for _ in range(dice.randrange(4))),
                    ],
                    "request": ["clone", "digest"],
                }
                for name in ("TranscriptionOptions", "CloneRequest")
                for _ in range(600)
            ),
            *(
                {
                    "body": "StoredTranscriptionRequest",
                    "json": json.dumps(members(), ensure_ascii=dice.random() < 0.5),
                    "request": ["transcriptions", "a/b/c"],
                }
                for _ in range(1000)
            ),
        ],
    }
    cases["forms"] = [
        {
            "content_type": "multipart/form-data; boundary=x",
            "body": _garbled(dice),
            "piece": dice.choice((1, 3, 17, 5000)),
        }
        for _ in range(1500)
    ]
    there = answered_by_deno(cases)
    here = {name: [in_python(name, case) for case in of] for name, of in cases.items()}
    for name, of in cases.items():
        for case, python, deno in zip(of, here[name], there[name], strict=True):
            assert python == deno, (name, case)
    assert sum("is" in answer for answer in here["bodies"]) > 300
