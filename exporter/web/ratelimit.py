"""The section rate_limit: a token bucket for all requests together."""

import math
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator
from starlette.responses import PlainTextResponse, Response

from exporter.config import Strict, Words, parse_duration
from exporter.timing import steady


def _interval(raw: object) -> float:
    return 0.0 if raw in (0, "0") and raw is not False else parse_duration(raw)


class RateLimit(Strict):
    """`burst` requests at once, and then one in each `interval`, in seconds; 0 means no limit."""

    interval: Annotated[float, BeforeValidator(_interval), Words("duration")] = 0.0
    burst: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _lets_some_in(self) -> Self:
        if self.interval and not self.burst:
            raise ValueError("with a burst of 0 no request would ever be answered")
        return self


class Bucket:
    """How many requests may come at present."""

    def __init__(self, limit: RateLimit) -> None:
        self.limit = limit
        self._tokens = float(limit.burst)
        self._filled = steady()

    def renewed(self, limit: RateLimit) -> "Bucket":
        """Return itself when the limit is the same, else a new one."""
        return self if limit == self.limit else Bucket(limit)

    def refusal(self) -> Response | None:
        """Return the answer to who comes too often, None to who doesn't."""
        if not self.limit.interval or self._takes():
            return None
        wait = max(1, math.ceil(self.limit.interval))
        return PlainTextResponse("Too Many Requests\n", 429, {"Retry-After": str(wait)})

    def _takes(self) -> bool:
        now = steady()
        fresh = (now - self._filled) / self.limit.interval
        self._tokens, self._filled = min(float(self.limit.burst), self._tokens + fresh), now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
