"""A simulator that speaks Evotor's HTTP API, and a plain one for connections of kind http, about a world.

Endpoints: /stores (v2, in pages), /api/v1/inventories/stores/search (v1), /ping/<connection id>, /health.
"""

import base64
import json
import uuid
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from exporter.demo.effects import UNAUTHORIZED, Broken, FixedAnswer
from exporter.demo.faults import spoiled
from exporter.demo.script import EVOTOR
from exporter.demo.states import ConnectionTruth
from exporter.demo.world import World

Clock = Callable[[], float]
_V2 = "application/vnd.evotor.v2+json"
_MEDIA_TYPES = (_V2, "application/json", "application/*", "*/*")


def evotor_app(
    world: World, clock: Clock, *, page_size: int = 1000, limit: int = 600, window: float = 600.0
) -> ASGIApp:
    """Make a simulator; each token may ask `limit` times in each `window` of seconds."""
    simulator = _Simulator(world, clock, page_size, limit, window)
    routes = [
        Route("/stores", simulator.stores),
        Route("/api/v1/inventories/stores/search", simulator.stores_v1),
        Route("/ping/{connection:path}", simulator.ping),
        Route("/health", simulator.health),
    ]
    return Starlette(routes=routes)


def _token(request: Request) -> str:
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    return bearer.strip() if scheme.lower() == "bearer" else request.headers.get("x-authorization", "")


def _presented(request: Request) -> set[str]:
    """Return everything that may be a secret: whole headers, what follows a scheme, a basic password."""
    values = set(request.headers.values())
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        credentials = base64.b64decode(credentials + "==").decode(errors="replace").partition(":")[2]
    return values | {credentials, ""}


def _accepts(request: Request) -> bool:
    wanted = request.headers.get("accept", "*/*").split(",")
    return any(media.partition(";")[0].strip().lower() in _MEDIA_TYPES for media in wanted)


def _store(state: ConnectionTruth, number: int) -> dict[str, str]:
    digits = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{state.connection.id}/{number}")).upper()
    return {
        "id": f"20170228-{digits[9:]}",
        "name": state.connection.stores[number],
        "address": f"Россия, г. Москва, ул. Ленина, {number + 1}",
        "user_id": f"01-{number:015d}",
        "created_at": "2018-04-17T10:11:49.393+0000",
        "updated_at": "2018-07-16T16:00:10.663+0000",
    }


def _stores(state: ConnectionTruth) -> list[dict[str, str]]:
    return [_store(state, number) for number in range(len(state.connection.stores))]


def _cursor(offset: int) -> str:
    return base64.urlsafe_b64encode(f"after:{offset}".encode()).decode()


def _offset(cursor: str) -> int:
    """Return where the page starts, or raise ValueError for a cursor that is none of ours."""
    return int(base64.urlsafe_b64decode(cursor).decode().removeprefix("after:")) if cursor else 0


class _Simulator:
    """The endpoints, and what they remember: how often each token asked in the current window."""

    def __init__(self, world: World, clock: Clock, page_size: int, limit: int, window: float) -> None:
        self._world = world
        self._clock = clock
        self._page_size = page_size
        self._limit = limit
        self._window = window
        self._asked: dict[str, tuple[float, int]] = {}

    async def stores(self, request: Request) -> Response:
        state = self._admitted(request, _token(request))
        if isinstance(state, Response):
            return state
        try:
            start = _offset(request.query_params.get("cursor", ""))
        except ValueError:
            violation = {"reason": "unknown cursor", "subject": "cursor"}
            body = {"code": "bad_request", "message": "Bad request", "violations": [violation]}
            return JSONResponse(body, 400)
        return self._answer(state, self._page(_stores(state), start), f"{_V2};charset=UTF-8")

    async def stores_v1(self, request: Request) -> Response:
        state = self._admitted(request, request.headers.get("x-authorization", ""))
        if isinstance(state, Response):
            return state
        items = [{"uuid": s["id"], "name": s["name"], "address": None, "code": None} for s in _stores(state)]
        return self._answer(state, items, "application/json;charset=UTF-8")

    async def ping(self, request: Request) -> Response:
        wanted = request.path_params["connection"]
        states = self._world.connections(self._clock())
        state = next((s for s in states if s.connection.id == wanted), None)
        if state is None:
            return Response(status_code=404)
        if isinstance(state.fault, FixedAnswer | Broken):
            return spoiled(state.fault)
        if state.token not in _presented(request):
            return spoiled(UNAUTHORIZED)
        return JSONResponse({"connection": wanted, "answer": "pong"})

    async def health(self, request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    def _admitted(self, request: Request, token: str) -> ConnectionTruth | Response:
        """Return whose token this is, or the answer that comes instead: a fault, a refusal, the limit."""
        state = self._owner(token)
        fault = state.fault if state else self._world.fault(EVOTOR, self._clock())
        if isinstance(fault, FixedAnswer | Broken):
            return spoiled(fault, json.dumps({"items": _stores(state) if state else []}).encode())
        if state is None:
            return spoiled(UNAUTHORIZED)
        if not _accepts(request):
            return Response(status_code=406)
        if not self._count(state):
            return Response(status_code=429, headers={"X-RateLimit-Reset": str(self._seconds_left())})
        return state

    def _owner(self, token: str) -> ConnectionTruth | None:
        states = self._world.connections(self._clock())
        return next((s for s in states if token and s.connection.kind == "evotor" and s.token == token), None)

    def _count(self, state: ConnectionTruth) -> bool:
        """Count one request of the token, and tell whether the limit still allows it."""
        started = self._clock() // self._window * self._window
        since, asked = self._asked.get(state.connection.id, (started, 0))
        asked = asked + 1 if since == started else 1
        self._asked[state.connection.id] = (started, asked)
        return asked <= self._limit

    def _seconds_left(self) -> int:
        return int(self._window - self._clock() % self._window) + 1

    def _page(self, items: list[dict[str, str]], start: int) -> dict[str, object]:
        end = start + self._page_size
        paging = {"next_cursor": _cursor(end)} if end < len(items) else {}
        return {"items": items[start:end], "paging": paging}

    def _answer(self, state: ConnectionTruth, body: object, media_type: str) -> Response:
        left = self._limit - self._asked[state.connection.id][1]
        headers = {
            "X-RateLimit-Limit": str(self._limit),
            "X-RateLimit-Remaining": str(left if state.rate_remaining is None else state.rate_remaining),
            "X-RateLimit-Reset": str(self._seconds_left()),
        }
        content = json.dumps(body, ensure_ascii=False).encode()
        return Response(content, headers=headers, media_type=media_type)
