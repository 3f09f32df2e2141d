"""The demo's world: the services of a shop that takes payments, and its customers' tills."""

from collections.abc import Iterator
from random import Random

from exporter.demo.incidents import endless_script
from exporter.demo.script import Connection, Instance, Node
from exporter.demo.world import World

_SERVICES = """
api-gateway       8080 3 edge,public      edge-proxy        443  2 edge,public
storefront        3000 3 web,public       storefront-admin  3001 1 web
mobile-bff        8081 2 edge             auth              8090 3 core
user-profile      8091 2 core             catalog           8100 3 shop
search            8101 2 shop             recommendations   8102 2 shop,ml
cart              8103 2 shop             checkout          8104 3 shop
orders            8105 2 shop             pricing           8106 2 shop
promotions        8107 1 shop             inventory         8108 2 shop
delivery          8109 1 shop             returns           8110 1 shop
payments-api      8200 3 payments,pci     payments-worker   8201 2 payments,pci
card-vault        8202 2 payments,pci     fraud-scoring     8203 2 payments,ml
ledger            8204 2 payments         wallet            8205 1 payments
loyalty           8206 1 shop             fiscal-receipts   8207 2 fiscal
evotor-sync       8208 1 fiscal           invoice-pdf       8209 1 fiscal
notifications     8300 2 messaging        email-sender      8301 1 messaging
sms-gateway       8302 1 messaging        webhooks          8303 1 messaging
feature-flags     8500 1 core             promo-landing     3010 1 campaign
ab-checkout       8150 2 campaign         reports           8400 1 batch
settlement-cron   0    1 batch            image-resizer     8402 2 batch
postgres-main     5432 2 data             postgres-billing  5432 1 external
redis-cache       6379 2 data             kafka             9092 3 data
consul            8300 3 server
"""
_NODES = {
    "app": tuple(Node(f"app-{n}", f"10.20.0.{10 + n}") for n in range(1, 7)),
    "batch": tuple(Node(f"batch-{n}", f"10.20.0.{20 + n}") for n in range(1, 3)),
    "data": tuple(Node(f"data-{n}", f"10.20.0.{30 + n}") for n in range(1, 4)),
    "server": tuple(Node(f"consul-{n}", f"10.20.0.{40 + n}") for n in range(1, 4)),
    "external": (Node("managed-db", "10.20.9.9", serf=False),),
}
_CHECKS = {"data": ("TCP",), "external": (), "server": ()}
_CONNECTIONS = (
    ("evotor-lenina", "evotor", "Эвотор, ул. Ленина", ("Магазин на Ленина",)),
    ("evotor-mira", "evotor", "Эвотор, пр. Мира", ("Кофейня", "Пекарня")),
    ("evotor-vokzal", "evotor", "Эвотор, Вокзал", ("Киоск № 1", "Киоск № 2", "Киоск № 3")),
    ("evotor-rynok", "evotor", "Эвотор, Центральный рынок", ("Овощи и фрукты",)),
    ("evotor-sadovaya", "evotor", "Эвотор, ул. Садовая", ("Цветы",)),
    ("evotor-naberezhnaya", "evotor", "Эвотор, Набережная", ("Летнее кафе",)),
    ("bank-exchange", "http", "Банк: обмен выписками", ()),
    ("sms-provider", "http", "СМС-шлюз", ()),
)


def demo_world(seed: int = 1) -> World:
    """Make the demo's world; the seed decides who has which trouble when."""
    instances, connections = tuple(_instances()), tuple(_connections(seed))
    return World(instances, connections, endless_script(seed, instances, connections))


def _instances() -> Iterator[Instance]:
    words = _SERVICES.split()
    for line, (name, port, count, tags) in enumerate(zip(*[iter(words)] * 4, strict=True)):
        place = tags if tags in _NODES else "app"
        for n in range(int(count)):
            yield Instance(
                name,
                _NODES[place][(line + n) % len(_NODES[place])],
                f"{name}-{n + 1}",
                "2001:db8:20::17" if (name, n) == ("edge-proxy", 0) else "",
                int(port),
                (*tags.split(","), "prod"),
                (("team", tags.split(",")[0]), ("version", f"2.{line}.{n}")),
                _CHECKS.get(place, ("HTTP", "Latency") if line % 3 == 0 else ("HTTP",)),
            )


def _connections(seed: int) -> Iterator[Connection]:
    for connection_id, kind, name, stores in _CONNECTIONS:
        token = f"demo-{Random(f'{seed}/{connection_id}').getrandbits(64):016x}"  # noqa: S311 -- nothing secret
        yield Connection(connection_id, kind, token, name, stores)
