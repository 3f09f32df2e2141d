"""How an instance is described: its URL, of the template in the configuration, and its meta labels."""

from urllib.parse import quote

from exporter.model import Endpoint, InstanceKey


def url_of(template: str, key: InstanceKey, endpoint: Endpoint) -> str:
    """Fill the template; an instance that lacks the port or the address it asks for has none to open."""
    if ("{port}" in template and not endpoint.port) or ("{address}" in template and not endpoint.address):
        return ""
    bare = endpoint.address.removeprefix("[").removesuffix("]")
    address = f"[{quote(bare, safe=':')}]" if ":" in bare else quote(bare, safe="")
    words = {word: quote(value, safe="") for word, value in key._asdict().items()}
    return template.format(**words, address=address, port=endpoint.port)


def meta_labels(keys: tuple[str, ...], endpoint: Endpoint | None) -> tuple[tuple[str, str], ...]:
    """Return the label and the value of each configured meta key, "" where the instance has none."""
    meta = endpoint.meta if endpoint else {}
    return tuple((f"meta_{key.replace('-', '_')}", meta.get(key, "")) for key in keys)
