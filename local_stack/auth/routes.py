"""HTTP of `/auth/v1`."""

import time
import uuid
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from local_stack.auth.errors import AuthError
from local_stack.auth.tokens import AccessTokens, Method
from local_stack.caller import Callers
from local_stack.gateway import METHODS
from local_stack.signing_keys import SigningKeys

JWKS_MAX_AGE_SECONDS = 600


class AuthRoutes:
    """Handlers over the tokens and the keys of one stack."""

    def __init__(self, callers: Callers, signing_keys: SigningKeys, tokens: AccessTokens) -> None:
        self._callers = callers
        self._signing_keys = signing_keys
        self._tokens = tokens

    def mount(self) -> Mount:
        """The service under `/auth/v1`."""
        return Mount(
            "/auth/v1",
            routes=[
                Route("/health", self.health),
                Route("/settings", self.settings),
                Route("/.well-known/jwks.json", self.jwks),
                Route("/signup", self.sign_up, methods=["POST"]),
                Route("/{path:path}", _unsupported, methods=METHODS),
            ],
        )

    async def health(self, _request: Request) -> Response:
        """`GET /health`, open to all."""
        return JSONResponse({"name": "GoTrue", "version": "local_stack", "description": "auth"})

    async def jwks(self, _request: Request) -> Response:
        """`GET /.well-known/jwks.json`, open to all."""
        headers = {"Cache-Control": f"public, max-age={JWKS_MAX_AGE_SECONDS}"}
        return JSONResponse(self._signing_keys.jwks(), headers=headers)

    async def settings(self, request: Request) -> Response:
        """`GET /settings`: which ways to sign in there are."""
        self._callers.key_role(request.headers)
        return JSONResponse(
            {
                "external": {"anonymous_users": True, "email": True, "phone": False},
                "disable_signup": False,
                "mailer_autoconfirm": True,
                "phone_autoconfirm": False,
                "sms_provider": "",
                "saml_enabled": False,
            }
        )

    async def sign_up(self, request: Request) -> Response:
        """`POST /signup` without an address: an anonymous user."""
        self._callers.key_role(request.headers)
        body = await _object(request)
        if body.get("email") or body.get("phone") or body.get("password"):
            raise AuthError.unsupported("sign-up with a password")
        now = datetime.now(UTC).isoformat()
        user: dict[str, Any] = {
            "id": str(uuid.uuid4()),
            "aud": "authenticated",
            "role": "authenticated",
            "email": "",
            "phone": "",
            "last_sign_in_at": now,
            "app_metadata": {},
            "user_metadata": body.get("data") or {},
            "identities": [],
            "created_at": now,
            "updated_at": now,
            "is_anonymous": True,
        }
        method = Method("anonymous", int(time.time()))
        token, expires_at = self._tokens.issue(user, uuid.uuid4(), method)
        return JSONResponse(
            {
                "access_token": token,
                "token_type": "bearer",
                "expires_in": self._tokens.lifetime,
                "expires_at": expires_at,
                "refresh_token": uuid.uuid4().hex[:12],
                "user": user,
            }
        )


async def _unsupported(request: Request) -> Response:
    raise AuthError.unsupported(f"{request.method} {request.url.path}")


async def _object(request: Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError as error:
        raise AuthError(400, "bad_json", "Could not parse request body as JSON") from error
    if not isinstance(body, dict):
        raise AuthError(400, "bad_json", "Could not parse request body as JSON: not an object")
    return body
