"""HTTP of `/auth/v1`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import DictRow
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from local_stack.auth import changes, sessions, users
from local_stack.auth.errors import AuthError
from local_stack.auth.passwords import Passwords
from local_stack.auth.sessions import Refusal, Scope, Session
from local_stack.auth.tokens import AccessTokens
from local_stack.bodies import BadJsonError, read_object
from local_stack.caller import BadTokenError, Callers
from local_stack.gateway import METHODS
from local_stack.pools import Connection, Pool
from local_stack.project import Project
from local_stack.signing_keys import SigningKeys

JWKS_MAX_AGE_SECONDS = 600


@dataclass(frozen=True)
class SignedIn:
    """A person whose token verified and whose session has not ended."""

    user: DictRow
    session_id: UUID


class AuthRoutes:
    """Handlers over the people and keys of one stack."""

    def __init__(
        self,
        pool: Pool,
        callers: Callers,
        signing_keys: SigningKeys,
        tokens: AccessTokens,
        *,
        project: Project,
        passwords: Passwords,
    ) -> None:
        self._pool = pool
        self._callers = callers
        self._signing_keys = signing_keys
        self._tokens = tokens
        self._project = project
        self._passwords = passwords

    def mount(self) -> Mount:
        """The service under `/auth/v1`."""
        return Mount(
            "/auth/v1",
            routes=[
                Route("/health", self.health, methods=["GET"]),
                Route("/settings", self.settings, methods=["GET"]),
                Route("/.well-known/jwks.json", self.jwks, methods=["GET"]),
                Route("/signup", self.sign_up, methods=["POST"]),
                Route("/token", self.token, methods=["POST"]),
                Route("/logout", self.log_out, methods=["POST"]),
                Route("/user", self.get_user, methods=["GET"]),
                Route("/user", self.update_user, methods=["PUT"]),
                Route("/admin/users", self.create_user, methods=["POST"]),
                Route("/admin/users/{id}", self.delete_user, methods=["DELETE"]),
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
        """`POST /signup`: with an address and a password, or with neither for an anonymous user."""
        self._callers.key_role(request.headers)
        body = await _object(request)
        metadata = users.check_metadata(body.get("data"))
        if body.get("phone"):
            raise AuthError.unsupported("sign-up by phone")
        if not body.get("email"):
            if body.get("password"):
                raise AuthError(400, "validation_failed", "Sign up needs an email address")
            async with self._transaction() as connection:
                user_id = await users.create_anonymous(connection, metadata)
                return await self._signed_in(connection, request, user_id, "anonymous")
        email = users.clean_email(body["email"])
        password = users.check_password(body.get("password"), self._project.shortest_password)
        password_hash = await self._passwords.hashed(password)
        async with self._transaction() as connection:
            user_id = await users.create_with_password(connection, email, password_hash, metadata)
            return await self._signed_in(connection, request, user_id, "password")

    async def token(self, request: Request) -> Response:
        """`POST /token`: a session for a password or for a refresh token."""
        self._callers.key_role(request.headers)
        body = await _object(request)
        match request.query_params.get("grant_type"):
            case "password":
                return await self._by_password(request, body)
            case "refresh_token":
                return await self._by_refresh_token(body)
            case other:
                raise AuthError.unsupported(f"grant_type={other}")

    async def _by_password(self, request: Request, body: dict[str, Any]) -> Response:
        if body.get("phone"):
            raise AuthError.unsupported("sign-in by phone")
        email, password = body.get("email"), body.get("password")
        if not isinstance(email, str) or not isinstance(password, str):
            raise AuthError(400, "validation_failed", "missing email or password")
        async with self._transaction() as connection:
            user = await users.by_email(connection, email.lower())
        known = user["encrypted_password"] if user else None
        if not await self._passwords.matches(password, known) or user is None:
            raise AuthError(400, "invalid_credentials", "Invalid login credentials")
        async with self._transaction() as connection:
            return await self._signed_in(connection, request, user["id"], "password")

    async def _by_refresh_token(self, body: dict[str, Any]) -> Response:
        token = str(body.get("refresh_token", ""))
        async with self._transaction() as connection:
            session = await sessions.refresh(connection, token, self._project.reuse_seconds)
            if isinstance(session, Session):
                return await self._show_session(connection, session)
        match session:
            case Refusal.UNKNOWN:
                message = "Invalid Refresh Token: Refresh Token Not Found"
            case Refusal.USED:
                message = "Invalid Refresh Token: Already Used"
        raise AuthError(400, session, message)

    async def log_out(self, request: Request) -> Response:
        """`POST /logout?scope=`: end all of the person's sessions, this one, or the others."""
        asked = request.query_params.get("scope", Scope.GLOBAL)
        try:
            scope = Scope(asked)
        except ValueError as error:
            message = f"Unsupported logout scope {asked!r}"
            raise AuthError(400, "validation_failed", message) from error
        async with self._transaction() as connection:
            who = await self._authenticate(connection, request)
            await sessions.end(connection, who.user["id"], who.session_id, scope)
        return Response(status_code=204)

    async def get_user(self, request: Request) -> Response:
        """`GET /user`: the person, as now known."""
        async with self._transaction() as connection:
            who = await self._authenticate(connection, request)
            return JSONResponse(await users.show(connection, who.user))

    async def update_user(self, request: Request) -> Response:
        """`PUT /user`: a new address, password or own data; an address ends anonymity."""
        async with self._transaction() as connection:
            who = await self._authenticate(connection, request)
        told = await _object(request)
        wanted = await changes.read(
            told, who.user, self._passwords, self._project.shortest_password
        )
        async with self._transaction() as connection:
            await wanted.apply(connection, who.user, who.session_id)
            user = await _existing(connection, who.user["id"])
            return JSONResponse(await users.show(connection, user))

    async def create_user(self, request: Request) -> Response:
        """`POST /admin/users`: a person with a password; for the secret key alone."""
        self._only_service(request)
        body = await _object(request)
        if set(body) - {"email", "password", "email_confirm", "user_metadata"}:
            raise AuthError.unsupported("these attributes of a user")
        email = users.clean_email(body.get("email"))
        password = users.check_password(body.get("password"), self._project.shortest_password)
        password_hash = await self._passwords.hashed(password)
        metadata = users.check_metadata(body.get("user_metadata"))
        async with self._transaction() as connection:
            user_id = await users.create_with_password(connection, email, password_hash, metadata)
            user = await _existing(connection, user_id)
            return JSONResponse(await users.show(connection, user))

    async def delete_user(self, request: Request) -> Response:
        """`DELETE /admin/users/{id}`: erase a person; for the secret key alone."""
        self._only_service(request)
        bare = request.headers.get("content-length", "0") == "0"
        if not bare and (await _object(request)).get("should_soft_delete"):
            raise AuthError.unsupported("soft deletion of users")
        try:
            user_id = UUID(request.path_params["id"])
        except ValueError as error:
            raise AuthError(404, "validation_failed", "user_id must be an UUID") from error
        async with self._transaction() as connection:
            if not await users.delete(connection, user_id):
                raise AuthError(404, "user_not_found", "User not found")
        return JSONResponse({})

    def _only_service(self, request: Request) -> None:
        try:
            caller = self._callers.resolve(request.headers)
        except BadTokenError as error:
            raise _bad_jwt(error.message) from error
        if caller.role != "service_role":
            raise AuthError(403, "not_admin", "User not allowed")

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Connection]:
        """A transaction; what Postgres cannot hold or do becomes an answer."""
        try:
            async with self._pool.connection() as connection:
                yield connection
        except psycopg.DataError as error:
            message = "the request holds what Postgres cannot"
            raise AuthError(400, "validation_failed", message) from error
        except psycopg.OperationalError as error:
            message = "The database cannot be reached"
            raise AuthError(503, "unexpected_failure", message) from error

    async def _authenticate(self, connection: Connection, request: Request) -> SignedIn:
        self._callers.key_role(request.headers)
        token = self._callers.token(request.headers)
        if token is None:
            message = "This endpoint requires a valid Bearer token"
            raise AuthError(401, "no_authorization", message)
        try:
            claims = self._callers.verify(token).claims
            user_id, session_id = UUID(claims["sub"]), UUID(claims["session_id"])
        except BadTokenError as error:
            raise _bad_jwt(error.message) from error
        except (KeyError, ValueError) as error:
            raise _bad_jwt("it names no user or no session") from error
        user = await users.by_id(connection, user_id)
        if user is None:
            raise AuthError(403, "user_not_found", "User from sub claim in JWT does not exist")
        if not await sessions.exists(connection, session_id, user_id):
            message = "Session from session_id claim in JWT does not exist"
            raise AuthError(403, "session_not_found", message)
        return SignedIn(user, session_id)

    async def _signed_in(
        self, connection: Connection, request: Request, user_id: UUID, method: str
    ) -> Response:
        user_agent = request.headers.get("user-agent")
        session = await sessions.begin(connection, user_id, method, user_agent)
        return await self._show_session(connection, session)

    async def _show_session(self, connection: Connection, session: Session) -> Response:
        user = await users.show(connection, await _existing(connection, session.user_id))
        token, expires_at = self._tokens.issue(user, session.id, session.method)
        return JSONResponse(
            {
                "access_token": token,
                "token_type": "bearer",
                "expires_in": self._tokens.lifetime,
                "expires_at": expires_at,
                "refresh_token": session.refresh_token,
                "user": user,
            }
        )


async def _unsupported(request: Request) -> Response:
    raise AuthError.unsupported(f"{request.method} {request.url.path}")


async def _existing(connection: Connection, user_id: UUID) -> DictRow:
    user = await users.by_id(connection, user_id)
    if user is None:  # erased by another request meanwhile
        raise AuthError(404, "user_not_found", "User not found")
    return user


async def _object(request: Request) -> dict[str, Any]:
    try:
        return await read_object(request)
    except BadJsonError as error:
        message = f"Could not parse request body as JSON: {error}"
        raise AuthError(400, "bad_json", message) from error


def _bad_jwt(why: str) -> AuthError:
    return AuthError(403, "bad_jwt", f"invalid JWT: {why}")
