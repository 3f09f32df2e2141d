"""Ask the exporter in this container whether it is well: `python -m exporter.healthcheck [URL]`, exit code 0 or 1.

An answer that asks for a password counts: who gives it is alive. The certificate is not checked, as it is made out
to the name that others use.
"""

import sys
from collections.abc import Sequence

import httpx

_ADDRESSES = ("http://127.0.0.1:10117/-/healthy", "https://127.0.0.1:10117/-/healthy")
_ALIVE = (200, 401)


def main(arguments: Sequence[str]) -> int:
    """Return 0 when one of the addresses answers as a healthy exporter does."""
    return 0 if any(map(_is_alive, arguments or _ADDRESSES)) else 1


def _is_alive(url: str) -> bool:
    try:
        answer = httpx.get(url, timeout=4, verify=False, trust_env=False)  # noqa: S501 -- to ourselves
    except httpx.HTTPError:
        return False
    return answer.status_code in _ALIVE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
