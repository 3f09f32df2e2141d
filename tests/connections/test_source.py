"""A connection as a source: token, status, and what is shown of it."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from exporter.model import Display
from exporter.polling.limits import RequestLimits
from exporter.sources.contract import RequestLimit
from tests.connections.checking import answering, ask, check, source, values

ACCEPTS = answering(200, {"items": []}, **{"X-RateLimit-Remaining": "9"})
LINKS = {"connect_url": "https://shop.example/in", "disconnect_url": "https://shop.example/out"}


def echo(tokens: list[str]) -> Any:
    """Accept every token, and note it."""

    def api(request: httpx.Request) -> httpx.Response:
        tokens.append(request.headers["Authorization"].removeprefix("Bearer "))
        return httpx.Response(200, json=[])

    return api


UNCONNECTED = {"missing": None, "empty": b"", "blank": b" \n\t\n"}


@pytest.mark.parametrize("content", UNCONNECTED.values(), ids=UNCONNECTED)
def test_without_a_token_it_is_not_connected(content: bytes | None, tmp_path: Path) -> None:
    """A missing or empty token file means not connected, and the API is not bothered."""
    file, asked = tmp_path / "token", list[str]()
    if content is not None:
        file.write_bytes(content)
    assert (check(echo(asked), token_file=str(file)).status, asked) == ("not_connected", [])


UNUSABLE = {"two lines": b"one\ntwo\n", "no text": b"\xff\x00", "too large": b"x" * 20_000}


@pytest.mark.parametrize("content", UNUSABLE.values(), ids=UNUSABLE)
def test_a_file_without_a_token_says_nothing_about_it(content: bytes, tmp_path: Path) -> None:
    """What can't be a token is never sent; the reason says that the file is the trouble."""
    file, asked = tmp_path / "token", list[str]()
    file.write_bytes(content)
    found = check(echo(asked), token_file=str(file))
    assert (found.status, found.reason, asked) == ("unreachable", "token", [])


def test_a_directory_is_no_token(tmp_path: Path) -> None:
    """A token_file that can't be read is unreachable, not not_connected."""
    assert check(ACCEPTS, token_file=str(tmp_path)).reason == "token"


def test_the_token_is_read_at_each_check(tmp_path: Path) -> None:
    """A new token is used from the next check on, spaces inside it included; the file may vanish at any time."""
    file, asked = tmp_path / "token", list[str]()
    made = source(echo(asked), token_file=str(file))
    statuses = []
    for content in ("one", " two words \n", None, "three"):
        file.unlink(missing_ok=True) if content is None else file.write_text(content)
        statuses.append(asyncio.run(ask(made)).check.status)
    assert statuses == ["online", "online", "not_connected", "online"]
    assert asked == ["one", "two words", "three"]


def test_a_token_that_vanishes_meanwhile_counts_for_the_next_check(tmp_path: Path) -> None:
    """A check is about the token it began with."""
    file = tmp_path / "token"
    file.write_text("one")

    def api(request: httpx.Request) -> httpx.Response:
        file.unlink()
        return httpx.Response(200, json=[])

    assert check(api, token_file=str(file)).status == "online"


def test_a_changed_file_is_noticed(tmp_path: Path) -> None:
    """Appearing, changing and vanishing of the token file after it was read are each a change, reading ends it."""
    file = tmp_path / "token"
    made = source(ACCEPTS, token_file=str(file))
    seen = [made.token.has_changed()]
    asyncio.run(made.token.get())
    for content in ("one", "other", None):
        file.unlink() if content is None else file.write_text(content)
        seen.append(made.token.has_changed())
        asyncio.run(made.token.get())
        seen.append(made.token.has_changed())
    assert seen == [False, *(True, False) * 3]


STATUSES: dict[str, tuple[int, set[str]]] = {
    "online": (200, {"disconnect_url"}),
    "offline": (401, {"connect_url", "disconnect_url"}),
    "unreachable": (500, {"disconnect_url"}),
    "not_connected": (200, {"connect_url"}),
}


