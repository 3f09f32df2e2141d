"""The ASGI application: what is served under which path."""

import asyncio
from typing import Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from exporter.errors import ConfigError
from exporter.exposition.text import Rendered
from exporter.state import Snapshot
from exporter.web.origins import refusal_of_foreign
from exporter.web.own_metrics import OwnMetrics, negotiate
from exporter.web.page import page, script_hash
from exporter.web.pieces import Pieces
from exporter.web.words import preferred

_LONGEST_SEARCH = 200
# The page needs nothing from elsewhere and runs no script but its own.
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src '{}'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_PAGE_HEADERS = {
    "Content-Security-Policy": _POLICY.format(script_hash()),
    "Vary": "Accept-Language",
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: with it browsers hide the origin also from us, when the page's own buttons are pressed.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Served(Protocol):
    """What the web server shows and may ask for."""

    @property
    def rendered(self) -> Rendered:
        """The current text of /metrics."""

    @property
    def snapshot(self) -> Snapshot:
        """What is known at present."""

    @property
    def ready(self) -> bool:
        """Whether the first round of polls is over."""

    async def reload(self) -> None:
        """Read the configuration again; ConfigError when the old one stays in force."""

    def poll_now(self, name: str | None = None) -> int:
        """Poll the sources of this name at once, or all; return how many there are."""


class Endpoints:
    """The handlers of the paths."""

    def __init__(self, served: Served, own: OwnMetrics, metrics_path: str, lifecycle: bool) -> None:
        self._served = served
        self._lifecycle = lifecycle
        self._own = own
        self._metrics_path = metrics_path

    async def metrics(self, request: Request) -> Response:
        """Send the rendered text with the exporter's own samples behind it."""
        accept = request.headers.get("Accept", "")
        format_, content_type = negotiate(accept)
        body, tail = self._served.rendered.bodies[format_], self._own.text(accept)
        headers = {"Content-Type": content_type, "Vary": "Accept, Accept-Encoding"}
        if not _accepts_gzip(request.headers.get("Accept-Encoding", "")):
            return Pieces(body.plain(tail), headers)
        return Pieces(body.packed(tail), {**headers, "Content-Encoding": "gzip"})

    async def landing(self, request: Request) -> Response:
        """Show the present status of everything."""
        # Beside the event loop, which has polls and scrapes to serve while thousands of rows are sorted.
        words = preferred(request.headers.get("Accept-Language", ""))
        search = request.query_params.get("q", "")[:_LONGEST_SEARCH]
        served = self._served.snapshot, self._metrics_path, self._lifecycle
        html = await asyncio.to_thread(page, *served, words, search)
        return HTMLResponse(html, headers={**_PAGE_HEADERS, "Content-Language": words.code})

    async def healthy(self, request: Request) -> Response:
        """Say that the process answers."""
        return PlainTextResponse("status-exporter is healthy.\n")

    async def ready(self, request: Request) -> Response:
        """Say whether /metrics already tells the truth about the sources."""
        if self._served.ready:
            return PlainTextResponse("status-exporter is ready.\n")
        return PlainTextResponse("The first polls are still under way.\n", 503)

    async def reload(self, request: Request) -> Response:
        """Read the configuration again."""
        if refused := refusal_of_foreign(request):
            return refused
        try:
            await self._served.reload()
        except ConfigError as error:
            return PlainTextResponse(f"The old configuration stays in force:\n{error}\n", 500)
        return PlainTextResponse("The configuration was loaded.\n")

    async def poll(self, request: Request) -> Response:
        """Poll the source named in the query at once, or all; a browser is sent back to the page."""
        if refused := refusal_of_foreign(request):
            return refused
        name = request.query_params.get("source")
        number = self._served.poll_now(name)
        if not number and name is not None:
            return PlainTextResponse("No source has this name.\n", 404)
        if "text/html" in request.headers.get("Accept", ""):
            return RedirectResponse("/", 303)
        return PlainTextResponse(f"Sources polled now: {number}.\n")


def web_app(served: Served, own: OwnMetrics, metrics_path: str, lifecycle: bool) -> Starlette:
    """Return the application; without `lifecycle` nobody can reload or poll over HTTP."""
    endpoints = Endpoints(served, own, metrics_path, lifecycle)
    routes = [
        Route(metrics_path, endpoints.metrics),
        Route("/-/healthy", endpoints.healthy),
        Route("/-/ready", endpoints.ready),
        Route("/-/reload", endpoints.reload if lifecycle else _no_lifecycle, methods=["POST", "PUT"]),
        Route("/-/poll", endpoints.poll if lifecycle else _no_lifecycle, methods=["POST", "PUT"]),
    ]
    if metrics_path != "/":
        routes.append(Route("/", endpoints.landing))
    app = Starlette(routes=routes)
    # A redirect from /metrics/ would lead to whatever host the request names.
    app.router.redirect_slashes = False
    return app


async def _no_lifecycle(request: Request) -> Response:
    return PlainTextResponse(
        "Reloading and polling over HTTP are off; start with --web.enable-lifecycle.\n", 403
    )


def _accepts_gzip(accept_encoding: str) -> bool:
    for part in accept_encoding.split(","):
        coding, _, quality = part.partition(";")
        if coding.strip().lower() in ("gzip", "*"):
            return quality.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
