"""What Evotor's simulator answers to a token is what is true of the connection."""

import asyncio
import base64
from collections.abc import Callable

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import ASGIApp

from exporter.demo.effects import (
    HTML,
    NOT_INSTALLED,
    NOT_PAID,
    RATE_LIMITED,
    RATE_LIMITED_BARE,
    RATE_LIMITED_RESET,
    TRUNCATED_JSON,
    UNAUTHORIZED,
    UNAVAILABLE,
    Fault,
    FixedAnswer,
    NoToken,
    RateRemaining,
    TokenIs,
)
from exporter.demo.evotor_simulator import evotor_app
from exporter.demo.script import EVOTOR, Connection, Episode, Subject, fixed
from exporter.demo.states import ConnectionTruth
from exporter.demo.world import World
from tests.demo.worlds import times, worlds

TILL = Connection("till", "evotor", "token-1", stores=("Лавка", "Киоск", "Склад"))
BANK = Connection("bank", "http", "token-2")
OPEN = Connection("open", "http")
BEARER = {"Authorization": "Bearer token-1"}


def of(*episodes: Episode) -> ASGIApp:
    return evotor_app(World((), (TILL, BANK, OPEN), fixed(*episodes)), lambda: 5)


def get(app: ASGIApp, path: str = "/stores", headers: dict[str, str] | None = None) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="https://api.evotor.ru") as client:
            return await client.get(path, headers=BEARER if headers is None else headers)

    return asyncio.run(ask())


def verdict(answer: httpx.Response, usable: Callable[[httpx.Response], bool]) -> str:
    if answer.status_code in (401, 402, 403):
        return "offline"
    return "online" if answer.status_code == 200 and usable(answer) else "unreachable"


def is_page(answer: httpx.Response) -> bool:
    try:
        return isinstance(answer.json()["items"], list)
    except ValueError:
        return False


def checked(app: ASGIApp, state: ConnectionTruth) -> str:
    if state.token is None:
        return "not_connected"
    headers, of_kind = {"Authorization": f"Bearer {state.token}"}, state.connection.kind
    if of_kind == "http":
        return verdict(get(app, f"/ping/{state.connection.id}", headers), lambda _: True)
    return verdict(get(app, "/stores", headers), is_page)


@given(worlds, times)
def test_each_connection_is_checked_as_what_it_is(world: World, t: int) -> None:
    """Judging answers by the documented status codes gives the world's status of every connection."""
    app = evotor_app(world, lambda: t)
    answering = [state for state in world.connections(t) if state.reason != "timeout"]
    assert [checked(app, state) for state in answering] == [state.status for state in answering]


@given(st.lists(st.text(max_size=20), max_size=7), st.integers(1, 9))
def test_pages_hold_all_stores_once_in_order(names: list[str], page_size: int) -> None:
    """Following next_cursor until there is none gives every store in as few pages as hold them."""
    world = World((), (Connection("c", "evotor", "token-1", stores=tuple(names)),))
    app, path = evotor_app(world, lambda: 0, page_size=page_size), "/stores"
    pages: list[list[str]] = []
    while path:
        answer = get(app, path).json()
        pages.append([store["name"] for store in answer["items"]])
        cursor = answer["paging"].get("next_cursor")
        path = f"/stores?cursor={cursor}" if cursor else ""
    assert pages == [names[n : n + page_size] for n in range(0, len(names) or 1, page_size)]


def test_a_store_has_the_documented_fields() -> None:
    """Ids look like UUIDs with a date, times have an offset without a colon; the type is that of v2."""
    answer = get(of())
    store = answer.json()["items"][0]
    assert set(store) == {"id", "name", "address", "user_id", "created_at", "updated_at"}
    assert store["id"].startswith("20170228-")
    assert store["created_at"].endswith("+0000")
    assert answer.headers["content-type"] == "application/vnd.evotor.v2+json;charset=UTF-8"
    assert len({s["id"] for s in answer.json()["items"]}) == 3


def test_the_first_version_is_a_bare_list_under_its_own_path() -> None:
    """v1 takes X-Authorization alone, and its stores have a uuid."""
    path = "/api/v1/inventories/stores/search"
    answer = get(of(), path, {"X-Authorization": "token-1"})
    assert [store["name"] for store in answer.json()] == list(TILL.stores)
    assert set(answer.json()[0]) == {"uuid", "name", "address", "code"}
    assert get(of(), path).status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (BEARER, 200),
        ({"Authorization": "bearer token-1"}, 200),
        ({"X-Authorization": "token-1"}, 200),
        ({"Authorization": "token-1"}, 401),
        ({"Authorization": "Bearer other"}, 401),
        ({"Authorization": "Bearer token-2"}, 401),
        ({"Authorization": "Bearer "}, 401),
        ({}, 401),
        (BEARER | {"Accept": "text/html"}, 406),
        (BEARER | {"Accept": "application/vnd.evotor.v2+json;charset=UTF-8"}, 200),
    ],
)
def test_only_a_known_token_in_a_known_header_opens(headers: dict[str, str], status: int) -> None:
    """Bearer or X-Authorization with the token of an Evotor connection; anything else is 401."""
    accept = {"Accept": "application/vnd.evotor.v2+json"}
    assert get(of(), "/stores", accept | headers).status_code == status


