"""What an answer's status says about a token, whichever API it comes from."""

import re
from datetime import UTC
from email.utils import parsedate_to_datetime

import httpx

from exporter.client import Answer
from exporter.errors import (
    Forbidden,
    Intermediary,
    PaymentRequired,
    PollError,
    RateLimited,
    Redirected,
    ServerError,
    Unauthorized,
    UnexpectedStatus,
)
from exporter.model import Metric
from exporter.sources.connections.kind import RATE_LIMIT_LIMIT, RATE_LIMIT_REMAINING
from exporter.timing import wall

# A reset larger than this many seconds is a Unix time, not a time to wait.
_EPOCH_AFTER = 1e9

_REFUSALS: dict[int, tuple[type[PollError], str]] = {
    401: (Unauthorized, "the token is not accepted"),
    402: (PaymentRequired, "payment is required"),
    403: (Forbidden, "the token has no access"),
}


def failure_of(answer: Answer) -> PollError:
    """Return the error that an answer with an unexpected status means.

    An API refuses a token in words for programs, or none. A page for people comes from something in between, such as
    a firewall, and says nothing about the token, unless it asks for credentials as HTTP prescribes (RFC 9110, 11.6.1).
    """
    status = answer.status
    if status == 407 or (status in (401, 403) and _is_page(answer) and not _asks_for_credentials(answer)):
        return Intermediary(f"a firewall, proxy or login page answered in the API's place (HTTP {status})")
    if status in _REFUSALS:
        error, message = _REFUSALS[status]
        return error(f"{message} (HTTP {status})")
    if status == 429:
        return RateLimited("more requests than allowed (HTTP 429)", retry_after(answer.headers))
    if 300 <= status < 400:
        return Redirected(f"the answer sends us elsewhere (HTTP {status})")
    if status >= 500:
        return ServerError(f"the API has a problem of its own (HTTP {status})")
    return UnexpectedStatus(f"HTTP {status} is not among the statuses that are expected")


def _is_page(answer: Answer) -> bool:
    media_type = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return media_type in ("text/html", "application/xhtml+xml") or answer.body.lstrip()[:1] == b"<"


def _asks_for_credentials(answer: Answer) -> bool:
    return answer.status == 401 and "WWW-Authenticate" in answer.headers


def retry_after(headers: httpx.Headers) -> float | None:
    """Return the seconds to wait that Retry-After or X-RateLimit-Reset ask for, None when neither does."""
    waits = (_wait(headers.get(name, "").strip()) for name in ("Retry-After", "X-RateLimit-Reset"))
    return next((wait for wait in waits if wait is not None), None)


def _wait(text: str) -> float | None:
    """Read a number of seconds, a Unix time or an HTTP date; what is over means not to wait."""
    number = _number(text)
    if number is not None and number <= _EPOCH_AFTER:
        return number
    moment = _date(text) if number is None else number
    return None if moment is None else max(0.0, moment - wall())


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\d{1,18}(\.\d{1,18})?", text, re.ASCII) else None


def _date(text: str) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None  # The library's parser fails on odd text in more than one way.


def rate_limits(headers: httpx.Headers) -> dict[Metric, float]:
    """Return the values of the X-RateLimit headers that are numbers."""
    named = ((RATE_LIMIT_LIMIT, "X-RateLimit-Limit"), (RATE_LIMIT_REMAINING, "X-RateLimit-Remaining"))
    read = ((metric, _number(headers.get(name, "").strip())) for metric, name in named)
    return {metric: number for metric, number in read if number is not None}
