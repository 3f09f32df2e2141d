"""Kind http: any URL, asked as configured."""

import asyncio
import base64
from typing import Any

import httpx
import pytest

from exporter.errors import ConfigError
from exporter.sources.connections.reading import options_of
from tests.connections.checking import TOKEN, answering, check, source, values
from tests.connections.raw import Dialogue, Script, client, sends, serving
from tests.connections.raw import ask as raw

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
    assert check(answering(status, b"no HTML"), **section(**settings)).status == expected


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


async def _endless(dialogue: Dialogue) -> None:
    await dialogue.request()
    await dialogue.send(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        await dialogue.send(b"x" * 65_536)


async def _events(dialogue: Dialogue) -> None:
    await dialogue.request()
    await dialogue.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
    await dialogue.request()


UNWANTED = {
    "endless": _endless,
    "server-sent events": _events,
    "large": sends(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nx"),
    "deflate": sends(b"HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\nContent-Length: 2\r\n\r\nxx"),
    "brotli": sends(b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\nxx"),
    "no gzip": sends(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nxx"),
    "broken off": sends(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"),
}


@pytest.mark.parametrize("script", UNWANTED.values(), ids=UNWANTED)
def test_a_body_that_nobody_asked_for_is_not_read(script: Script) -> None:
    """With an expected status alone, whatever follows the headers makes no difference."""
    assert raw(script, max_body=0).status == 200


def test_a_short_body_keeps_the_connection() -> None:
    """A body that isn't wanted, but short, is let pass, so that the next check needs no new connection."""
    begun: list[int] = []

    async def script(dialogue: Dialogue) -> None:
        begun.append(1)
        while await dialogue.request():
            await dialogue.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    async def run() -> None:
        async with serving(script) as port, client() as http:
            for _ in range(3):
                await http.get(f"http://127.0.0.1:{port}/", {}, max_body=0)

    asyncio.run(run())
    assert begun == [1]


DOCUMENT = {"status": "ok", "a/b": {"~": [1, True, None, {"x": 1.5}]}, "": "empty"}
PLACES: dict[str, tuple[str, Any, bool]] = {
    "a value": ("/status", "ok", True),
    "another value": ("/status", "down", False),
    "escapes and a list": ("/a~1b/~0/0", 1, True),
    "true is not 1": ("/a~1b/~0/1", 1, False),
    "1 is not true": ("/a~1b/~0/0", True, False),
    "null": ("/a~1b/~0/2", None, True),
    "a fraction": ("/a~1b/~0/3/x", 1.5, True),
    "an empty name": ("/", "empty", True),
    "nothing there": ("/nothing", None, False),
    "beyond the list": ("/a~1b/~0/4", None, False),
    "no index": ("/a~1b/~0/00", 1, False),
    "into a text": ("/status/0", "o", False),
    "the whole document": ("", "ok", False),
}


@pytest.mark.parametrize(("pointer", "value", "there"), PLACES.values(), ids=PLACES)
def test_a_value_in_the_document_can_be_expected(pointer: str, value: Any, there: bool) -> None:
    """The JSON pointer (RFC 6901) names one place; another value there says nothing about the token."""
    found = check(answering(200, DOCUMENT), **section(expected_json={"pointer": pointer, "value": value}))
    assert (found.status, found.reason) == (("online", "") if there else ("unreachable", "unexpected_body"))


BODIES: dict[str, tuple[str, bytes, str]] = {
    "somewhere": ("st[ae]tus: ok", b"line\nstatus: ok\n", ""),
    "nowhere": ("^ok$", b"not ok", "unexpected_body"),
    "not UTF-8": ("\\xff", b"\xff", "unexpected_body"),
    "without end in another engine": ("(a+)+$", b"a" * 50_000 + b"!", "unexpected_body"),
    "too large": ("x", b"x" * 200_000, "too_large"),
}


@pytest.mark.parametrize(("pattern", "body", "reason"), BODIES.values(), ids=BODIES)
def test_a_pattern_in_the_body_can_be_expected(pattern: str, body: bytes, reason: str) -> None:
    """The expression is looked for anywhere in the body, in linear time, within the size limit."""
    wanted = section(expected_body=pattern, body_size_limit="100KB")
    assert check(answering(200, body), **wanted).reason == reason


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"expected_json": {"pointer": "status", "value": 1}}, "expected_json.pointer"),
        ({"expected_json": {"pointer": "/a~2", "value": 1}}, "expected_json.pointer"),
        ({"expected_json": {"pointer": "/a"}}, "expected_json.value"),
        ({"expected_body": "(?<=a)b"}, "expected_body"),
    ],
)
def test_what_can_not_be_expected_is_an_error(settings: dict[str, Any], message: str) -> None:
    """Pointers and expressions that can't be used are named with their place."""
    with pytest.raises(ConfigError, match=rf"connections\[0\]\.{message}"):
        options_of(({"id": "a", **section(**settings)},))
