"""The Supabase project: its keys, clock, migrations, bucket, sign-in and budget."""

import asyncio
import secrets
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
import jwt

from edge_functions.composition import Upkeep
from edge_functions.doctor.finding import Fault, Skipped
from edge_functions.doctor.migrations import MAKES, lacking
from edge_functions.storage import BUCKET
from edge_functions.supabase_access import Access
from transcription.errors import TranscriptionError
from transcription.identity.jwks import Jwks
from transcription.identity.verifier import LEEWAY_SECONDS, Verifier
from transcription.settings import Settings

CLOCK_SECONDS: Final = LEEWAY_SECONDS / 2
"""Beyond this a token may be refused before it has expired, or taken after."""
_PUSH: Final = "apply the migrations: npx supabase@3 db push --remote"


class Project:
    """Looks at the project that the settings name.

    Args:
        settings: The deployment's.
        tools: To reach Supabase with the secret key.
        clock: Unix time, seconds.
    """

    def __init__(
        self, settings: Settings, tools: Upkeep, clock: Callable[[], float] = time.time
    ) -> None:
        self._settings = settings
        self._tools = tools
        self._clock = clock
        self._url = settings.supabase_url
        self._access = Access(settings)
        self._signs_in_anonymously: bool | None = None
        self._clock_ahead: float | None = None
        """Seconds that this machine's clock is ahead of the project's."""
        self._parts: dict[str, Any] = {}
        self._keys = Jwks(self._url, http=tools.http)
        self.user_id: UUID | None = None
        """Of an account that exists for as long as the examination takes."""
        self._token: str | None = None

    @property
    def token(self) -> str:
        """The account's access token."""
        assert self._token is not None  # noqa: S101 - needs sign_in
        return self._token

    async def reach(self) -> str:
        """Ask Auth how people may sign in, with the publishable key."""
        answer = await self._ask(
            "GET", "/auth/v1/settings", {"apikey": self._settings.supabase_publishable_key}
        )
        if answer.status_code in {401, 403}:
            raise Fault(
                f"{self._url} refuses the publishable key",
                "set SUPABASE_PUBLISHABLE_KEY to the project's (Project settings, API keys)",
            )
        told = self._json(answer)
        self._signs_in_anonymously = bool(told.get("external", {}).get("anonymous_users"))
        if moment := answer.headers.get("Date"):
            try:
                self._clock_ahead = self._clock() - parsedate_to_datetime(moment).timestamp()
            except ValueError:
                self._clock_ahead = None
        return f"{self._url} answers and takes the publishable key"

    async def clock(self) -> str:
        """Compare this machine's clock with the project's."""
        ahead = self._clock_ahead
        if ahead is None:
            raise Skipped("Supabase tells no time")
        if abs(ahead) > CLOCK_SECONDS:
            which = "ahead of" if ahead > 0 else "behind"
            raise Fault(
                f"this machine's clock is {abs(ahead):.0f} s {which} Supabase's, so tokens are "
                "refused",
                "set the clock: timedatectl set-ntp true",
            )
        return "this machine's clock agrees with Supabase's"

    async def secret_key(self) -> str:
        """Call a function that only the secret key may call."""
        answer = await self._ask(
            "POST", "/rest/v1/rpc/deployment_parts", self._access.as_service, {}
        )
        if answer.status_code in {401, 403}:
            raise Fault(
                f"{self._url} refuses the secret key",
                "set SUPABASE_SECRET_KEY to the project's (Project settings, API keys)",
            )
        if answer.status_code != 404:
            self._parts = self._json(answer)
        return "Supabase takes the secret key"

    async def migrations(self) -> str:
        """Compare what is in the database with what the migrations make."""
        missing = lacking({*self._parts.get("objects", ()), *self._parts.get("policies", ())})
        if not missing:
            return f"all {len(MAKES)} are applied"
        if not self._parts:
            raise Fault(
                f"none is applied, or the first is older than this release ({next(iter(MAKES))})",
                _PUSH,
            )
        told = "; ".join(f"{name} (no {objects[0]})" for name, objects in missing.items())
        raise Fault(f"missing: {told}", _PUSH)

    async def bucket(self) -> str:
        """Look whether the bucket is there, is private, and takes the largest upload."""
        if not self._parts:
            raise Skipped("the migrations are missing")
        bucket = self._parts.get("bucket")
        if bucket is None:
            raise Fault(f"there is no bucket {BUCKET}", _PUSH)
        if bucket["public"]:
            raise Fault(
                f"the bucket {BUCKET} is public: anybody can fetch a recording by its name",
                f"make it private: Storage, {BUCKET}, Edit bucket, Public bucket off",
            )
        limit, most = bucket["file_size_limit"], self._settings.max_upload_bytes
        if limit is not None and limit < most:
            raise Fault(
                f"the bucket {BUCKET} takes {limit:,} bytes, and MAX_UPLOAD_BYTES is {most:,}",
                "lower MAX_UPLOAD_BYTES, or raise the bucket's file size limit",
            )
        return f"{BUCKET} is private and takes {most:,} bytes"

    async def anonymous(self) -> str:
        """Compare who may sign in with what the settings say."""
        allowed = self._settings.allow_anonymous
        if allowed and not self._signs_in_anonymously:
            raise Fault(
                "the project allows no anonymous sign-ins, and ALLOW_ANONYMOUS is true",
                "switch anonymous sign-ins on (Authentication, Sign In / Providers), or set "
                "ALLOW_ANONYMOUS=false",
            )
        return "visitors may sign in anonymously" if allowed else "visitors must have an account"

    async def signing_keys(self) -> str:
        """Fetch the keys that tokens are verified with."""
        await self._keys.refresh()
        if self._keys.ready:
            return "Auth publishes keys that this release verifies with"
        if self._settings.supabase_jwt_secret is not None:
            return "tokens are verified with SUPABASE_JWT_SECRET"
        raise Fault(
            f"{self._url}/auth/v1/.well-known/jwks.json has no ES256 or RS256 key",
            "move the project to signing keys (Project settings, JWT keys), or set "
            "SUPABASE_JWT_SECRET",
        )

    async def sign_in(self) -> str:
        """Make an account with the secret key, and sign in with the publishable key."""
        email, password = f"doctor-{uuid4()}@example.invalid", secrets.token_urlsafe(32)
        made = await self._ask(
            "POST",
            "/auth/v1/admin/users",
            self._access.as_service,
            {"email": email, "password": password, "email_confirm": True},
        )
        self.user_id = UUID(self._json(made)["id"])
        signed_in = await self._ask(
            "POST",
            "/auth/v1/token?grant_type=password",
            {"apikey": self._settings.supabase_publishable_key},
            {"email": email, "password": password},
        )
        self._token = self._json(signed_in)["access_token"]
        return "an account for this examination can sign in"

    async def issuer(self) -> str:
        """Verify the account's token as the services do."""
        told = jwt.decode(self.token, options={"verify_signature": False}).get("iss")
        if told != self._settings.issuer:
            raise Fault(
                f"tokens are issued by {told}, and the services expect {self._settings.issuer}",
                f"set SUPABASE_JWT_ISSUER={told}, or SUPABASE_PUBLIC_URL to the address that "
                "browsers use",
            )
        try:
            await Verifier(
                issuer=self._settings.issuer,
                keys=self._keys,
                secret=self._settings.supabase_jwt_secret,
            ).user(self.token)
        except TranscriptionError as error:
            raise Fault(
                f"a new token is refused: {error}",
                "compare SUPABASE_JWT_SECRET and the project's JWT keys",
            ) from None
        return f"tokens of {told} are accepted"

    async def budget(self) -> str:
        """Look what is left of the day's money."""
        answer = self._json(
            await self._ask("POST", "/rest/v1/rpc/budget_today", self._access.as_service, {})
        )
        whole = answer["budget_microdollars"] / 1e6
        left = whole - answer["spent_microdollars"] / 1e6
        if left <= 0:
            raise Fault(
                f"nothing is left of today's {whole:.2f} dollars",
                "raise ledger.deployment.budget_microdollars (runbook, Limits), or wait for "
                "midnight UTC",
            )
        return f"{left:.2f} of today's {whole:.2f} dollars are left"

    async def aclose(self) -> None:
        """Erase the account.

        Raises:
            BackendUnavailable: it is left behind.
        """
        await self._keys.aclose()
        if self.user_id is not None:
            await self._tools.erasure.erase(self.user_id)

    async def _ask(
        self, method: str, path: str, headers: dict[str, str], body: object = None
    ) -> httpx.Response:
        try:
            async with asyncio.timeout(20):
                return await self._tools.http.request(
                    method, f"{self._url}{path}", headers=headers, json=body
                )
        except (httpx.HTTPError, TimeoutError) as error:
            raise Fault(
                f"{self._url} cannot be reached ({type(error).__name__})",
                "check SUPABASE_URL, DNS and egress from this machine",
            ) from None

    def _json(self, answer: httpx.Response) -> dict[str, Any]:
        """Return an answer's object."""
        path = answer.request.url.path
        if not answer.is_success:
            raise Fault(
                f"{path} answers {answer.status_code}",
                "check the project's state and its logs in the dashboard",
            )
        try:
            told = answer.json()
        except ValueError:
            told = None
        if not isinstance(told, dict):
            raise Fault(
                f"{path} does not answer as Supabase does", "check that SUPABASE_URL is a project's"
            )
        return told
