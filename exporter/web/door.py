"""Who is let in: a bounded number of connections, shared so that a scraper always finds room."""

import asyncio
import errno
import socket
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress

from exporter.logs import Log
from exporter.timing import steady
from exporter.web.connection import Connection

# The machine can't give us another socket now.
_EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
# How long to wait, in seconds, before we try again.
_REST = 0.05
# Nobody is sent away before so many seconds: who has just come is about to ask.
_GRACE = 0.1

MakeConnection = Callable[[str, Callable[[Connection], None]], Connection]
TlsContext = Callable[[], Awaitable[ssl.SSLContext | None]]


class _Guest:
    """A connection from before its handshake on."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.greeting: asyncio.Task[None] | None = None
        self._came = steady()

    @property
    def waiting_since(self) -> float | None:
        return self._came if self.greeting else self.connection.waiting_since

    def hang_up(self) -> None:
        if self.greeting:
            self.greeting.cancel()
        else:
            self.connection.hang_up()


class Door:
    """Accepts connections, at most `most` at a time.

    Who comes when all are taken gets the place of another: of the address that has most connections, the one
    that keeps us waiting longest. While we work on all of them, nobody else is accepted.
    """

    def __init__(self, make: MakeConnection, context: TlsContext, most: int, handshake: float) -> None:
        self._make = make
        self._context = context
        self._most = most
        self._handshake = handshake
        self._guests: dict[str, dict[Connection, _Guest]] = {}
        self._number = 0
        self._left = asyncio.Event()
        self._log = Log("web")

    async def stand_open(self, listener: socket.socket) -> None:
        """Accept whoever comes, for ever."""
        loop = asyncio.get_running_loop()
        listener.setblocking(False)
        while True:
            await self._until_room()
            try:
                client, address = await loop.sock_accept(listener)
            except OSError as error:
                await self._not_accepted(error)
            else:
                self._admit(client, str(address[0]))
            await asyncio.sleep(0)  # However many come, others have their turn.

    async def _until_room(self) -> None:
        while self._number >= self._most:
            self._left.clear()
            self._send_one_away()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._left.wait(), _REST)

    async def _not_accepted(self, error: OSError) -> None:
        if error.errno in _EXHAUSTED:
            self._log.warning("no connection can be accepted", error=error.strerror)
            self._send_one_away()
            await asyncio.sleep(_REST)

    def _send_one_away(self) -> None:
        for guests in sorted(self._guests.values(), key=len, reverse=True):
            waiting = {
                since: guest for guest in guests.values() if (since := guest.waiting_since) is not None
            }
            if waiting:
                longest = min(waiting)
                if steady() - longest > _GRACE:
                    waiting[longest].hang_up()
                return

    def _admit(self, client: socket.socket, address: str) -> None:
        guest = _Guest(self._make(address, self._goodbye))
        self._guests.setdefault(address, {})[guest.connection] = guest
        self._number += 1
        guest.greeting = asyncio.create_task(self._greet(guest, client))

    async def _greet(self, guest: _Guest, client: socket.socket) -> None:
        """Shake hands; who can't, leaves."""
        try:
            async with asyncio.timeout(self._handshake):
                context = await self._context()
                await asyncio.get_running_loop().connect_accepted_socket(
                    lambda: guest.connection,
                    client,
                    ssl=context,
                    ssl_handshake_timeout=self._handshake if context else None,
                    ssl_shutdown_timeout=1.0 if context else None,
                )
        except (OSError, asyncio.CancelledError):
            self._turn_away(guest, client)
        except Exception as error:
            self._log.defect("connection ended by a defect", error)
            self._turn_away(guest, client)
        finally:
            guest.greeting = None

    def _turn_away(self, guest: _Guest, client: socket.socket) -> None:
        client.close()
        self._goodbye(guest.connection)

    def _goodbye(self, connection: Connection) -> None:
        guests = self._guests.get(connection.address, {})
        if guests.pop(connection, None):
            self._number -= 1
            self._left.set()
        if not guests:
            self._guests.pop(connection.address, None)

    def close(self) -> None:
        """Hang up on everybody."""
        for guest in [guest for guests in self._guests.values() for guest in guests.values()]:
            guest.hang_up()
