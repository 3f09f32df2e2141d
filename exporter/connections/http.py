"""Any HTTP API: does it answer as expected, and accept the secret?

connection_online{connection="billing",kind="http"} 1
connection_rate_limit_remaining{connection="billing",kind="http"} 41
"""

import base64
import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from exporter.client import HttpClient
from exporter.config import ConnectionOptions, Duration, HttpUrl
from exporter.connections.answers import failure_of, rate_limits
from exporter.connections.kind import RATE_LIMIT_LIMIT, RATE_LIMIT_REMAINING, Accepted, Kind

_LARGEST_BODY = 16 * 2**20


def _as_list(raw: object) -> object:
    return tuple(raw) if isinstance(raw, list) else (raw,)


def _header_name(name: str) -> str:
    if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
        raise ValueError("is not the name of a header")
    return name


Status = Annotated[int, Field(ge=100, le=599)]
HeaderName = Annotated[str, AfterValidator(_header_name)]
HeaderValue = Annotated[str, Field(pattern=r"^[ -~]*$")]


class HttpOptions(ConnectionOptions):
    """Settings of an HTTP connection; without a token_file the request is made without a secret."""

    interval: Duration = 60.0
    timeout: Duration = 10.0
    stale_after: Duration = 180.0
    kind: Literal["http"]
    url: HttpUrl
    method: Literal["GET", "HEAD", "POST", "OPTIONS"] = "GET"
    expected_status: Annotated[tuple[Status, ...], BeforeValidator(_as_list), Field(min_length=1)] = (200,)
    headers: Mapping[HeaderName, HeaderValue] = Field(default_factory=dict)
    authorization: Literal["bearer", "basic", "header"] = "bearer"
    username: str | None = None
    header: HeaderName | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.authorization == "header") != (self.header is not None):
            raise ValueError("authorization: header and the name of the header belong together")
        if (self.authorization == "basic") != (self.username is not None):
            raise ValueError("authorization: basic and username belong together")
        return self


class Http(Kind[HttpOptions]):
    """One URL that is asked for."""

    Options = HttpOptions
    METRICS = (RATE_LIMIT_LIMIT, RATE_LIMIT_REMAINING)
    ICON = "http"

    @property
    def address(self) -> str:
        """The URL of the settings."""
        return self.options.url

    @property
    def needs_token(self) -> bool:
        """Whether a secret is configured; without one the request goes without."""
        return bool(self.options.token_file or self.options.token)

    async def check(self, client: HttpClient, token: str) -> Accepted:
        """Ask for the URL; any expected status is an acceptance."""
        headers = {**self.options.headers, **self._secret(token)}
        answer = await client.request(self.options.method, self.address, headers, max_body=_LARGEST_BODY)
        if answer.status not in self.options.expected_status:
            raise failure_of(answer)
        return Accepted(values=rate_limits(answer.headers))

    def _secret(self, token: str) -> dict[str, str]:
        if not token:
            return {}
        if self.options.header:
            return {self.options.header: token}
        if self.options.username is not None:
            pair = base64.b64encode(f"{self.options.username}:{token}".encode()).decode()
            return {"Authorization": f"Basic {pair}"}
        return {"Authorization": f"Bearer {token}"}
