"""Which proxy leads to an address: the environment's variables, read as curl and Go programs read them.

Where those differ, the one counts that goes without a proxy: what is sent may hold a token.
"""

import ipaddress
import re
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from pydantic import SecretStr

from exporter.errors import Problem

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
SCHEMES = ("http", "https", "socks5", "socks5h")
# The setting that goes past the environment's proxies.
NO_PROXY = SecretStr("none")
_PORTS = {"http": 80, "https": 443}
_KNOWN = f"known are {', '.join(f'{scheme}://' for scheme in SCHEMES)}"
_NAME = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes."""

    scheme: str
    host: str
    port: int
    ip: Address | None

    @property
    def is_this_machine(self) -> bool:
        """Whether it is a loopback address, or a name that stands for one."""
        if self.ip:
            return self.ip.is_loopback or self.ip.is_unspecified
        return self.host == "localhost" or self.host.endswith(".localhost")


Excepts = Callable[[Target], bool]


@dataclass(frozen=True, slots=True)
class Proxies:
    """The proxies of each scheme, as URLs that may hold a password, and what is excepted from them."""

    by_scheme: Mapping[str, SecretStr]
    exceptions: tuple[Excepts, ...] = ()

    def of(self, scheme: str, host: str, port: int | None) -> SecretStr | None:
        """Return the proxy that leads there, None where none is to be used."""
        proxy = self.by_scheme.get(scheme)
        target = _target(scheme, host, port)
        excepted = target.is_this_machine or any(excepts(target) for excepts in self.exceptions)
        return None if excepted else proxy


def fault_in(url: str) -> str:
    """Return what is wrong with the address of a proxy, "" when nothing is; it is never quoted."""
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and parts.port != 0 and url.isprintable() and " " not in url
    except ValueError:
        usable = False
    else:
        if parts.scheme not in SCHEMES:
            return f"is not the address of a proxy, {_KNOWN}"
    return "" if usable else "is not the address of a proxy, such as http://host:port"


def from_environment(environ: Mapping[str, str]) -> tuple[Proxies, tuple[Problem, ...]]:
    """Return what the variables say, and a problem for each that can't be understood and is ignored."""
    problems: list[Problem] = []
    found = {name: _proxy(environ, f"{name}_proxy", problems) for name in ("http", "https", "all")}
    if "REQUEST_METHOD" in environ and "http_proxy" not in environ:
        found["http"] = None  # Of a CGI program: HTTP_PROXY is then a header that a stranger sent.
    by_scheme = {scheme: proxy for scheme in _PORTS if (proxy := found[scheme] or found["all"])}
    return Proxies(by_scheme, tuple(_exceptions(environ, problems))), tuple(problems)


def _variable(environ: Mapping[str, str], name: str) -> tuple[str, str]:
    """Return the name and value of the variable in small or, when that is not set, in capital letters."""
    value = environ.get(name, "").strip()
    return (name, value) if value else (name.upper(), environ.get(name.upper(), "").strip())


def _proxy(environ: Mapping[str, str], name: str, problems: list[Problem]) -> SecretStr | None:
    variable, value = _variable(environ, name)
    if not value:
        return None
    url = value if "://" in value else f"http://{value}"
    if wrong := fault_in(url):
        problems.append(Problem(variable, f"{wrong}; no proxy is used instead"))
        return None
    return SecretStr(url)


def _exceptions(environ: Mapping[str, str], problems: list[Problem]) -> Iterator[Excepts]:
    variable, value = _variable(environ, "no_proxy")
    for entry in filter(None, re.split(r"[,\s]+", value.lower())):
        try:
            yield _exception(entry)
        except ValueError:
            problems.append(Problem(variable, f"{entry!r} is no host, address or range, and is ignored"))


def _exception(entry: str) -> Excepts:
    """Return what an entry of NO_PROXY excepts; ValueError when it is none."""
    if entry == "*":
        return lambda target: True
    if "/" in entry:
        network = ipaddress.ip_network(entry.replace("[", "").replace("]", ""), strict=False)
        return lambda target: target.ip is not None and target.ip in network
    host, port = _split_port(entry)
    if ip := _written_ip(host):
        return lambda target: target.ip == ip and port in (None, target.port)
    return _name_exception(_ascii(host.removeprefix("*").strip(".")), port)


def _name_exception(name: str, port: int | None) -> Excepts:
    """Except the name and all below it, whether a dot stands before it or not."""
    if not _NAME.fullmatch(name) or not re.search("[a-z]", name):
        raise ValueError(name)

    def excepts(target: Target) -> bool:
        named = target.ip is None and f".{target.host}".endswith(f".{name}")
        return named and port in (None, target.port)

    return excepts


def _split_port(entry: str) -> tuple[str, int | None]:
    match = re.fullmatch(r"(?:\[(.+)\]|([^:]+))(?::([0-9]{1,5}))?", entry)
    if match:
        return match[1] or match[2], int(match[3]) if match[3] else None
    return entry, None


def _target(scheme: str, host: str, port: int | None) -> Target:
    name = _ascii(host.lower().strip("[]").rstrip("."))
    return Target(scheme, name, port or _PORTS.get(scheme, 0), _ip(name))


def _ip(host: str) -> Address | None:
    """Return the address that a host is, None for a name; 127.1 is one too, as the system reads it."""
    return _written_ip(host) or _short_ip(host)


def _written_ip(host: str) -> Address | None:
    try:
        found = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, ipaddress.IPv6Address) else found


def _short_ip(host: str) -> Address | None:
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host)) if host[:1].isdigit() else None
    except (OSError, UnicodeError, ValueError):
        return None


def _ascii(host: str) -> str:
    try:
        return host if host.isascii() else host.encode("idna").decode()
    except UnicodeError:
        return host
