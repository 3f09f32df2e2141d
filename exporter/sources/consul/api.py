"""Ask one Consul cluster: addresses in order, the token, and how old an answer may be."""

import base64
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from pydantic import SecretStr

from exporter.client import Answer, HttpClient
from exporter.errors import (
    AclDenied,
    AclNotFound,
    ConnectFailed,
    Malformed,
    NameResolution,
    PollError,
    TimedOut,
    TlsFailed,
    TooLarge,
)
from exporter.jsontext import Text
from exporter.sources.consul.errors import error_of
from exporter.sources.consul.settings import Consul
from exporter.timing import deadline

_BEGINNING = re.compile(rb"\s*[\[{n]")
# All checks of a datacenter.
STATE = "/v1/health/state/any"
_PAGE = "a page of HTML instead of JSON: a proxy's login page, or Consul's user interface, is at this address"
# What another address of the same cluster would answer as well.
_SAME_EVERYWHERE = (AclDenied, AclNotFound, TooLarge)
# A query that waits is answered up to this part of its wait later, as Consul spreads them; then it waits for its leader
# this long, in seconds; and the answer has its way to go.
_JITTER = 1 / 16
_HOLD = 7.0
_MARGIN = 5.0
# Who doesn't answer says less than who answers that it can't.
_SILENT = (ConnectFailed, NameResolution, TimedOut, TlsFailed)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, parsed or as it came; `index` is Consul's, 0 when it sent none."""

    content: Any
    index: int
    filtered: bool


class ConsulApi:
    """GET requests to a cluster with the current `token`, `received` counts the bytes of answers; an address is kept while it answers, then the next one is tried."""

    def __init__(self, settings: Consul, clients: Mapping[str, HttpClient]) -> None:
        self.token = SecretStr("")
        self.received = 0
        self._settings = settings
        self._clients = clients
        self._current = 0
        self._patience = 0.8 * settings.timeout / len(settings.address)

    async def get(self, path: str, **params: str) -> Reply:
        """Return the first answer an address gives; raise the most specific error when none does."""
        return await self._first(path, params, _parsed)

    async def get_body(self, path: str, **params: str) -> Reply:
        """Do the same with the answer as it came, which looks like JSON."""
        return await self._first(path, params, _looked_at)

    async def watch(self, path: str, index: int, wait: float, **params: str) -> Reply:
        """Return the answer that the current address gives when something moves on from `index`, or after `wait` seconds."""
        waiting = {"index": str(index), "wait": f"{math.ceil(wait)}s"}
        query = {**params, **waiting, **self._scope(path), **self._consistency()}
        patience = wait * (1 + _JITTER) + _HOLD + _MARGIN
        address = self._settings.address[self._current]
        return await self._ask(address, f"{path}?{urlencode(query)}", self._headers(), _looked_at, patience)

    async def _first(self, path: str, params: Mapping[str, str], read: Callable[[Answer], Any]) -> Reply:
        target = f"{path}?{urlencode({**params, **self._scope(path), **self._consistency()})}"
        headers, first, errors = self._headers(), self._current, list[PollError]()
        for step in range(len(self._settings.address)):
            number = (first + step) % len(self._settings.address)
            try:
                reply = await self._ask(self._settings.address[number], target, headers, read)
            except PollError as error:
                errors.append(error.without_frames())
                if isinstance(error, _SAME_EVERYWHERE):
                    break
            else:
                self._current = number
                return reply
        raise _summed_up(errors)

    async def _ask(
        self,
        address: str,
        target: str,
        headers: Mapping[str, str],
        read: Callable[[Answer], Any],
        patience: float = 0.0,
    ) -> Reply:
        base = "http://localhost" if address.startswith("unix://") else address
        try:
            async with deadline(patience or self._patience, "no complete answer in time"):
                answer = await self._clients[address].get(
                    base + target, headers, max_body=self._settings.body_size_limit, once=patience > 0
                )
            self.received += answer.received
            if answer.status != 200:
                raise error_of(answer)
            content = read(answer)
        except PollError as error:
            raise placed(address, error) from None
        filtered = answer.headers.get("X-Consul-Results-Filtered-By-ACLs", "").lower() == "true"
        return Reply(content, _index(answer), filtered)

    def _scope(self, path: str) -> dict[str, str]:
        """Ask for one namespace and partition; of checks for all namespaces, as those of nodes are in the default one."""
        namespace = "*" if self._settings.namespace and path == STATE else self._settings.namespace
        scope = {"ns": namespace, "partition": self._settings.partition}
        return {name: value for name, value in scope.items() if value}

    def _consistency(self) -> dict[str, str]:
        """Let any server answer, but not from what it knew before it lost touch with its leader."""
        if not self._settings.allow_stale:
            return {}
        return {"stale": "", "max_stale": f"{math.ceil(self._settings.interval)}s"}

    def _headers(self) -> dict[str, str]:
        headers = {"Accept": "application/json"}
        if auth := self._settings.http_auth:
            encoded = base64.b64encode(auth.get_secret_value().encode()).decode()
            headers["Authorization"] = f"Basic {encoded}"
        if token := self.token.get_secret_value():
            headers["X-Consul-Token"] = token
        return headers


def _parsed(answer: Answer) -> Any:
    _looked_at(answer)
    return answer.json()


def _looked_at(answer: Answer) -> Text:
    """Return the body, unless it is a page of something in Consul's place; whether it is JSON shows when it is read."""
    if not _BEGINNING.match(answer.body):
        is_page = answer.body.lstrip().startswith(b"<")
        raise Malformed(_PAGE if is_page else "the body is not JSON")
    return answer.body


def _index(answer: Answer) -> int:
    text = answer.headers.get("X-Consul-Index", "")
    return int(text) if text.isdecimal() and text.isascii() else 0


def _summed_up(errors: list[PollError]) -> PollError:
    """Return the most specific error, with the words of all addresses."""
    answered = [error for error in errors if not isinstance(error, _SILENT)]
    definite = [error for error in answered if isinstance(error, _SAME_EVERYWHERE)]
    best = (definite or answered or errors[-1:])[0]
    return type(best)("; ".join(map(str, errors)))


def placed(place: str, error: PollError) -> PollError:
    """Return the same error, saying where."""
    return type(error)(f"{place}: {error}")
