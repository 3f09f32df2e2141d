"""The configuration without a file: the variables of the Consul tools, and EVOTOR_TOKEN."""

from collections.abc import Mapping
from typing import Any

from exporter.config.loading import parse
from exporter.config.schema import Config

_TRUE = ("1", "t", "T", "true", "TRUE", "True")
_FALSE = ("0", "f", "F", "false", "FALSE", "False")


def from_environment(environ: Mapping[str, str]) -> Config:
    """Build the configuration of one Consul agent and, with EVOTOR_TOKEN, one connection."""
    raw: dict[str, Any] = {"consul": [_consul(environ)]}
    if token := environ.get("EVOTOR_TOKEN", "").strip():
        raw["connections"] = [{"id": "evotor", "kind": "evotor", "name": "Эвотор", "token": token}]
    return parse(raw)


def _consul(environ: Mapping[str, str]) -> dict[str, Any]:
    settings: dict[str, Any] = {"name": "consul", "address": _address(environ), "tls": _tls(environ)}
    if file := environ.get("CONSUL_HTTP_TOKEN_FILE"):
        settings["token_file"] = file
    elif token := environ.get("CONSUL_HTTP_TOKEN"):
        settings["token"] = token
    if auth := environ.get("CONSUL_HTTP_AUTH"):
        settings["http_auth"] = auth
    return settings


def _address(environ: Mapping[str, str]) -> str:
    address = environ.get("CONSUL_HTTP_ADDR") or "127.0.0.1:8500"
    secure = environ.get("CONSUL_HTTP_SSL", "") in _TRUE
    if "://" not in address:
        return f"{'https' if secure else 'http'}://{address}"
    return address.replace("http://", "https://", 1) if secure else address


def _tls(environ: Mapping[str, str]) -> dict[str, Any]:
    names = {
        "ca_file": "CONSUL_CACERT",
        "ca_path": "CONSUL_CAPATH",
        "cert_file": "CONSUL_CLIENT_CERT",
        "key_file": "CONSUL_CLIENT_KEY",
        "server_name": "CONSUL_TLS_SERVER_NAME",
    }
    tls: dict[str, Any] = {key: environ[name] for key, name in names.items() if environ.get(name)}
    if environ.get("CONSUL_HTTP_SSL_VERIFY", "") in _FALSE:
        tls["insecure_skip_verify"] = True
    return tls
