"""The variables of Consul's own tools as a section of the configuration."""

from collections.abc import Mapping
from typing import Any

from exporter.errors import ConfigError, Problem

# What Consul's own tools take for true and false.
_TRUTH = {
    **dict.fromkeys(("1", "t", "T", "true", "TRUE", "True"), True),
    **dict.fromkeys(("0", "f", "F", "false", "FALSE", "False"), False),
}
_TEXTS = {
    "token_file": "CONSUL_HTTP_TOKEN_FILE",
    "token": "CONSUL_HTTP_TOKEN",
    "http_auth": "CONSUL_HTTP_AUTH",
    "namespace": "CONSUL_NAMESPACE",
    "partition": "CONSUL_PARTITION",
}
_TLS = {
    "ca_file": "CONSUL_CACERT",
    "ca_path": "CONSUL_CAPATH",
    "cert_file": "CONSUL_CLIENT_CERT",
    "key_file": "CONSUL_CLIENT_KEY",
    "server_name": "CONSUL_TLS_SERVER_NAME",
}
# Where in the configuration each variable goes; of two places that fit, the first one is meant.
VARIABLES = {
    "consul[0].address": "CONSUL_HTTP_ADDR",
    **{f"consul[0].{key}": name for key, name in _TEXTS.items()},
    **{f"consul[0].tls.{key}": name for key, name in _TLS.items()},
    "consul[0].tls": "CONSUL_CLIENT_KEY",
}
# Of these the file says all or nothing.
_TOGETHER: dict[str, set[str]] = {
    **{key: {"token", "token_file"} for key in ("token", "token_file")},
    **{key: {"ca_file", "ca_path"} for key in ("ca_file", "ca_path")},
    **{key: {"cert_file", "key_file"} for key in ("cert_file", "key_file")},
}
SWITCHES = ("CONSUL_HTTP_SSL", "CONSUL_HTTP_SSL_VERIFY")
KNOWN = ("CONSUL_HTTP_ADDR", *_TEXTS.values(), *_TLS.values(), *SWITCHES)


def from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the section of one Consul agent; ConfigError when a variable can't be used."""
    wrong = [name for name in SWITCHES if environ.get(name) and environ[name] not in _TRUTH]
    if wrong:
        raise ConfigError(Problem(name, "must be true or false") for name in wrong)
    return {"consul": [_consul(environ)]}


def with_environment(raw: Mapping[str, Any], environ: Mapping[str, str]) -> Mapping[str, Any]:
    """Fill what the clusters of a file leave open; ConfigError when a variable can't be used.

    The variables are about one agent: they fill a cluster that names no address, or the variable's, or is the only one.
    The token of one cluster is never sent to another.
    """
    clusters = raw.get("consul")
    if not isinstance(clusters, list) or not any(environ.get(name, "").strip() for name in KNOWN):
        return raw
    (described,) = from_environment(environ)["consul"]
    return {**raw, "consul": [_filled(each, described, len(clusters) == 1) for each in clusters]}


def _filled(cluster: object, described: Mapping[str, Any], is_only_one: bool) -> object:
    if not isinstance(cluster, Mapping):
        return cluster
    given = {key: value for key, value in cluster.items() if value is not None}
    named = given.get("address", described["address"])
    if not is_only_one and named not in (described["address"], described["address"].partition("://")[2]):
        return cluster
    open_ = {key: value for key, value in described.items() if not given.keys() & _TOGETHER.get(key, {key})}
    tls = given.get("tls", {})
    return {
        **open_,
        **given,
        **({"tls": _filled_tls(tls, described["tls"])} if isinstance(tls, Mapping) else {}),
    }


def _filled_tls(tls: Mapping[str, Any], described: Mapping[str, Any]) -> dict[str, Any]:
    given = {key: value for key, value in tls.items() if value is not None}
    open_ = {key: value for key, value in described.items() if not given.keys() & _TOGETHER.get(key, {key})}
    return {**open_, **given}


def _consul(environ: Mapping[str, str]) -> dict[str, Any]:
    texts = {key: environ[name].strip() for key, name in _TEXTS.items() if environ.get(name, "").strip()}
    if "token_file" in texts:
        texts.pop("token", None)  # As in Consul's own tools, the file comes first.
    return {"name": "consul", "address": _address(environ), "tls": _tls(environ), **texts}


def _address(environ: Mapping[str, str]) -> str:
    address = environ.get("CONSUL_HTTP_ADDR", "").strip() or "127.0.0.1:8500"
    secure = _TRUTH.get(environ.get("CONSUL_HTTP_SSL", ""), False)
    if "://" not in address:
        return f"{'https' if secure else 'http'}://{address}"
    return address.replace("http://", "https://", 1) if secure else address


def _tls(environ: Mapping[str, str]) -> dict[str, Any]:
    tls: dict[str, Any] = {key: environ[name] for key, name in _TLS.items() if environ.get(name)}
    if not _TRUTH.get(environ.get("CONSUL_HTTP_SSL_VERIFY", ""), True):
        tls["insecure_skip_verify"] = True
    return tls
