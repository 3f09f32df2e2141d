"""Evotor: what each answer of the cloud says about a customer's token."""

from contextlib import suppress
from typing import Any

import httpx
import pytest
import respx
from hypothesis import given
from hypothesis import strategies as st

from exporter.errors import Malformed
from exporter.sources.connections.kinds.evotor import read_page
from tests.connections.checking import TOKEN, answering, check, values

STORE = {"id": "20170228-F4F1-401B-80FA-9ECCA8451FFB", "name": "Мой магазин", "address": None}
LEGACY = {"uuid": "20170228-F4F1", "address": None, "name": "Мой магазин1", "code": None}


def pages(*found: Any) -> "respx.Router":
    """Answer with one page after the other; cursors are p1, p2, …"""
    router = respx.Router(assert_all_called=False)
    for number, items in enumerate(found):
        paging = {"next_cursor": f"p{number + 1}"} if number + 1 < len(found) else {}
        params = {"cursor": f"p{number}"} if number else {}
        answer = httpx.Response(200, json={"items": items, "paging": paging})
        router.get("https://api.evotor.ru/stores", params__eq=params).mock(return_value=answer)
    return router


@pytest.mark.parametrize("paging", [{}, {"next_cursor": None}, {"next_cursor": ""}, None], ids=str)
def test_accepted_with_stores_is_online(paging: Any) -> None:
    """A 200 with stores is online, whichever way the page says that it is the last."""
    found = check(answering(200, {"items": [STORE, {**STORE, "more": 1}], "paging": paging}))
    assert (found.status, found.reason, found.details) == ("online", "", "")
    assert values(found) == {"evotor_stores": 2}


@pytest.mark.parametrize("content", [{"items": []}, {"items": [], "paging": {}}, []], ids=str)
def test_an_account_without_stores_is_online(content: Any) -> None:
    """The token was accepted, though there is no store yet."""
    found = check(answering(200, content))
    assert (found.status, found.details, values(found)) == ("online", "", {"evotor_stores": 0})


def test_the_list_of_the_first_version_is_read() -> None:
    """The bare array of v1 counts as well as the page of v2."""
    assert values(check(answering(200, [LEGACY]))) == {"evotor_stores": 1}


def test_pages_are_followed() -> None:
    """All pages are read, each by the cursor of the one before, and their stores are counted together."""
    found = check(pages([STORE] * 1000, [STORE] * 1000, [STORE]).handler)
    assert values(found) == {"evotor_stores": 2001}


SPINNING = {
    "the same page": (lambda cursor: "p1", 2),
    "a circle": (lambda cursor: {"": "p1", "p1": "p2", "p2": "p1"}[cursor], 3),
    "without end": (lambda cursor: f"p{len(cursor)}{cursor}", 50),
}


@pytest.mark.parametrize(("following", "requests"), SPINNING.values(), ids=SPINNING)
def test_pages_without_end_are_malformed(following: Any, requests: int) -> None:
    """Cursors that lead round in a circle, or on and on, end in a failed check after a bounded number of pages."""
    asked: list[str] = []

    def api(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params.get("cursor", ""))
        return httpx.Response(200, json={"items": [STORE], "paging": {"next_cursor": following(asked[-1])}})

    found = check(api)
    assert (found.status, found.reason, found.readings) == ("unreachable", "malformed", ())
    assert len(asked) == requests


NONSENSE: dict[str, Any] = {
    "HTML": b"<html>Please log in</html>",
    "nothing": b"",
    "half": b'{"items": [',
    "null": None,
    "text": "ok",
    "no items": {"stores": []},
    "items no list": {"items": {"id": "1"}},
    "paging no mapping": {"items": [], "paging": ["p1"]},
    "cursor no text": {"items": [], "paging": {"next_cursor": 5}},
    "an error with 200": {"code": "1001", "message": "wrong token"},
}


@pytest.mark.parametrize("content", NONSENSE.values(), ids=NONSENSE)
def test_nonsense_is_unreachable(content: Any) -> None:
    """A 200 that isn't what the API promises says nothing about the token."""
    found = check(answering(200, content))
    assert (found.status, found.reason) == ("unreachable", "malformed")


