"""How an instance is described: its URL, of the templates in the configuration, and its meta labels."""

import re
from contextlib import suppress
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from exporter.config.fields import http_url
from exporter.model import Endpoint, InstanceKey
from exporter.sources.consul.settings import Consul, UrlRule

_HOST = re.compile(r"[^\W_]([\w.-]*[^\W_]\.?)?|_[\w.-]+")


class Site(NamedTuple):
    """What the address of an instance says: the host, and sometimes a scheme and a port ("" and 0 when it doesn't)."""

    host: str
    scheme: str = ""
    port: int = 0


def url_of(settings: Consul, key: InstanceKey, endpoint: Endpoint) -> str:
    """Return the URL that the first rule to fit gives, else that of `service_url`; "" when there is none to open."""
    for rule in settings.service_url_rules:
        if _fits(rule, key, endpoint):
            if not rule.from_meta:
                return filled(rule.url or "", key, endpoint)
            with suppress(ValueError):
                return http_url(endpoint.meta[rule.from_meta])
    return filled(settings.service_url, key, endpoint)


def _fits(rule: UrlRule, key: InstanceKey, endpoint: Endpoint) -> bool:
    if rule.port and endpoint.port not in rule.port:
        return False
    if rule.from_meta and rule.from_meta not in endpoint.meta:
        return False
    if rule.service and not rule.service.fullmatch(key.service):
        return False
    if rule.tag and not any(map(rule.tag.fullmatch, endpoint.tags)):
        return False
    return all(pattern.fullmatch(endpoint.meta.get(name, "")) for name, pattern in rule.meta.items())


def filled(template: str, key: InstanceKey, endpoint: Endpoint) -> str:
    """Fill the template; an instance that lacks the port or the address it asks for has none to open."""
    site = site_of(endpoint.address) if "{address}" in template else Site("")
    if not site:
        return ""
    port = endpoint.port or site.port
    if ("{port}" in template and not port) or (site.port and endpoint.port not in (0, site.port)):
        return ""
    words = {word: quote(value, safe="") for word, value in key._asdict().items()}
    url = template.format(**words, address=site.host, port=port)
    return f"{site.scheme}://{url.partition('://')[2]}" if site.scheme else url


def site_of(address: str) -> Site | None:
    """Read an address as it is registered, which may be a URL or hold a port; None when no URL can be made of it."""
    if host := _host(address):
        return Site(host)
    if not address.isprintable():
        return None
    try:
        parts = urlsplit(address if "://" in address else f"//{address}")
        site = Site(_host(parts.hostname or ""), parts.scheme, parts.port or 0)
    except ValueError:
        return None
    is_more = "@" in parts.netloc or parts.path not in ("", "/") or parts.query or parts.fragment
    return site if site.host and site.scheme in ("", "http", "https") and not is_more else None


def _host(name: str) -> str:
    """Return a name or an IP address as a URL has it, "" when it is neither."""
    bare = name.removeprefix("[").removesuffix("]")
    try:
        is_long = ip_address(bare).version == 6
    except ValueError:
        return quote(name, safe="") if _HOST.fullmatch(name) else ""
    return f"[{quote(bare, safe=':')}]" if is_long else bare


def meta_labels(keys: tuple[str, ...], endpoint: Endpoint | None) -> tuple[tuple[str, str], ...]:
    """Return the label and the value of each configured meta key, "" where the instance has none."""
    meta = endpoint.meta if endpoint else {}
    return tuple((f"meta_{key.replace('-', '_')}", meta.get(key, "")) for key in keys)
