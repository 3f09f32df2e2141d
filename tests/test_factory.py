"""Sources made of plans, and what they share."""

import asyncio
from pathlib import Path
from typing import Any

import trustme

from exporter.sources.contract import PlannedSource
from exporter.sources.factory import SourceFactory
from exporter.sources.plan import plan
from exporter.state import SourceId

A, B = SourceId("evotor", "a"), SourceId("evotor", "b")


def planned(
    a: dict[str, Any] | None = None, b: dict[str, Any] | None = None, **top: Any
) -> tuple[PlannedSource, ...]:
    connections = [
        {"id": id_, "kind": "evotor", "token": "t", **(more or {})} for id_, more in (("a", a), ("b", b))
    ]
    return plan({"connections": connections, **top}).sources


def test_only_what_changed_is_made_anew() -> None:
    """A source whose settings stayed is the same object; one whose settings changed is another."""
    factory = SourceFactory()
    first = factory.sources(planned())
    second = factory.sources(planned(b={"name": "B"}))

    assert second[A] is first[A]
    assert second[B] is not first[B]


def test_another_concurrency_makes_all_anew() -> None:
    """The bound of requests is part of every source."""
    factory = SourceFactory()

    assert factory.sources(planned())[A] is not factory.sources(planned(connection_concurrency=5))[A]


def test_a_replaced_certificate_makes_its_users_anew(tmp_path: Path) -> None:
    """After a reload a source uses the certificate that lies on disk now; others are left alone."""
    ca = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(ca))
    wanted = planned(a={"tls": {"ca_file": str(ca)}})
    factory = SourceFactory()
    first = factory.sources(wanted)
    ca.unlink()
    trustme.CA().cert_pem.write_to_path(str(ca))
    second = factory.sources(wanted)

    assert second[A] is not first[A]
    assert second[B] is first[B]


def test_clients_are_shared_and_closed_when_unused(tmp_path: Path) -> None:
    """Connections that trust alike share a client; one that no source uses any more is closed, the others not."""
    factory = SourceFactory()
    cluster = {"name": "c", "address": ["unix:///run/a.sock", "http://c"]}

    async def play() -> list[int]:
        counts = []
        for wanted in (
            planned(),
            planned(b={"tls": {"server_name": "x"}}, consul=[cluster]),
            planned(),
        ):
            factory.sources(wanted)
            await factory.close_unused()
            counts.append(len(factory._clients._clients))
        await factory.close()
        return counts

    assert asyncio.run(play()) == [1, 3, 1]