STATUSES = {
    400: ("unreachable", "unexpected_status"),
    401: ("offline", "unauthorized"),
    402: ("offline", "payment_required"),
    403: ("offline", "forbidden"),
    404: ("unreachable", "unexpected_status"),
    405: ("unreachable", "unexpected_status"),
    406: ("unreachable", "unexpected_status"),
    413: ("unreachable", "unexpected_status"),
    429: ("unreachable", "rate_limited"),
    500: ("unreachable", "server_error"),
    503: ("unreachable", "server_error"),
    302: ("unreachable", "redirect"),
    204: ("unreachable", "unexpected_status"),
}


@pytest.mark.parametrize(("status", "expected"), STATUSES.items())
@pytest.mark.parametrize("content", [b"", b"Forbidden", {"code": "x", "violations": []}], ids=str)
def test_a_status_tells_offline_from_unreachable(status: int, expected: Any, content: Any) -> None:
    """Only a refusal of the token is offline, with or without a body that can be read."""
    found = check(answering(status, content))
    assert (found.status, found.reason, found.readings) == (*expected, ())


def test_a_refusal_on_a_later_page_is_a_refusal() -> None:
    """A token that is revoked between two pages is offline, not half online."""

    def api(request: httpx.Request) -> httpx.Response:
        return httpx.Response(
            401 if request.url.query else 200, json={"items": [], "paging": {"next_cursor": "p1"}}
        )

    assert check(api).status == "offline"


SCHEMES = {
    "bearer": {"Authorization": f"Bearer {TOKEN}"},
    "x-authorization": {"X-Authorization": TOKEN},
}


@pytest.mark.parametrize(("authorization", "expected"), SCHEMES.items())
def test_the_token_goes_in_one_header(authorization: str, expected: dict[str, str]) -> None:
    """The token goes as Bearer, or raw in X-Authorization when so configured, and nowhere else."""
    seen: list[httpx.Request] = []

    def api(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"items": []})

    check(api, authorization=authorization)
    (request,) = seen
    told = {name.lower(): value for name, value in request.headers.items() if TOKEN in value}
    assert told == {name.lower(): value for name, value in expected.items()}
    assert (str(request.url), request.method) == ("https://api.evotor.ru/stores", "GET")
    assert request.headers["Accept"] == "application/vnd.evotor.v2+json"


NAMED = [{"id": str(number), "name": name} for number, name in enumerate(["Б", "А", "В", "Г", "Е", "Д", ""])]


def test_names_of_stores_are_shown_only_if_allowed() -> None:
    """Store names are the customer's: without the setting their number is all that is told."""
    api = answering(200, {"items": NAMED})
    assert check(api).details == ""
    assert check(api, store_names=True).details == "6, А, Б, В, Г, +2"
    assert check(answering(200, {"items": NAMED[:1]})).details == ""


def test_the_rate_limit_is_shown() -> None:
    """What the headers say of the limit becomes readings; what is no number does not."""
    headers = {"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "many"}
    found = check(answering(200, {"items": []}, **headers))
    assert values(found) == {"evotor_stores": 0, "connection_rate_limit_limit": 100}


@pytest.mark.parametrize("bad", [None, 5, "x", [], {}, {"id": ""}, {"id": 5}, {"name": "ohne"}], ids=str)
def test_one_bad_store_is_rejected_and_counted(bad: Any) -> None:
    """A row that is no store is left out, and the others are still read."""
    assert read_page({"items": [STORE, bad, LEGACY]}).rejected == 1
    assert len(read_page([STORE, bad, LEGACY]).names) == 2


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["id", "uuid", "name"]), inner)
    ),
)
page_like = st.fixed_dictionaries({"items": st.lists(json_values)}, optional={"paging": json_values})


@given(json_values | page_like)
def test_any_json_is_a_page_or_malformed(content: Any) -> None:
    """No JSON value makes the reader fail in another way than Malformed, and no row is lost uncounted."""
    with suppress(Malformed):
        page = read_page(content)
        rows = content if isinstance(content, list) else content["items"]
        assert len(page.names) + page.rejected == len(rows)
