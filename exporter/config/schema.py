"""What the sections of all sources have."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import SecretStr, model_validator

from exporter.config.durations import format_duration
from exporter.config.fields import LONGEST, Duration, FilePath, Proxy, Size, Strict, duration
from exporter.config.secretfile import Token


class Tls(Strict):
    """How to trust, and be trusted by, an HTTPS server; paths are of PEM files."""

    ca_file: FilePath | None = None
    ca_path: FilePath | None = None
    cert_file: FilePath | None = None
    key_file: FilePath | None = None
    server_name: str | None = None
    insecure_skip_verify: bool = False

    @model_validator(mode="after")
    def _pair(self) -> Self:
        if self.key_file and not self.cert_file:
            raise ValueError("key_file needs cert_file")
        return self


class Polled(Strict):
    """What every source has: times in seconds, the secret, and how to trust the server."""

    interval: Duration = 60.0
    timeout: Duration = 30.0
    stale_after: Duration = 180.0
    token_file: FilePath | None = None
    token: SecretStr | None = None
    tls: Tls = Tls()
    proxy: Proxy | None = None
    body_size_limit: Size = 4 * 2**20

    @model_validator(mode="before")
    @classmethod
    def _derived(cls, raw: Any) -> Any:
        """Fill what follows from the interval: timeout at most the interval, stale_after three times it."""
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
        if self.token and self.token_file:
            raise ValueError("token and token_file exclude each other")
        return self

    @property
    def has_token(self) -> bool:
        """Whether a place for a secret is configured, be there one or not."""
        return bool(self.token or self.token_file)

    def secret(self) -> Token:
        """Return the secret that each poll asks for."""
        return Token(self.token, self.token_file)