def test_a_token_taken_away_or_replaced_is_refused() -> None:
    """The API knows the token in force and no other."""
    replaced = of(Episode(TILL, 0, 9, TokenIs("token-3")))
    assert get(replaced).status_code == 401
    assert get(replaced, "/stores", {"Authorization": "Bearer token-3"}).status_code == 200
    assert get(of(Episode(TILL, 0, 9, NoToken()))).status_code == 401


@pytest.mark.parametrize(
    "fault",
    [
        UNAUTHORIZED,
        NOT_PAID,
        NOT_INSTALLED,
        RATE_LIMITED,
        UNAVAILABLE,
        HTML,
        FixedAnswer(404, "unexpected_status"),
    ],
)
@pytest.mark.parametrize("subject", [TILL, EVOTOR])
def test_a_fault_is_the_answer(fault: FixedAnswer, subject: Subject) -> None:
    """The status, headers and body the world prescribes, for one token or all."""
    answer = get(of(Episode(subject, 0, 9, fault)))
    assert (answer.status_code, answer.text) == (fault.status, fault.body)
    assert set(fault.headers) <= {
        (k.title().replace("Ratelimit", "RateLimit"), v) for k, v in answer.headers.items()
    }


@pytest.mark.parametrize("fault", [UNAVAILABLE, TRUNCATED_JSON])
def test_when_the_api_is_down_it_is_down_for_unknown_tokens_too(fault: Fault) -> None:
    """An API in trouble tells nobody whether a token is good, and doesn't touch connections of other kinds."""
    app = of(Episode(EVOTOR, 0, 9, fault))
    assert get(app, "/stores", {"Authorization": "Bearer nobody"}).status_code != 401
    assert get(app, "/ping/open", {}).status_code == 200


def test_truncated_json_is_half_of_the_answer() -> None:
    """200, and a body that breaks off."""
    answer = get(of(Episode(TILL, 0, 9, TRUNCATED_JSON)))
    assert answer.status_code == 200
    assert answer.text.startswith('{"items"')
    assert not is_page(answer)


def test_429_comes_with_either_header_or_none() -> None:
    """Retry-After, X-RateLimit-Reset, or no word about when to come back."""
    faults = (RATE_LIMITED, RATE_LIMITED_RESET, RATE_LIMITED_BARE)
    answers = [get(of(Episode(TILL, 0, 9, fault))) for fault in faults]
    told = [(a.headers.get("Retry-After"), a.headers.get("X-RateLimit-Reset")) for a in answers]
    assert told == [("120", None), (None, "120"), (None, None)]


def test_each_token_has_a_limit_of_its_own_in_each_window() -> None:
    """Counted down in headers, refused when used up with the seconds to wait, new in the next window."""
    now, other = 570.0, Connection("other", "evotor", "token-9")
    app = evotor_app(World((), (TILL, other)), lambda: now, limit=2, window=600)
    answers = [get(app) for _ in range(3)]
    assert [a.status_code for a in answers] == [200, 200, 429]
    assert [a.headers.get("X-RateLimit-Remaining") for a in answers] == ["1", "0", None]
    assert [int(a.headers["X-RateLimit-Reset"]) for a in answers] == [31, 31, 31]
    assert get(app, "/stores", {"Authorization": "Bearer token-9"}).status_code == 200
    now = 601.0
    assert get(app).status_code == 200


def test_a_limit_can_be_near() -> None:
    """The world may say how few requests are left."""
    answer = get(of(Episode(TILL, 0, 9, RateRemaining(3))))
    assert (answer.status_code, answer.headers["X-RateLimit-Remaining"]) == (200, "3")


def test_a_bad_cursor_is_400_with_its_violation() -> None:
    """The body names what is wrong."""
    for cursor in ("nonsense", "!", "Zm9v"):
        answer = get(of(), f"/stores?cursor={cursor}")
        assert (answer.status_code, answer.json()["violations"][0]["subject"]) == (400, "cursor")


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/ping/bank", {"Authorization": "Bearer token-2"}, 200),
        ("/ping/bank", {"Authorization": "Basic " + base64.b64encode(b"user:token-2").decode()}, 200),
        ("/ping/bank", {"X-Api-Key": "token-2"}, 200),
        ("/ping/bank", {"Authorization": "Bearer token-1"}, 401),
        ("/ping/bank", {}, 401),
        ("/ping/open", {}, 200),
        ("/ping/nobody", {}, 404),
        ("/health", {}, 200),
    ],
)
def test_a_ping_takes_the_secret_wherever_it_is(path: str, headers: dict[str, str], status: int) -> None:
    """Bearer, basic or any header; a connection without a token needs none."""
    assert get(of(), path, headers).status_code == status


def test_a_ping_suffers_the_connections_faults() -> None:
    """The world's fault is the answer, until it is over."""
    headers = {"Authorization": "Bearer token-2"}
    assert get(of(Episode(BANK, 0, 9, UNAVAILABLE)), "/ping/bank", headers).status_code == 503
    assert get(of(Episode(BANK, 0, 5, UNAVAILABLE)), "/ping/bank", headers).status_code == 200