@pytest.mark.parametrize(("status", "answer", "offered"), [(k, *v) for k, v in STATUSES.items()])
def test_the_links_offer_what_the_token_allows(status: str, answer: int, offered: set[str]) -> None:
    """With a token present it can be disconnected, without one connected, and a refused one connected again."""
    token = {"token_file": "/nonexistent/token"} if status == "not_connected" else {}
    found = check(answering(answer, []), name="Эвотор", **token, **LINKS)
    urls = {name: url for name, url in LINKS.items() if name in offered}
    assert (found.status, found.display) == (status, Display("Эвотор", "evotor", **urls))


def test_without_names_and_links_there_are_defaults() -> None:
    """The id is the name when there is none, and no URL means no offer."""
    assert check(ACCEPTS).display == Display("a", "evotor")
    assert check(ACCEPTS, icon="till").display.icon == "till"


@pytest.mark.parametrize("status", [401, 500])
def test_readings_are_those_of_an_accepted_token(status: int) -> None:
    """The kind's own metrics have values only while the connection is online."""
    assert values(check(ACCEPTS)) == {"evotor_stores": 0, "connection_rate_limit_remaining": 9}
    assert values(check(answering(status, {"items": []}, **{"X-RateLimit-Remaining": "9"}))) == {}


def test_bad_records_are_counted() -> None:
    """What a kind could not use is counted as malformed, once per record."""
    findings = asyncio.run(ask(source(answering(200, {"items": [1, 2, {"id": "x"}]}))))
    assert (findings.rejected, findings.check.details) == ({"malformed": 2}, "")


def test_a_host_that_hangs_holds_its_own_slots_only() -> None:
    """When all limits of one host are taken, another host is still asked at once."""

    async def run() -> list[str]:
        limits, done = RequestLimits(), list[str]()
        release = asyncio.Event()

        async def ask(host: str, hangs: bool) -> None:
            async with limits.of(RequestLimit(host, 2), 60.0):
                if hangs:
                    await release.wait()
                done.append(host)

        hanging = [asyncio.create_task(ask("slow", True)) for _ in range(5)]
        await asyncio.gather(*(ask("fast", False) for _ in range(5)))
        seen = list(done)
        release.set()
        await asyncio.gather(*hanging)
        return seen

    assert asyncio.run(run()) == ["fast"] * 5


def test_slots_bound_one_host_and_all_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    """No more requests are under way than allowed to one host, nor than allowed in all."""
    monkeypatch.setattr("exporter.polling.limits.IN_ALL", 5)

    async def run() -> tuple[int, int]:
        limits, held, most = RequestLimits(), dict[str, int](), [0, 0]

        async def ask(host: str) -> None:
            async with limits.of(RequestLimit(host, 2), 60.0):
                held[host] = held.get(host, 0) + 1
                most[:] = max(most[0], held[host]), max(most[1], sum(held.values()))
                await asyncio.sleep(0)
                held[host] -= 1

        await asyncio.gather(*(ask(str(number // 10)) for number in range(60)))
        return most[0], most[1]

    assert asyncio.run(run()) == (2, 5)


@pytest.mark.parametrize("host", ["a", "b"])
def test_a_slot_given_up_while_waiting_is_not_lost(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who stops waiting, for the host or for the whole, leaves every slot to the others."""
    monkeypatch.setattr("exporter.polling.limits.IN_ALL", 1)

    async def run() -> None:
        limits = RequestLimits()
        async with limits.of(RequestLimit("a", 1), 60.0):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(limits.of(RequestLimit(host, 1), 60.0).__aenter__(), 0.01)
        async with asyncio.timeout(5), limits.of(RequestLimit(host, 1), 60.0):
            pass

    asyncio.run(run())


def test_only_who_asks_takes_a_slot(tmp_path: Path) -> None:
    """Without a token to ask with, the status is found out without waiting for a slot."""
    made = source(ACCEPTS, token_file=str(tmp_path / "token"))

    assert made.request_limit("") is None
    assert made.request_limit("token") == RequestLimit("api.evotor.ru", 5)
    assert asyncio.run(made.poll("")).check.status == "not_connected"
