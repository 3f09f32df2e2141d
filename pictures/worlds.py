"""What to draw: the dashboards, from the demo's world or from one at the edges, where pages break."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product

from exporter.demo.effects import UNAUTHORIZED, UNAVAILABLE, CheckIs, Maintenance, NoToken
from exporter.demo.incidents import endless_script
from exporter.demo.script import Connection, Episode, Instance, Node, fixed
from exporter.demo.shop import demo_world
from exporter.demo.world import World
from pictures.drawing import Page, Theme, View
from pictures.packages import HERE
from pictures.stage import NOW

_NODES = tuple(Node(f"app-{n}", f"10.0.0.{n}") for n in range(1, 11))
_HOUR = 3600.0
_DASHBOARDS = HERE.parent / "grafana" / "dashboards"
_ODD_NAMES = (
    "a/b/c",
    "a?b=c&d#e",
    'say "hello"',
    "it's & that's",
    "back\\slash",
    "50%",
    "${service} $1",
    "x|y.*(z)[w]",
    "a`b{c}",
    "<b>bold</b>",
    "Приём платежей № 1",
    "支付-サービス",
    "service-with-a-name-that-is-much-longer-than-anybody-has-thought-of",
)
_ODD_TAGS = ("prod", "a/b", 'q"uote', "R&D", "<i>", "тест", "with space")


def _empty() -> World:
    return World(more_nodes=_NODES[:1])


def _one() -> World:
    return World((Instance("web", _NODES[0], "web-1", port=80, tags=("prod",)),))


def _odd() -> World:
    instances = tuple(
        Instance(name, _NODES[n % 3], name, port=8000 + n, tags=_ODD_TAGS[: n % len(_ODD_TAGS) + 1])
        for n, name in enumerate(_ODD_NAMES)
    )
    connections = (
        Connection("a-b.c_d", "evotor", "t1", "Кафе «У дома» & Ко", ("Зал", "Бар & кухня", '"Летник"')),
        Connection("quote", "http", "t2", '<b>it\'s</b> \\ "all" | $1 ${kind}'),
        Connection(
            "long", "http", "t3", "Connection with a name that is much longer than anybody has thought of"
        ),
        Connection("none", "evotor", "t4", "Без токена / no token"),
    )
    return World(instances, connections, fixed(*_troubles(instances, connections)))


def _troubles(instances: tuple[Instance, ...], connections: tuple[Connection, ...]) -> Iterator[Episode]:
    yield Episode(instances[0], NOW - _HOUR, NOW + _HOUR, CheckIs("critical"))
    yield Episode(instances[2], NOW - 9 * _HOUR, NOW - 8 * _HOUR, CheckIs("critical"))
    yield Episode(instances[3], NOW - 2 * _HOUR, NOW + _HOUR, CheckIs("warning"))
    yield Episode(instances[4], NOW - 3 * _HOUR, NOW + _HOUR, Maintenance())
    yield Episode(connections[0], NOW - 5 * _HOUR, NOW + _HOUR, UNAUTHORIZED)
    yield Episode(connections[1], NOW - _HOUR, NOW + _HOUR, UNAVAILABLE)
    yield Episode(connections[3], NOW - 20 * _HOUR, NOW + _HOUR, NoToken())


def _many() -> World:
    instances = tuple(
        Instance(
            f"service-{n:04}", _NODES[n % 10], f"service-{n:04}-1", port=8000, tags=("prod", f"team-{n % 7}")
        )
        for n in range(1000)
    )
    connections = tuple(Connection(f"till-{n:03}", "evotor", f"t{n}", f"Магазин № {n}") for n in range(200))
    return World(instances, connections, endless_script(1, instances, connections))


WORLDS: Mapping[str, Callable[[], World]] = {
    "demo": demo_world,
    "empty": _empty,
    "one": _one,
    "odd": _odd,
    "many": _many,
}
EXPORTERS = {"odd": 2}
"""In how many exporters' eyes, where not in one's."""
_CHOSEN: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "demo": {"service": {"service": "auth"}},  # it has had trouble in the day that is drawn
    "odd": {"service": {"service": "a/b/c"}},
}
"""What is chosen on a dashboard, by world."""


def dashboard_pages(themes: Sequence[Theme], widths: Sequence[int], world: str) -> list[Page]:
    """Every provisioned dashboard in every language, theme and width, with what suits the world chosen on it."""
    made = [
        (file.parent.name, json.loads(file.read_text("utf-8")))
        for file in sorted(_DASHBOARDS.glob("*/*.json"))
    ]
    chosen = _CHOSEN.get(world, {})
    return [
        Page(dashboard["uid"], View(language, theme, width), dashboard, chosen.get(dashboard["uid"], {}))
        for language, dashboard in made
        for theme, width in product(themes, widths)
    ]
