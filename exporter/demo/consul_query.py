"""The parameters of a read of Consul's HTTP API."""

import re
from dataclasses import dataclass

from starlette.requests import Request

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_TRUE, _FALSE = ("", "1", "t", "T", "TRUE", "true", "True"), ("0", "f", "F", "FALSE", "false", "False")


class BadQuery(Exception):
    """A parameter that Consul refuses with 400."""


def go_duration(text: str) -> float:
    """Return the seconds of a Go duration such as `1m30s`; a bare number has no unit and is a ValueError."""
    digits = text.lstrip("+-") if text[:1] in "+-" else text
    if digits == "0":
        return 0.0
    if not digits or _DURATION_PART.sub("", digits):
        raise ValueError(f"not a Go duration: {text!r}")
    seconds = sum(float(number) * _UNITS[unit] for number, unit in _DURATION_PART.findall(digits))
    return -seconds if text.startswith("-") else seconds


@dataclass(frozen=True, slots=True)
class Query:
    """The parameters of a read."""

    datacenter: str
    index: int
    wait: float
    stale: bool
    consistent: bool

    @classmethod
    def of(cls, request: Request) -> "Query":
        """Read the parameters of a request, or raise BadQuery in Consul's words."""
        params = request.query_params
        try:
            wait = go_duration(params["wait"]) if params.get("wait") else 300.0
        except ValueError:
            raise BadQuery("Invalid wait time") from None
        index = params.get("index") or "0"
        if not index.isascii() or not index.isdigit():
            raise BadQuery("Invalid index")
        stale, consistent = "stale" in params or "max_stale" in params, "consistent" in params
        if stale and consistent:
            raise BadQuery("Cannot specify ?stale with ?consistent, conflicting semantics.")
        return cls(params.get("dc", ""), int(index), min(wait or 300.0, 600.0), stale, consistent)

    @property
    def consistency(self) -> str:
        return "stale" if self.stale else "consistent" if self.consistent else "leader"


def flag(request: Request, name: str) -> bool:
    """Return a boolean parameter; its bare name is true."""
    value = request.query_params.get(name, "0")
    if value not in _TRUE + _FALSE:
        raise BadQuery(f"Invalid value for ?{name}")
    return value in _TRUE


def token_of(request: Request) -> str:
    """Return the ACL token of a request, empty if there is none."""
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    given = request.query_params.get("token") or request.headers.get("x-consul-token")
    return given or (bearer.strip() if scheme.lower() == "bearer" else "")
