"""Lists from a URL: ETags, secrets, and everything that can be wrong with an answer."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from exporter.config import Origin
from exporter.errors import PollError
from tests.providers.following import config, made, polled, provider, tokens
from tests.real.process import wait_for
from tests.running import Api, Reply, api, exporter

ENTRIES = [{"id": "a", "token": "good"}, {"id": "b", "token": None}]


class Shop:
    """An application that lists its connections at a URL; `asked` are the headers of the requests."""

    def __init__(self) -> None:
        self.answer: Reply = (200, {}, json.dumps(ENTRIES).encode())
        self.asked: list[Mapping[str, str]] = []

    def __call__(self, path: str, headers: Mapping[str, str]) -> Reply:
        self.asked.append(headers)
        etag = self.answer[1].get("ETag")
        return (304, {}, b"") if etag and headers.get("If-None-Match") == etag else self.answer

    def lists(self, entries: object, **headers: str) -> None:
        self.answer = (200, headers, json.dumps(entries).encode())


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def served(shop: Shop) -> Iterator[Api]:
    with api(shop) as server:
        yield server


def test_the_list_is_sent_once_while_it_stays(shop: Shop, served: Api) -> None:
    """An ETag is sent back; after 304 the list is the very same, after 200 the new one counts."""
    shop.lists(ENTRIES, ETag='"1"')
    source = made(provider("http", url=served.url))
    first = polled(source)
    second = polled(source)
    shop.lists([{"id": "c", "token": "good"}], ETag='"2"')
    third = polled(source)

    assert tokens(first) == {"a": "good", "b": ""}
    assert second.sources is first.sources
    assert tokens(third) == {"c": "good"}
    assert [headers.get("If-None-Match") for headers in shop.asked] == [None, '"1"', '"1"']


def test_a_list_of_which_nothing_can_be_used_is_none(shop: Shop, served: Api) -> None:
    """A release of the application that renames a key takes no connection away; one good entry is a list."""
    source = made(provider("http", url=served.url))
    polled(source)
    shop.lists([{"idd": "a", "token": "good"}, {"id": "b", "tokn": "good"}])
    with pytest.raises(PollError, match="no entry can be used") as caught:
        polled(source)
    assert caught.value.reason == "malformed"

    shop.lists([{"idd": "a", "token": "good"}, {"id": "b", "token": "good"}])
    assert (tokens(found := polled(source)), found.rejected) == ({"b": "good"}, {"setting": 1})
    shop.lists([])
    assert polled(source).sources == ()


def test_what_applications_write(shop: Shop, served: Api) -> None:
    """Keys that are numbers become ids, and a mark of Windows is no part of a token."""
    shop.lists([{"id": 42, "token": "\ufeffgood"}, {"id": True, "token": "good"}])
    assert (tokens(found := polled(made(provider("http", url=served.url)))), found.rejected) == (
        {"42": "good"},
        {"setting": 1},
    )


@pytest.mark.parametrize(
    ("settings", "sent"),
    [({}, "Bearer SECRET"), ({"username": "me"}, "Basic bWU6U0VDUkVU")],
    ids=["bearer", "basic"],
)
def test_the_secret_is_sent(
    shop: Shop, served: Api, tmp_path: Path, settings: dict[str, Any], sent: str
) -> None:
    """As a bearer token or as a password; while the file is missing nothing is asked."""
    source = made(provider("http", url=served.url, token_file="token", **settings), Origin(tmp_path))
    with pytest.raises(PollError, match="missing or empty") as caught:
        polled(source)
    assert (caught.value.reason, shop.asked) == ("token", [])

    (tmp_path / "token").write_text("SECRET\n")
    polled(source)
    assert shop.asked[0]["Authorization"] == sent


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((401, {}, b"SECRET"), "unauthorized"),
        ((404, {}, b""), "unexpected_status"),
        ((500, {}, b"SECRET"), "server_error"),
        ((302, {"Location": "http://elsewhere"}, b""), "redirect"),
        ((304, {}, b""), "redirect"),
        ((200, {}, b"[{"), "malformed"),
        ((200, {}, b"{}"), "malformed"),
        ((200, {}, b" " * 2_000_000), "too_large"),
    ],
)
def test_an_answer_that_is_no_list(shop: Shop, served: Api, answer: Reply, reason: str) -> None:
    """Each has its reason; the list before stays, so that the next answer is compared with it."""
    source = made(provider("http", url=served.url, body_size_limit="1MB"))
    first = polled(source)
    shop.answer = answer
    with pytest.raises(PollError) as caught:
        polled(source)
    assert (caught.value.reason, "SECRET" in str(caught.value)) == (reason, False)

    shop.lists(ENTRIES)
    assert polled(source).sources is first.sources


def test_bad_entries_concern_themselves_alone(shop: Shop, served: Api) -> None:
    """Whatever the entries are, good ones are listed."""
    shop.lists([1, None, [], {}, {"id": 1}, {"id": ["x"]}, {"id": "a", "token": 5}, *ENTRIES])
    found = polled(made(provider("http", url=served.url)))

    assert tokens(found) == {"a": "good", "b": ""}
    assert sum(found.rejected.values()) == 7


def test_the_exporter_follows_the_url(shop: Shop, served: Api, evotor: Api, tmp_path: Path) -> None:
    """What the application lists is checked; while it fails, all stays as it was, and the source is down."""
    with exporter(tmp_path, config(provider("http", evotor, url=served.url))) as running:
        running.wait_for_statuses(a="online", b="not_connected")
        shop.lists([*ENTRIES, {"id": "c", "token": "revoked"}])
        running.wait_for_statuses(a="online", b="not_connected", c="offline")
        shop.answer = (503, {}, b"")
        wait_for(lambda: "shop" not in running.samples("source_up", "source"), 10)

        assert running.statuses() == {"a": "online", "b": "not_connected", "c": "offline"}
        assert running.samples("connection_checks_total", "connection")["a"] == 1
