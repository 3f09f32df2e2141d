"""Answers that break do so on the wire as a client of a real server would see it."""

import httpx
import pytest

from exporter.demo.consul_simulator import consul_app
from exporter.demo.effects import DRIP, DROPPED, FLOOD, HANG, Fault
from exporter.demo.script import CONSUL, Episode, Instance, Node, fixed
from exporter.demo.world import World
from tests.demo.serving import serving

PATH = "/v1/health/state/any"


def broken(fault: Fault) -> World:
    return World((Instance("web", Node("n1")),), (), fixed(Episode(CONSUL, 0, 1, fault)))


def test_a_hanging_server_accepts_and_never_answers() -> None:
    """The connection stands, the answer does not come, and the server goes on for others."""
    now = 0.0
    with serving(consul_app(broken(HANG), lambda: now)) as url:
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(url + PATH, timeout=0.3)
        now = 1.0
        assert httpx.get(url + PATH).status_code == 200


def test_a_dropped_answer_ends_before_its_promised_length() -> None:
    """Headers and a beginning come, then the connection is closed."""
    with serving(consul_app(broken(DROPPED), lambda: 0)) as url, pytest.raises(httpx.RemoteProtocolError):
        httpx.get(url + PATH)


@pytest.mark.parametrize(("fault", "at_least"), [(DRIP, 2), (FLOOD, 5_000_000)])
def test_an_endless_answer_comes_in_drops_or_floods(fault: Fault, at_least: int) -> None:
    """It goes on for as long as one reads, a byte at a time or by the megabyte."""
    received = 0
    with (
        serving(consul_app(broken(fault), lambda: 0)) as url,
        httpx.stream("GET", url + PATH) as answer,
    ):
        assert answer.status_code == 200
        for part in answer.iter_raw():
            assert fault is FLOOD or len(part) == 1
            received += len(part)
            if received >= at_least:
                break
    assert received >= at_least
