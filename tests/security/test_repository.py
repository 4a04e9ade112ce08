"""What is kept in the repository: no secret, and a reason for everything that looks like one."""

import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import pytest
from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.plugins.base import RegexBasedDetector
from detect_secrets.settings import get_plugins, transient_settings

ROOT: Final = Path(__file__).parent.parent.parent
DETECTORS: Final = (
    *("AWSKeyDetector", "AzureStorageKeyDetector", "BasicAuthDetector", "DiscordBotTokenDetector"),
    *("GitHubTokenDetector", "GitLabTokenDetector", "JwtTokenDetector", "MailchimpDetector"),
    *("NpmDetector", "OpenAIDetector", "PrivateKeyDetector", "PypiTokenDetector"),
    *("SendGridDetector", "SlackDetector", "SquareOAuthDetector", "StripeDetector"),
    *("TelegramBotTokenDetector", "TwilioKeyDetector"),
)
OURS: Final = {
    "AWS secret key": re.compile(
        r"(?i)aws.{0,20}?(?:key|pwd|pw|password|pass|token)\s*[=:]\s*[\"']?[0-9a-z/+]{40}\b"
    ),
    "Supabase secret key": re.compile(r"sb_secret_[A-Za-z0-9_-]{24,}"),
    "Mistral key": re.compile(r"(?i)mistral_api_key\s*[=:]\s*[\"']?[A-Za-z0-9]{32}\b"),
}
PASSED_OVER: Final = frozenset({"uv.lock", "package-lock.json", ".wav", ".png", ".svg"})
"""Files, by name or ending, that are nothing but hashes, sounds and pictures."""
LOOKS_LIKE_ONE: Final = {
    ("tests/local_stack/test_postgres.py", "Basic Auth Credentials"): "A password that is wrong.",
    ("tests/transcription/test_record.py", "JSON Web Token"): "Made up, to be redacted.",
    ("tests/transcription/test_proxies.py", "Basic Auth Credentials"): "Made up, to be hidden.",
    ("tests/utter_transcribe/test_cli.py", "Basic Auth Credentials"): "Made up, to be hidden.",
    ("tests/vectors/redaction.json", "Basic Auth Credentials"): "Made up, to be redacted.",
    ("tests/vectors/redaction.json", "JSON Web Token"): "Made up, to be redacted.",
    ("tests/vectors/settings.json", "JSON Web Token"): "Made up, to be refused.",
    ("tests/transcription/test_provider_failures.py", "Stripe Access Key"): (
        "Made up, to show that a provider's message is not told with a key in it."
    ),
}

Finding = tuple[str, str]
"""A file, and what was found in it."""


def _tracked() -> list[str]:
    git = shutil.which("git")
    assert git is not None
    listed = subprocess.run(  # noqa: S603 - our own command
        (git, "ls-files", "-z"), cwd=ROOT, capture_output=True, check=True, text=True
    )
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def _found(files: Iterable[Path], root: Path) -> Iterator[Finding]:
    with transient_settings({"plugins_used": [{"name": name} for name in DETECTORS]}):
        secrets = SecretsCollection(root=str(root))
        patterns = list(_patterns())
        for file in files:
            text = file.read_bytes().decode(errors="replace")
            if any(pattern.search(text) for pattern in patterns):
                # It goes line by line and detector by detector, which would take 13 s for all.
                secrets.scan_file(str(file.relative_to(root)))
            for kind, pattern in OURS.items():
                if pattern.search(text):
                    yield str(file.relative_to(root)), kind
        yield from ((name, secret.type) for name, secret in secrets)


def _patterns() -> Iterator[re.Pattern[str]]:
    """Yield what the detectors look for."""
    for plugin in get_plugins():
        assert isinstance(plugin, RegexBasedDetector)
        yield from plugin.denylist


@pytest.mark.process
def test_no_secret_is_in_the_repository() -> None:
    """Nothing that is tracked holds a key, but for what is known to be none."""
    paths = map(Path, _tracked())
    files = [ROOT / path for path in paths if not {path.name, path.suffix} & PASSED_OVER]
    assert len(files) > 100
    assert set(_found(files, ROOT)) == set(LOOKS_LIKE_ONE)


@pytest.mark.parametrize(
    "planted",
    [
        "AWS_KEY = 'AKIA" + "IOSFODNN7" + "EXAMPLE'",
        "AWS_SECRET_ACCESS_KEY=" + "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY",
        "-----BEGIN " + "PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==",
        "token = 'ghp_" + "a1B2" * 9 + "'",
        "jwt = 'eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxIn0.c2lnbmF0dXJlLW9mLW5vYm9keQ'",
        "dsn = 'postgres://ada:" + "hunter2@db.test/postgres'",
        "SUPABASE_SECRET_KEY=sb_" + "secret_N7UND0UgjKTVK-Uodkm0Hg_xSvEMPvz",
        "MISTRAL_API_KEY=" + "0aB1cD2eF3gH4iJ5" * 2,
    ],
    ids=[
        "AWS",
        "AWS's secret",
        "private key",
        "GitHub",
        "JWT",
        "password in a URL",
        "Supabase",
        "Mistral",
    ],
)
def test_a_secret_would_be_found(tmp_path: Path, planted: str) -> None:
    """The search finds what it is for."""
    file = tmp_path / "settings.py"
    file.write_text(f"name = 'nothing'\n{planted}\n")
    assert [name for name, _ in _found([file], tmp_path)] == ["settings.py"]
