"""Loopback in a container is warned about, and stops nothing."""

import os
from pathlib import Path
from typing import Any

import pytest

from exporter.sources import loopback
from exporter.sources.plan import plan


def said(**sections: Any) -> list[str]:
    return [str(warning) for warning in plan(sections).warnings]


def http(url: str) -> dict[str, str]:
    return {"id": "a", "kind": "http", "url": url, "connect_url": "http://localhost/connect"}


@pytest.fixture
def in_container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This is the first process of a container."""
    (tmp_path / ".containerenv").touch()
    monkeypatch.setattr(loopback, "_MARKS", (tmp_path / ".dockerenv", tmp_path / ".containerenv"))
    monkeypatch.setattr(os, "getpid", lambda: 1)


@pytest.mark.usefixtures("in_container")
@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "localhost", "[::1]"])
def test_the_containers_own_loopback_is_said(host: str) -> None:
    """Whoever writes it means the machine; links for people are not asked by the exporter."""
    address = f"http://{host}:8500"
    assert said(
        consul=[{"name": "a", "address": ["http://c:8500", address]}], connections=[http(address)]
    ) == [
        f"{place}: {address} is this container itself, unless it shares another's network; the machine that runs it"
        " is host.docker.internal"
        for place in ("consul[0].address", "connections[0].url")
    ]


@pytest.mark.usefixtures("in_container")
@pytest.mark.parametrize(
    "address", ["http://host.docker.internal:8500", "unix:///run/consul", "http://10.0.0.1"]
)
def test_other_addresses_are_fine_in_a_container(address: str) -> None:
    """Names, sockets and addresses of other machines lead out of the container."""
    assert said(consul=[{"name": "a", "address": address}]) == []


def test_loopback_is_fine_beside_other_processes(in_container: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside a container, or in one that runs more than the exporter, an agent may well be there."""
    monkeypatch.setattr(os, "getpid", lambda: 2)
    assert said(consul=[{"name": "a"}], connections=[http("http://127.0.0.1/")]) == []


def test_loopback_is_fine_in_a_pod(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its containers share it, and bear no mark."""
    monkeypatch.setattr(loopback, "_MARKS", ())
    monkeypatch.setattr(os, "getpid", lambda: 1)
    assert said(consul=[{"name": "a"}]) == []
