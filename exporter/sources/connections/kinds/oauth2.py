"""OAuth 2.0: does the authorization server call the customer's token active (token introspection, RFC 7662)?

connection_online{connection="crm-lenina",kind="oauth2"} 1
connection_token_expiry_timestamp_seconds{connection="crm-lenina",kind="oauth2"} 1.8e+09
"""

import base64
from collections.abc import Mapping
from typing import Annotated, Literal, Self
from urllib.parse import quote

from pydantic import Field, SecretStr, model_validator

from exporter.client import HttpClient
from exporter.config import FilePath, HttpUrl, Token
from exporter.errors import Malformed, Refused, TokenUnusable, Unauthorized
from exporter.sources.connections.answers import failure_of
from exporter.sources.connections.jwt import as_time
from exporter.sources.connections.kind import Accepted, Kind
from exporter.sources.connections.settings import ConnectionOptions


class OAuth2Options(ConnectionOptions):
    """`online` means that the authorization server calls the token active; `inactive` or expired ones are `offline`.

    A refusal of our own client says nothing about the token: the connection is then `unreachable`, reason `token`.
    """

    kind: Literal["oauth2"]
    introspection_url: HttpUrl = Field(description="The introspection endpoint of the authorization server.")
    client_id: Annotated[str, Field(min_length=1)] = Field(description="Our own client at that server.")
    client_secret_file: FilePath | None = Field(None, description="A file with the client's secret.")
    client_secret: SecretStr | None = Field(None, description="The secret itself, instead of a file.")

    @model_validator(mode="after")
    def _one_secret(self) -> Self:
        if bool(self.client_secret) == bool(self.client_secret_file):
            raise ValueError("either client_secret_file or client_secret is needed")
        return self


class OAuth2(Kind[OAuth2Options]):
    """A token of a customer at an authorization server."""

    Options = OAuth2Options
    ICON = "key"

    def __init__(self, options: OAuth2Options) -> None:
        super().__init__(options)
        self._secret = Token(options.client_secret, options.client_secret_file)

    @property
    def address(self) -> str:
        """The introspection endpoint."""
        return self.options.introspection_url

    async def check(self, client: HttpClient, token: str) -> Accepted:
        """Ask whether the token is active."""
        answer = await client.request(
            "POST",
            self.address,
            await self._headers(),
            max_body=self.options.body_size_limit,
            form={"token": token, "token_type_hint": "access_token"},
        )
        if answer.status != 200:
            failure = failure_of(answer)
            if isinstance(failure, Refused):
                raise TokenUnusable(f"the server refuses our own client (HTTP {answer.status})")
            raise failure
        return _read(answer.json())

    async def _headers(self) -> dict[str, str]:
        secret = await self._secret.get()
        if not secret:
            raise TokenUnusable(f"{self.options.client_secret_file} is missing or empty")
        # Both parts are encoded as in a form (RFC 6749, 2.3.1).
        pair = f"{quote(self.options.client_id, safe='')}:{quote(secret, safe='')}"
        credentials = base64.b64encode(pair.encode()).decode()
        return {"Accept": "application/json", "Authorization": f"Basic {credentials}"}


def _read(content: object) -> Accepted:
    active = content.get("active") if isinstance(content, Mapping) else None
    if not isinstance(content, Mapping) or not isinstance(active, bool):
        raise Malformed("the answer doesn't say whether the token is active")
    if not active:
        raise Unauthorized("the authorization server calls the token inactive")
    return Accepted(token_expires_at=as_time(content.get("exp")))
