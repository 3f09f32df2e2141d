"""The kinds of connection, one module each.

A new kind is a new module here and one line in `KINDS`; nothing else changes.
"""

from typing import Any

from exporter.sources.connections.kind import Kind
from exporter.sources.connections.kinds.evotor import Evotor
from exporter.sources.connections.kinds.http import Http
from exporter.sources.connections.kinds.oauth2 import OAuth2

KINDS: dict[str, type[Kind[Any]]] = {
    "evotor": Evotor,
    "http": Http,
    "oauth2": OAuth2,
}
