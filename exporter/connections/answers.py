"""What an answer's status says about a token, whichever API it comes from."""

import time
from datetime import UTC
from email.utils import parsedate_to_datetime

import httpx

from exporter.client import Answer
from exporter.connections.kind import RATE_LIMIT_LIMIT, RATE_LIMIT_REMAINING
from exporter.errors import (
    Forbidden,
    PaymentRequired,
    PollError,
    RateLimited,
    Redirected,
    ServerError,
    Unauthorized,
    UnexpectedStatus,
)
from exporter.model import Metric

# A reset larger than this many seconds is a Unix time, not a time to wait.
_EPOCH_AFTER = 1e9

_REFUSALS: dict[int, tuple[type[PollError], str]] = {
    401: (Unauthorized, "the token is not accepted"),
    402: (PaymentRequired, "payment is required"),
    403: (Forbidden, "the token has no access"),
}


def failure_of(answer: Answer) -> PollError:
    """Return the error that an answer with another status than hoped for stands for."""
    status = answer.status
    if status in _REFUSALS:
        error, message = _REFUSALS[status]
        return error(f"{message} (HTTP {status})")
    if status == 429:
        return RateLimited("more requests than allowed (HTTP 429)", retry_after(answer.headers))
    if 300 <= status < 400:
        return Redirected(f"the answer sends us elsewhere (HTTP {status})")
    if status >= 500:
        return ServerError(f"the API has a problem of its own (HTTP {status})")
    return UnexpectedStatus(f"HTTP {status} says nothing about the token")


def retry_after(headers: httpx.Headers) -> float | None:
    """Return the seconds to wait that Retry-After or X-RateLimit-Reset ask for, None when neither does."""
    for name in ("Retry-After", "X-RateLimit-Reset"):
        wait = _seconds(headers.get(name, ""))
        if wait is not None:
            return max(0.0, wait - time.time() if wait > _EPOCH_AFTER else wait)
    return None


def _seconds(text: str) -> float | None:
    """Read a number of seconds or an HTTP date (as a Unix time)."""
    if text.strip().isdecimal():
        return float(text[:20])
    try:
        return parsedate_to_datetime(text).replace(tzinfo=UTC).timestamp()
    except (ValueError, OverflowError):
        return None


def rate_limits(headers: httpx.Headers) -> tuple[tuple[Metric, float], ...]:
    """Return the values of the X-RateLimit headers that are numbers."""
    named = ((RATE_LIMIT_LIMIT, "X-RateLimit-Limit"), (RATE_LIMIT_REMAINING, "X-RateLimit-Remaining"))
    read = ((metric, headers.get(name, "").strip()) for metric, name in named)
    return tuple((metric, float(text)) for metric, text in read if text.isdecimal())
