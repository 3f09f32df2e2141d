"""Basic authentication: known passwords pass at once, unknown ones wait in a short queue of their client's own."""

import asyncio
import base64
from collections import OrderedDict
from collections.abc import Mapping
from hashlib import sha256

import bcrypt
from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response

# So many wrong answers are remembered, and so many passwords of one client may wait to be compared.
_MOST_REMEMBERED = 1_000
_MOST_WAITING = 4
_NOBODY = "$2b$10$abcdefghijklmnopqrstuuXrmsoSDkNWTTJzcfqm.2uHX6M3fnVCC"
# Where the cost stands in a hash: $2b$10$…
_COST = slice(4, 6)

Digest = bytes


class Busy(Exception):
    """The client has too many passwords waiting."""


class Users:
    """Who may come in; with nobody named, everyone may.

    What `before` found out about hashes that stayed is still known.
    """

    def __init__(self, hashes: Mapping[str, SecretStr], before: "Users | None" = None) -> None:
        self._hashes = {user: secret.get_secret_value() for user, secret in hashes.items()}
        self._admitted: dict[Digest, str] = {
            digest: user
            for digest, user in (before._admitted.items() if before else ())
            if before and self._hashes.get(user) == before._hashes.get(user)
        }
        self._refused: OrderedDict[Digest, None] = OrderedDict()
        self._waiting: dict[str, int] = {}
        self._one_at_a_time = asyncio.Semaphore()
        self._nobody = _costing(max((secret[_COST] for secret in self._hashes.values()), default="10"))

    async def admit(self, authorization: str, client: str = "") -> bool:
        """Return whether the header names a user with the right password; Busy when the client asks too much."""
        if not self._hashes:
            return True
        credentials = _credentials(authorization)
        if credentials is None:
            return False
        user, password = credentials
        digest = sha256(b"\0".join((user.encode(), _compared_part(password)))).digest()
        if digest in self._admitted or digest in self._refused:
            return digest in self._admitted
        return await self._compared(digest, credentials, client)

    async def _compared(self, digest: Digest, credentials: tuple[str, str], client: str) -> bool:
        waiting = self._waiting.get(client, 0)
        if waiting >= _MOST_WAITING:
            raise Busy
        self._waiting[client] = waiting + 1
        try:
            async with self._one_at_a_time:
                if digest not in self._admitted and digest not in self._refused:
                    # bcrypt is slow on purpose: beside the event loop, and once per pair.
                    right = await asyncio.to_thread(self._matches, *credentials)
                    self._remember(digest, credentials[0] if right else None)
        finally:
            self._forget_one(client)
        return digest in self._admitted

    def _remember(self, digest: Digest, user: str | None) -> None:
        if user is not None:
            self._admitted[digest] = user  # As many as there are users.
        else:
            self._refused[digest] = None
            if len(self._refused) > _MOST_REMEMBERED:
                self._refused.popitem(last=False)

    def _forget_one(self, client: str) -> None:
        self._waiting[client] -= 1
        if not self._waiting[client]:
            del self._waiting[client]

    def _matches(self, user: str, password: str) -> bool:
        """Compare, also for an unknown user: the answer takes as long as for the known one with the costliest hash."""
        expected = self._hashes.get(user, self._nobody)
        return bcrypt.checkpw(_compared_part(password), expected.encode()) and user in self._hashes


def _compared_part(password: str) -> bytes:
    """Return as much of a password as bcrypt looks at."""
    return password.encode()[:72]


def _costing(cost: str) -> str:
    return f"{_NOBODY[:4]}{cost}{_NOBODY[6:]}"


async def refusal(users: Users, headers: Headers, client: str) -> Response | None:
    """Return the answer to who may not come in, None for who may."""
    try:
        admitted = await users.admit(headers.get("Authorization", ""), client)
    except Busy:
        return PlainTextResponse("Too many passwords are being compared.\n", 429, {"Retry-After": "1"})
    return None if admitted else PlainTextResponse("Unauthorized\n", 401, {"WWW-Authenticate": "Basic"})


def _credentials(authorization: str) -> tuple[str, str] | None:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return None
    return user, password
