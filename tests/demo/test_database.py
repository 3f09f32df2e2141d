"""The made-up shop's database: the exporter reads from it who is connected, with which token."""

import asyncio
from pathlib import Path

from exporter.config import Origin
from exporter.demo.database import shop_database, write_shop
from exporter.demo.settings import settings
from exporter.demo.shop import demo_world
from exporter.sources.clients import ClientPool
from exporter.sources.plan import plan
from exporter.sources.providers import PlannedProvider

NOON = 1_760_000_000.0


def test_the_exporter_reads_what_the_world_says(tmp_path: Path) -> None:
    """At each moment of a day the list holds every Evotor account of the world, with the token that it has then."""
    world, tokens = demo_world(), tmp_path / "tokens"
    file = shop_database(tokens)
    planned = plan(settings(world, "http://consul", "http://evotor", tokens, file), Origin())
    (provider,) = (each for each in planned.sources if isinstance(each, PlannedProvider))
    source = provider.make(ClientPool().lease())
    seen = set()
    for hour in range(24):
        at = NOON + hour * 3600
        write_shop(world, file, at)
        found = asyncio.run(source.poll(source.token.written())).sources
        told = {each.id.name: each.settings.secret().written() for each in found}
        true = {
            s.connection.id: s.token or "" for s in world.connections(at) if s.connection.kind == "evotor"
        }

        assert told == true
        seen.add(tuple(sorted(told.items())))

    assert file.stat().st_mode & 0o077 == 0
    assert len(seen) > 1
