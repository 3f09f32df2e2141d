"""Whether a browser sends a request for a page of another site, which may show what it likes and ask for anything."""

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

# What browsers say of a request that our own page made, or that a person typed.
_OWN = ("same-origin", "none")


def is_foreign(headers: Headers) -> bool:
    """Tell it by Sec-Fetch-Site, which is sent over HTTPS and loopback only, or else by Origin; programs send neither."""
    site = headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in _OWN
    origin = headers.get("Origin")
    return origin is not None and origin.partition("://")[2].lower() != headers.get("Host", "").lower()


def refusal_of_foreign(request: Request) -> Response | None:
    """Return the answer to a request that another site made a browser send; None when it is none."""
    if is_foreign(request.headers):
        return PlainTextResponse("A page of another site may not ask for this.\n", 403)
    return None
