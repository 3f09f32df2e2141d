"""One client's connection to our server, with limits to how long it may keep us waiting."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from uvicorn import Config
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle
from uvicorn.server import ServerState

from exporter.timing import steady


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a client may take, in seconds.

    `read` bounds the TLS handshake, the headers, the rest of a body, and the wait for another request, each;
    `write` bounds an answer, from the request to its last byte.
    """

    read: float = 10.0
    write: float = 60.0


class Connection(H11Protocol):
    """Hangs up on a client that sends no whole request in time, or doesn't take the answer.

    A turn's limit is not prolonged by single bytes. `waiting_since` (steady clock) is None while it is our turn.
    """

    def __init__(
        self,
        config: Config,
        state: ServerState,
        address: str,
        patience: Patience,
        left: Callable[["Connection"], None],
    ) -> None:
        super().__init__(config, state, {})
        self.address = address
        self.waiting_since: float | None = None
        self._patience = patience
        self._left = left
        self._answering: RequestResponseCycle | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._begin_turn()

    def data_received(self, data: bytes) -> None:
        """Take part of a request, or several."""
        super().data_received(data)
        self._look_whose_turn()

    def on_response_complete(self) -> None:
        """Begin to wait for the next request, or answer one that is there already."""
        super().on_response_complete()
        self._look_whose_turn()

    def pause_writing(self) -> None:
        """Note that the client takes less than we have to send."""
        super().pause_writing()
        self.waiting_since = steady()

    def resume_writing(self) -> None:
        """Note that the client took what we had sent."""
        super().resume_writing()
        self.waiting_since = None if self._answering else self.waiting_since

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the client."""
        super().connection_lost(exc)
        if self._timer:
            self._timer.cancel()
        self._left(self)

    def hang_up(self) -> None:
        """End the connection at once; what the client has not taken is lost."""
        self.transport.abort()

    def _look_whose_turn(self) -> None:
        answering = self.cycle if self.cycle and not self.cycle.response_complete else None
        if answering is not self._answering:
            self._answering = answering
            self._begin_turn()

    def _begin_turn(self) -> None:
        if self._timer:
            self._timer.cancel()
        self.waiting_since = None if self._answering else steady()
        seconds = self._patience.write if self._answering else self._patience.read
        self._timer = self.loop.call_later(seconds, self.hang_up)
