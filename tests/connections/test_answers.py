"""What an answer's status and headers say about a token."""

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.client import Answer
from exporter.errors import RateLimited, Refused
from exporter.sources.connections import answers
from exporter.sources.connections.answers import failure_of, rate_limits, retry_after

NOW = 1_800_000_000.0


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "wall", lambda: NOW)


MEANINGS = {
    **dict.fromkeys((300, 301, 302, 303, 307, 308), "redirect"),
    **dict.fromkeys((201, 204, 400, 404, 405, 406, 408, 413), "unexpected_status"),
    401: "unauthorized",
    402: "payment_required",
    403: "forbidden",
    429: "rate_limited",
    **dict.fromkeys((500, 502, 503, 504, 520, 599), "server_error"),
}


@pytest.mark.parametrize(("status", "reason"), MEANINGS.items())
def test_a_status_has_one_meaning(status: int, reason: str) -> None:
    """Only 401, 402 and 403 are an answer about the token; each other status is a reason for knowing nothing."""
    failure = failure_of(Answer(status, httpx.Headers(), b"not json"))
    assert (failure.reason, isinstance(failure, Refused)) == (reason, status in (401, 402, 403))


HTML = {"Content-Type": "text/html; charset=utf-8"}
JSON = {"Content-Type": "application/json"}
WHOSE = {
    "no body": (403, {}, b"", "forbidden"),
    "JSON": (401, JSON, b'{"code": "unauthorized"}', "unauthorized"),
    "plain text": (403, {"Content-Type": "text/plain"}, b"Forbidden", "forbidden"),
    "a page": (403, HTML, b"<!doctype html><h1>Blocked by the firewall</h1>", "intermediary"),
    "a page that calls itself text": (403, {"Content-Type": "text/plain"}, b"  <html>", "intermediary"),
    "a page that asks for credentials": (
        401,
        {**HTML, "WWW-Authenticate": "Basic"},
        b"<html>",
        "unauthorized",
    ),
    "a page with 403 all the same": (403, {**HTML, "WWW-Authenticate": "Basic"}, b"<html>", "intermediary"),
    "a page without its body": (401, HTML, b"", "intermediary"),
    "a proxy": (407, JSON, b"{}", "intermediary"),
    "payment": (402, HTML, b"<html>", "payment_required"),
}


@pytest.mark.parametrize(("status", "headers", "body", "reason"), WHOSE.values(), ids=WHOSE)
def test_a_refusal_is_the_apis_own(status: int, headers: dict[str, str], body: bytes, reason: str) -> None:
    """What a firewall or a proxy refuses says nothing about a token, and is no refusal of it."""
    failure = failure_of(Answer(status, httpx.Headers(headers), body))
    assert (failure.reason, isinstance(failure, Refused)) == (reason, reason != "intermediary")


WAITS = {
    "seconds": ({"Retry-After": "120"}, 120),
    "no time": ({"Retry-After": "0"}, 0),
    "fraction": ({"X-RateLimit-Reset": " 12.5 "}, 12.5),
    "date": ({"Retry-After": "Fri, 15 Jan 2027 08:10:00 GMT"}, 600),
    "date of another zone": ({"Retry-After": "Fri, 15 Jan 2027 11:10:00 +0300"}, 600),
    "date without zone": ({"Retry-After": "Fri, 15 Jan 2027 08:10:00 -0000"}, 600),
    "date that is over": ({"Retry-After": "Wed, 21 Oct 1998 07:28:00 GMT"}, 0),
    "reset as time to wait": ({"X-RateLimit-Reset": "40"}, 40),
    "reset as Unix time": ({"X-RateLimit-Reset": "1800000090"}, 90),
    "reset that is over": ({"X-RateLimit-Reset": "1700000000"}, 0),
    "both": ({"Retry-After": "5", "X-RateLimit-Reset": "40"}, 5),
    "garbage and reset": ({"Retry-After": "soon", "X-RateLimit-Reset": "40"}, 40),
    "negative": ({"Retry-After": "-5"}, None),
    "empty": ({"Retry-After": ""}, None),
    "not a number": ({"Retry-After": "nan", "X-RateLimit-Reset": "inf"}, None),
    "nothing": ({}, None),
}


@pytest.mark.parametrize(("headers", "seconds"), WAITS.values(), ids=WAITS)
def test_how_long_to_wait_is_read_from_the_headers(headers: dict[str, str], seconds: float | None) -> None:
    """Retry-After comes before X-RateLimit-Reset; what can't be read says nothing."""
    failure = failure_of(Answer(429, httpx.Headers(headers), b""))
    assert isinstance(failure, RateLimited)
    assert failure.retry_after == seconds


texts = st.text(st.characters(max_codepoint=255)) | st.from_regex(
    r"(?a)\A[A-Z][a-z]{2}, \d+ [A-Z][a-z]{2} \d+ \S*"
)


@given(texts, texts)
def test_no_header_can_spoil_a_check(first: str, second: str) -> None:
    """Whatever stands in the headers, the time to wait is a number of seconds or nothing."""
    named = {"Retry-After": first, "X-RateLimit-Reset": second, "X-RateLimit-Remaining": first}
    headers = httpx.Headers(
        [(name.encode(), text.encode("latin-1", "ignore")) for name, text in named.items()]
    )
    assert (retry_after(headers) or 0.0) >= 0.0
    assert all(0.0 <= value < float("inf") for value in rate_limits(headers).values())
