"""When the certificates that a server showed end."""

import ssl
from functools import lru_cache
from typing import Any


def first_expiry(stream: Any) -> float | None:
    """Return the Unix time at which the first certificate of the chain ends; None without TLS.

    `stream` is the HTTP library's public extension `network_stream`. Before Python 3.13 only the server's own
    certificate can be had there, not those of its authorities.
    """
    tls = stream.get_extra_info("ssl_object") if stream is not None else None
    if tls is None:
        return None
    return min(map(_expiry, _chain(tls)), default=None)


def _chain(tls: ssl.SSLObject) -> list[bytes]:
    if hasattr(tls, "get_unverified_chain"):
        return [bytes(certificate) for certificate in tls.get_unverified_chain()]
    own = tls.getpeercert(binary_form=True)
    return [own] if own else []


@lru_cache(maxsize=1024)
def _expiry(certificate: bytes) -> float:
    # Imported late: who asks nothing by HTTPS does without these megabytes.
    from cryptography.x509 import load_der_x509_certificate

    return load_der_x509_certificate(certificate).not_valid_after_utc.timestamp()
