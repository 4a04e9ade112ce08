"""Where the two services differ, and why: nothing else may.

`docs/edge-functions.md` tells each; `test_differences.py` shows each on both.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Difference:
    """One declared difference.

    Attributes:
        name: Its row in the docs.
        fastapi: What the Python service does.
        deno: What the Edge Function does.
        why: What keeps them apart.
    """

    name: str
    fastapi: str
    deno: str
    why: str


DIFFERENCES: Final = (
    Difference(
        "damage inside",
        "422 `invalid_audio` if more than 5% of the packets cannot be decoded",
        "sent to the provider; if it refuses, the caller gets its error and is not charged",
        "it does not decode audio: a decoder does not fit into 2 s of CPU",
    ),
    Difference(
        "padding",
        "an encoder's padding is cut off if the file declares it",
        "it counts, up to 0.1 s in MP3, AAC and Opus",
        "packets are counted, not samples",
    ),
    Difference(
        "chained WebM",
        "several WebMs in one file are measured as a whole",
        "415 `unsupported_audio`",
        "the library reads only the first, and the provider may read them all",
    ),
    Difference(
        "noise in MP3",
        "ignored if it makes up few packets",
        "422 `invalid_audio` if it would last for more than a second",
        "it does not decode audio, and a decoder might play it",
    ),
    Difference(
        "lost connection",
        "a connection to the provider that cannot be made is tried again",
        "`provider_unavailable` at once, to be retried by the caller",
        "`fetch` does not say whether a request arrived",
    ),
    Difference(
        "several large files",
        "32 files at once, 8 of one user, on the disk",
        "62 MiB of files at once in a worker; beyond it 503 `capacity`, to be retried",
        "a worker has 256 MB of memory, and no disk",
    ),
    Difference(
        "a checked text",
        "`coverage` of a match reports voice without words, and words without voice",
        "it reports only a pace that is too fast or too slow",
        "without decoding, it does not know where there is voice",
    ),
    Difference(
        "no live words",
        "`realtime_url` is a path on the page's own host",
        "there is none, and `realtime_enabled` is false, until `BRIDGE_PUBLIC_URL` names a bridge; "
        "`models` are those for files",
        "a worker's life is too short for a session",
    ),
    Difference(
        "other ways to a provider",
        "`TRANSCRIPTION_PROVIDER=vllm`, several in `TRANSCRIPTION_PROVIDERS`, "
        "`REALTIME_MODE=direct`, `BYOK_ENABLED=true`",
        "does not start with them, and says so",
        "it calls Mistral alone, with the deployment's key",
    ),
    Difference(
        "only the contract",
        "also health, metrics, the page, the API's document, erasing an account, secrets for "
        "direct mode, and [bundles](pairs.md#bundles)",
        "404 `not_found`",
        "the platform watches its workers, and serves no HTML; a bundle must be decoded",
    ),
)
