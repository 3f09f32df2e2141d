"""Decoding by types finds what reading record by record finds, wherever the list is cut."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.errors import Malformed
from exporter.model import Check
from exporter.sources.consul import rows
from exporter.sources.consul.records import (
    Rejected,
    entries_of_nodes,
    key_of,
    read_checks,
    read_entries,
    read_nodes,
)
from exporter.sources.consul.rows import checks_in, entries_in, nodes_in
from tests.consul.test_records import check_rows, spoiled_rows
from tests.consul.test_records import json as any_json

Json = dict[str, Any]
# What looks like the end of a row, inside of one.
TRAPS = ['},{"Node":"x', '"},{"ID":"", "Node":"', "\\", '\\"},{"Node":"', "]", "}]"]
traps = st.sampled_from(TRAPS) | st.text(max_size=4)
check_lists = st.lists(
    st.builds(lambda row, output: row | {"Output": output}, check_rows() | spoiled_rows(), traps) | any_json
)
services = st.fixed_dictionaries(
    {"ID": traps | any_json, "Service": st.sampled_from(["web", "db"]) | traps},
    optional={
        "Port": st.integers(-1, 70_000) | any_json,
        "Address": st.sampled_from(["", "10.0.0.2"]) | any_json,
        "Tags": st.none() | st.lists(traps, max_size=3) | any_json,
        "Meta": st.none() | st.dictionaries(traps, traps, max_size=2) | any_json,
        "Kind": st.just("connect-proxy"),
    },
)
nodes = st.fixed_dictionaries(
    {"ID": st.just("") | traps, "Node": st.sampled_from(["n1", "N2"]) | traps | any_json},
    optional={
        "Address": st.just("10.0.0.1") | any_json,
        "Services": st.none() | st.lists(services, max_size=3) | any_json,
        "Checks": st.none() | st.lists(check_rows() | spoiled_rows(), max_size=3) | any_json,
        "PeerName": st.sampled_from(["", "far"]),
    },
)
node_lists = st.lists(nodes | any_json)


@pytest.fixture(autouse=True)
def _short_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut after every row, as a piece of a hundred thousand bytes would hold all that a test makes."""
    monkeypatch.setattr(rows, "_PIECE", 1)


def written(content: Any, *, pretty: bool = False) -> bytes:
    """As Consul writes it; in development it puts in line breaks."""
    return (json.dumps(content, indent=4) if pretty else json.dumps(content, separators=(",", ":"))).encode()


many = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@many
@given(content=check_lists, pretty=st.booleans())
def test_checks(content: list[Any], pretty: bool) -> None:
    """The same checks, the same owners of unreadable ones, and the same counts."""
    slow, fast = Rejected(), Rejected()
    expected = read_checks(content, slow)
    found = asyncio.run(checks_in(written(content, pretty=pretty), fast, {}))
    assert {key_of(check): check for check in found.readable} == {
        key_of(check): check for check in expected.readable
    }
    assert (found.unreadable, fast.counts) == (expected.unreadable, slow.counts)


@many
@given(content=node_lists, pretty=st.booleans())
def test_entries(content: list[Any], pretty: bool) -> None:
    """The same instances, and the same counts."""
    slow, fast = Rejected(), Rejected()
    expected = read_entries(entries_of_nodes(content), None, slow)
    assert asyncio.run(entries_in(written(content, pretty=pretty), fast)) == expected
    assert fast.counts == slow.counts


@many
@given(content=node_lists)
def test_nodes(content: list[Any]) -> None:
    """The same names."""
    assert asyncio.run(nodes_in(written(content), Rejected())) == read_nodes(content, Rejected())


def check(number: int, status: str = "passing", **more: Any) -> Json:
    row = {"Node": "n1", "CheckID": f"c{number}", "Name": "check", "Status": status}
    return row | {"ServiceID": f"web-{number}", "ServiceName": "web"} | more


def test_a_check_that_stays_is_the_same_object() -> None:
    """Only what has changed is made anew."""
    known = {
        key_of(c): c for c in asyncio.run(checks_in(written([check(1), check(2)]), Rejected(), {})).readable
    }
    found = asyncio.run(checks_in(written([check(1), check(2, "critical")]), Rejected(), known)).readable
    assert found[0] is known["n1", "web-1", "c1"]
    assert found[1] == Check("n1", "c2", "check", "critical", "web-2", "web")


def test_one_odd_row_costs_its_piece_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that fit their type are never read record by record, whatever stands beside them."""
    read: list[Any] = []

    def careful(content: Any, rejected: Rejected, namespace: str) -> Any:
        read.extend(content)
        return read_checks(content, rejected, namespace)

    monkeypatch.setattr(rows, "read_checks", careful)
    odd = check(2, "odd")
    asyncio.run(checks_in(written([check(1), odd, check(3)]), Rejected(), {}))
    assert read == [odd]


@pytest.mark.parametrize("body", [b"", b"[", b"[1", b'[{"Node":"n1"},]', b"<html>", b"[" * 10_000, b"\xff"])
def test_what_is_not_json(body: bytes) -> None:
    """Nothing but Malformed is raised."""
    with pytest.raises(Malformed):
        asyncio.run(checks_in(body, Rejected(), {}))


@pytest.mark.parametrize("body", [b"null", b"[]", b" [ ] \n"])
def test_empty_lists(body: bytes) -> None:
    """All ways in which Go writes an empty list."""
    assert asyncio.run(checks_in(body, Rejected(), {})).readable == ()
    assert asyncio.run(entries_in(body, Rejected())) == ()
