"""A plain HTTP client for talking to real components: neither our own nor one that tests replace."""

import json
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any
from urllib.error import HTTPError

TIMEOUT = 30  # seconds; a real component on this machine answers at once or is broken

_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Answer:
    """An HTTP answer of any status."""

    status: int
    headers: "Message[str, str]"
    text: str

    def json(self) -> Any:
        return json.loads(self.text)

    def expect(self, status: int = 200) -> "Answer":
        """Return itself; raise AssertionError with the body when the status is another one."""
        assert self.status == status, f"status {self.status}: {self.text}"
        return self


def request(
    method: str,
    url: str,
    body: object = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = TIMEOUT,
) -> Answer:
    """Send `body` (bytes and text as they are, anything else as JSON); OSError when there is no answer."""
    asked = urllib.request.Request(url, data=_encoded(body), headers=dict(headers or {}), method=method)
    try:
        with _opener.open(asked, timeout=timeout) as answer:
            return Answer(answer.status, answer.headers, answer.read().decode())
    except HTTPError as refused:
        with refused:
            return Answer(refused.code, refused.headers, refused.read().decode())


def _encoded(body: object) -> bytes | None:
    if body is None or isinstance(body, bytes):
        return body
    return (body if isinstance(body, str) else json.dumps(body)).encode()
