"""The kind oauth2: token introspection as RFC 7662 describes it."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from exporter.errors import ConfigError
from exporter.sources.connections.reading import options_of
from tests.connections.checking import TOKEN, Api, answering, check

SECTION = {
    "kind": "oauth2",
    "introspection_url": "https://id.example/introspect",
    "client_id": "status exporter",
    "client_secret": "made:up secret",
}
# The user and the password, each encoded as in a form first: "status%20exporter:made%3Aup%20secret".
BASIC = "Basic c3RhdHVzJTIwZXhwb3J0ZXI6bWFkZSUzQXVwJTIwc2VjcmV0"


def test_the_token_is_asked_about_as_the_standard_says() -> None:
    """The token goes in a form, our own credentials in the header, and the token nowhere else."""
    seen: list[httpx.Request] = []

    def api(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"active": True, "exp": 1_900_000_000})

    found = check(api, **SECTION)

    (request,) = seen
    assert (found.status, found.token_expires_at) == ("online", 1_900_000_000)
    assert (request.method, str(request.url)) == ("POST", "https://id.example/introspect")
    assert parse_qs(request.content.decode()) == {"token": [TOKEN], "token_type_hint": ["access_token"]}
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert request.headers["Authorization"] == BASIC
    assert TOKEN not in str(request.headers)


MEANINGS: dict[str, tuple[Api, str, str]] = {
    "inactive": (answering(200, {"active": False}), "offline", "unauthorized"),
    "active without an end": (answering(200, {"active": True}), "online", ""),
    "an odd end": (answering(200, {"active": True, "exp": "x"}), "online", ""),
    "our client is refused": (answering(401, {"error": "invalid_client"}), "unreachable", "token"),
    "our client may not": (answering(403, {}), "unreachable", "token"),
    "a page of a firewall": (answering(403, b"<html>"), "unreachable", "intermediary"),
    "a word": (answering(200, {"active": "true"}), "unreachable", "malformed"),
    "a list": (answering(200, []), "unreachable", "malformed"),
    "no JSON": (answering(200, b"yes"), "unreachable", "malformed"),
    "an outage": (answering(503, b""), "unreachable", "server_error"),
    "limited": (answering(429, b""), "unreachable", "rate_limited"),
}


@pytest.mark.parametrize(("api", "status", "reason"), MEANINGS.values(), ids=MEANINGS)
def test_an_answer_has_one_meaning(api: Api, status: str, reason: str) -> None:
    """Only an answer about the token makes it online or offline; a refusal of our own client is none."""
    found = check(api, **SECTION)
    assert (found.status, found.reason) == (status, reason)


def test_our_own_secret_may_come_from_a_file(tmp_path: Path) -> None:
    """It is read for each check; without it nothing can be asked."""
    file = tmp_path / "secret"
    section = {**SECTION, "client_secret_file": str(file)}
    del section["client_secret"]
    assert check(answering(200, {"active": True}), **section).reason == "token"
    file.write_text("made:up secret\n")
    assert check(answering(200, {"active": True}), **section).status == "online"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"client_secret": None}, "either client_secret_file or client_secret is needed"),
        ({"client_secret_file": "/x"}, "either client_secret_file or client_secret is needed"),
        ({"client_id": ""}, "client_id: must not be empty"),
        ({"introspection_url": None}, "introspection_url: "),
    ],
)
def test_what_is_missing_is_an_error(settings: dict[str, Any], message: str) -> None:
    """A section that can't work is refused with its place, and shows no secret."""
    with pytest.raises(ConfigError, match=message) as caught:
        options_of(({"id": "a", "token": TOKEN, **SECTION, **settings},))
    assert "made:up" not in str(caught.value)
