"""Any HTTP API: does it answer as expected, and accept the secret?

connection_online{connection="billing",kind="http"} 1
connection_rate_limit_remaining{connection="billing",kind="http"} 41
"""

import base64
import re
from collections.abc import Mapping
from functools import reduce
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from exporter.client import Answer, HttpClient
from exporter.config import Duration, HttpUrl, Strict, Words
from exporter.config.fields import Pattern
from exporter.errors import UnexpectedBody
from exporter.sources.connections.answers import failure_of, rate_limits
from exporter.sources.connections.kind import (
    RATE_LIMIT_LIMIT,
    RATE_LIMIT_REMAINING,
    Accepted,
    Kind,
)
from exporter.sources.connections.settings import ConnectionOptions


def _statuses(raw: object) -> object:
    """Make a list of one; what is wrong with that one is wrong with the setting itself, not with a first element."""
    if isinstance(raw, list):
        return tuple(raw)
    if type(raw) is not int or not 100 <= raw <= 599:
        raise ValueError("must be a status from 100 to 599, or a list of them")
    return (raw,)


def _header_name(name: str) -> str:
    if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
        raise ValueError("is not the name of a header")
    return name


def _header_value(value: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[!-~]([ -~]*[!-~])?", value.get_secret_value()):
        raise ValueError("must be printable ASCII text without white space around it")
    return value


Status = Annotated[int, Field(ge=100, le=599)]
HeaderName = Annotated[str, AfterValidator(_header_name)]
# Not shown anywhere: people put keys into headers.
HeaderValue = Annotated[SecretStr, AfterValidator(_header_value)]
Statuses = Annotated[
    tuple[Status, ...], BeforeValidator(_statuses), Field(min_length=1), Words("status, or list of them")
]
Headers = Annotated[Mapping[HeaderName, HeaderValue], Words("mapping")]


class ExpectedJson(Strict):
    """What a place in a JSON document should hold."""

    pointer: Annotated[str, Field(pattern=r"^(/([^~/]|~[01])*)*$")]
    value: str | int | float | bool | None

    def is_in(self, document: Any) -> bool:
        """Return whether it is there; numbers are equal to no boolean."""
        try:
            found = reduce(_step, self._names(), document)
        except LookupError:
            return False
        return found == self.value and isinstance(found, bool) == isinstance(self.value, bool)

    def _names(self) -> list[str]:
        return [name.replace("~1", "/").replace("~0", "~") for name in self.pointer.split("/")[1:]]


def _step(document: Any, name: str) -> Any:
    if isinstance(document, list):
        if not re.fullmatch(r"0|[1-9][0-9]{0,8}", name):
            raise LookupError(name)
        return document[int(name)]
    if not isinstance(document, Mapping):
        raise LookupError(name)
    return document[name]


class HttpOptions(ConnectionOptions):
    """`online` means that the URL answers with an expected status.

    Without `token_file` and `token` the request is made without a secret.
    """

    interval: Duration = Field(60.0, description="As above.")
    timeout: Duration = Field(10.0, description="As above.")
    stale_after: Duration = Field(180.0, description="As above.")
    kind: Literal["http"]
    url: HttpUrl = Field(description="What is asked for; redirects are not followed.")
    method: Literal["GET", "HEAD", "POST", "OPTIONS"] = Field("GET", description="How.")
    expected_status: Statuses = Field((200,), description="What counts as accepted.")
    headers: Headers = Field({}, description="Further headers of the request.")
    authorization: Literal["bearer", "basic", "header"] = Field(
        "bearer",
        description="How the secret is sent: as a bearer token, as the password of `username`, or alone in `header`.",
    )
    username: Annotated[str, Field(pattern=r"^[^:]+$")] | None = Field(
        None, description="The user's name for `basic`."
    )
    header: HeaderName | None = Field(None, description="The header's name for `header`.")
    expected_json: ExpectedJson | None = Field(
        None,
        description="A `pointer` (RFC 6901) into the JSON of the body, and the `value` expected there; other bodies are `unreachable`, reason `unexpected_body`.",
    )
    expected_body: Pattern | None = Field(
        None, description="A regular expression in RE2's syntax that has to match somewhere in the body."
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.authorization == "header") != (self.header is not None):
            raise ValueError("authorization: header and the name of the header belong together")
        if (self.authorization == "basic") != (self.username is not None):
            raise ValueError("authorization: basic and username belong together")
        if not self.has_token and self.authorization != "bearer":
            raise ValueError(f"authorization: {self.authorization} needs a token_file")
        if self.has_token and self.carrier.lower() in map(str.lower, self.headers):
            raise ValueError(f"headers must not hold {self.carrier}, which carries the secret")
        return self

    @property
    def carrier(self) -> str:
        """The header that carries the secret."""
        return self.header or "Authorization"


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
        return self.options.has_token

    async def check(self, client: HttpClient, token: str) -> Accepted:
        """Ask for the URL; any expected status is an acceptance, if the body is as expected too."""
        max_body = self.options.body_size_limit if self._wants_body else 0
        answer = await client.request(
            self.options.method, self.address, self._headers(token), max_body=max_body
        )
        if answer.status not in self.options.expected_status:
            raise failure_of(answer)
        self._look_at_body(answer)
        return Accepted(values=rate_limits(answer.headers))

    @property
    def _wants_body(self) -> bool:
        return bool(self.options.expected_json or self.options.expected_body)

    def _look_at_body(self, answer: Answer) -> None:
        """Raise UnexpectedBody or Malformed when the body is not the expected one."""
        json, pattern = self.options.expected_json, self.options.expected_body
        if json and not json.is_in(answer.json()):
            raise UnexpectedBody(
                f"{json.pointer or 'the document'} of the body has another value than expected"
            )
        if pattern and not pattern.search(bytes(answer.body)):
            raise UnexpectedBody("expected_body matches nowhere in the body")

    def _headers(self, token: str) -> dict[str, str]:
        headers = {name: value.get_secret_value() for name, value in self.options.headers.items()}
        return {**headers, self.options.carrier: self._credentials(token)} if token else headers

    def _credentials(self, token: str) -> str:
        if self.options.authorization == "header":
            return token
        if self.options.authorization == "bearer":
            return f"Bearer {token}"
        pair = f"{self.options.username}:{token}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"
