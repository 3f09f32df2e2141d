"""Loopback addresses in a container: they lead to the container itself, and whoever writes them means the machine."""

import os
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from exporter.errors import Problem
from exporter.sources.contract import PlannedSource

# Docker and Podman leave these in their containers. Kubernetes doesn't, whose pods have loopback in common.
_MARKS = (Path("/.dockerenv"), Path("/run/.containerenv"))
_SAID = "is this container itself, unless it shares another's network; the machine that runs it is host.docker.internal"
_ASKED = ("address", "url")


def loopback_warnings(source: PlannedSource) -> Iterator[Problem]:
    """Yield the addresses that the source asks in vain, if this is a container."""
    if not _is_alone_in_container():
        return
    for name in _ASKED:
        for address in _addresses(getattr(source.settings, name, ())):
            if _is_loopback(urlsplit(address).hostname or ""):
                yield Problem(f"{source.place}.{name}", f"{address} {_SAID}")


def _is_alone_in_container() -> bool:
    """Whether this is a container of nothing but the exporter: its first process is this one."""
    return os.getpid() == 1 and any(mark.exists() for mark in _MARKS)


def _addresses(setting: str | tuple[str, ...]) -> tuple[str, ...]:
    return (setting,) if isinstance(setting, str) else setting


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
