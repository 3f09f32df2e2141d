"""What the sections of all sources have."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import SecretStr, model_validator

from exporter.config.durations import format_duration
from exporter.config.fields import LONGEST, Duration, FilePath, Proxy, ServerName, Size, Strict, duration
from exporter.config.secretfile import Token


class Tls(Strict):
    """How to trust, and be trusted by, an HTTPS server; paths are of PEM files."""

    ca_file: FilePath | None = None
    ca_path: FilePath | None = None
    cert_file: FilePath | None = None
    key_file: FilePath | None = None
    server_name: ServerName | None = None
    insecure_skip_verify: bool = False

    @model_validator(mode="after")
    def _pair(self) -> Self:
        if self.key_file and not self.cert_file:
            raise ValueError("key_file needs cert_file")
        return self


class Timed(Strict):
    """When a source is polled, in seconds; without a secret, and without a server to trust."""

    interval: Duration = 60.0
    timeout: Duration = 30.0
    stale_after: Duration = 180.0

    @model_validator(mode="before")
    @classmethod
    def _derived(cls, raw: Any) -> Any:
        """Fill what follows from the interval: timeout at most the interval, stale_after three times it."""
        raw = cls.as_written(raw)
        if not isinstance(raw, Mapping):
            return raw
        try:
            interval = duration(raw["interval"]) if "interval" in raw else cls._usual("interval")
        except ValueError:
            return raw  # The field itself says what is wrong.
        usual = {"timeout": min(cls._usual("timeout"), interval), "stale_after": min(3 * interval, LONGEST)}
        return {**{key: format_duration(seconds) for key, seconds in usual.items()}, **raw}

    @classmethod
    def _usual(cls, field: str) -> float:
        return float(cls.model_fields[field].default)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.timeout > self.interval:
            raise ValueError("timeout must not be longer than interval")
        if self.stale_after < self.interval:
            raise ValueError("stale_after must not be shorter than interval")
        return self

    @property
    def trust(self) -> Tls:
        """How to trust the server that is asked."""
        return Tls()

    @property
    def secret_setting(self) -> str:
        """The setting that holds the secret, or says where it is."""
        return ""

    def secret(self) -> Token:
        """Return the secret that each poll asks for."""
        return Token()


class Polled(Timed):
    """A source with a secret, and a server to trust."""

    token_file: FilePath | None = None
    token: SecretStr | None = None
    tls: Tls = Tls()
    proxy: Proxy | None = None
    body_size_limit: Size = 4 * 2**20

    @model_validator(mode="after")
    def _one_secret(self) -> Self:
        if self.token is not None and self.token_file:
            raise ValueError("token and token_file exclude each other")
        return self

    @property
    def has_token(self) -> bool:
        """Whether a place for a secret is configured, be there one or not."""
        return self.token is not None or self.token_file is not None

    @property
    def trust(self) -> Tls:
        """What is configured."""
        return self.tls

    @property
    def secret_setting(self) -> str:
        """Which of the two is set."""
        return "token_file" if self.token_file else "token"

    def secret(self) -> Token:
        """Return the secret that each poll asks for."""
        return Token(self.token, self.token_file)
