"""Kind http: any URL, asked as configured."""

import base64
from typing import Any

import httpx
import pytest

from exporter.errors import ConfigError
from exporter.sources.connections.reading import options_of
from tests.connections.checking import TOKEN, answering, check, source, values

URL = "https://billing.example/api/ping?deep=1"


def section(**settings: Any) -> dict[str, Any]:
    return {"kind": "http", "url": URL, **settings}


EXPECTED = {
    "usual": (200, {}, "online"),
    "one of several": (204, {"expected_status": [200, 204]}, "online"),
    "a redirect is meant": (302, {"expected_status": 302}, "online"),
    "a refusal is meant": (401, {"expected_status": [401]}, "online"),
    "not the one": (200, {"expected_status": 204}, "unreachable"),
    "refused": (403, {}, "offline"),
    "redirected": (302, {}, "unreachable"),
    "broken": (503, {}, "unreachable"),
}


@pytest.mark.parametrize(("status", "settings", "expected"), EXPECTED.values(), ids=EXPECTED)
def test_expected_status_decides(status: int, settings: dict[str, Any], expected: str) -> None:
    """Any expected status is an acceptance, whatever else it would mean."""
    assert check(answering(status, b"<html>"), **section(**settings)).status == expected


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS"])
def test_the_request_is_as_configured(method: str) -> None:
    """Method, URL with its query, and further headers are sent as they are configured."""
    seen: list[httpx.Request] = []

    def api(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200)

    assert check(api, **section(method=method, headers={"X-Tenant": "7"})).status == "online"
    (request,) = seen
    assert (request.method, str(request.url), request.headers["X-Tenant"]) == (method, URL, "7")
    assert request.content == b""


BASIC = base64.b64encode(f"Имя:{TOKEN}".encode()).decode()
SECRETS = {
    "bearer": ({}, {"Authorization": f"Bearer {TOKEN}"}),
    "basic": ({"authorization": "basic", "username": "Имя"}, {"Authorization": f"Basic {BASIC}"}),
    "header": ({"authorization": "header", "header": "X-Api-Key"}, {"X-Api-Key": TOKEN}),
}


@pytest.mark.parametrize(("settings", "expected"), SECRETS.values(), ids=SECRETS)
def test_the_secret_goes_in_one_header(settings: dict[str, str], expected: dict[str, str]) -> None:
    """The secret goes as bearer token, as password or in a header of one's own, and nowhere else."""
    seen: list[httpx.Headers] = []

    def api(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers)
        return httpx.Response(200)

    check(api, **section(**settings))
    ((name, value),) = expected.items()
    assert [headers.get(name) for headers in seen] == [value]
    secret = (TOKEN, BASIC)
    assert [n for n, v in seen[0].items() if any(s in v for s in secret)] == [name.lower()]


def test_without_a_secret_it_is_asked_without() -> None:
    """A URL that needs no secret is checked without one, and is never not_connected."""

    def api(request: httpx.Request) -> httpx.Response:
        return httpx.Response(500 if "Authorization" in request.headers else 200)

    assert check(api, **section(token=None)).status == "online"


def test_the_rate_limit_is_shown() -> None:
    """The kind has readings of its own too, from any API that sends the usual headers."""
    found = check(answering(200, b"", **{"X-RateLimit-Remaining": "7"}), **section())
    assert values(found) == {"connection_rate_limit_remaining": 7}


CONTRADICTIONS = {
    "header without name": ({"authorization": "header", "token": "x"}, "belong together"),
    "name without header": ({"header": "X-Key", "token": "x"}, "belong together"),
    "basic without user": ({"authorization": "basic", "token": "x"}, "belong together"),
    "user without basic": ({"username": "me", "token": "x"}, "belong together"),
    "basic without secret": ({"authorization": "basic", "username": "me"}, "token_file"),
    "secret twice": ({"token": "x", "headers": {"authorization": "y"}}, "carries the secret"),
    "user with colon": ({"authorization": "basic", "username": "a:b", "token": "x"}, "username"),
    "no header name": ({"headers": {"a b": "x"}}, "name of a header"),
    "no header value": ({"headers": {"A": "x\r\nB: y"}}, "printable ASCII"),
    "no status": ({"expected_status": 7}, "expected_status"),
    "no statuses": ({"expected_status": []}, "expected_status"),
    "no method": ({"method": "DELETE"}, "method"),
    "user in URL": ({"url": "https://me:x@api.example/"}, "user name"),
}


@pytest.mark.parametrize(("settings", "message"), CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_contradictory_settings_are_errors(settings: dict[str, Any], message: str) -> None:
    """Settings that can't be meant are refused with their place, before anything is asked."""
    with pytest.raises(ConfigError, match=message) as caught:
        options_of(({"id": "a", **section(**settings)},))
    assert all(problem.place.startswith("connections[0]") for problem in caught.value.problems)


def test_headers_are_not_shown() -> None:
    """Values of configured headers may be keys, and stay out of what is printed."""
    made = source(answering(200), **section(headers={"X-Key": "made-up-key"}))
    assert "made-up-key" not in repr(made.options)
    assert TOKEN not in repr(made.options)
