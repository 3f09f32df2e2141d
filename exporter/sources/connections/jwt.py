"""When a token ends, if it says so itself."""

import binascii
import json
from base64 import urlsafe_b64decode

# Longer ones are no tokens that anybody sends in a header.
_LONGEST = 16_384


def expiry_of(token: str) -> float | None:
    """Return the `exp` (Unix time) of a JSON Web Token (RFC 7519), read without verifying; None for all else."""
    parts = token.split(".")
    if len(parts) != 3 or len(token) > _LONGEST:
        return None
    try:
        claims = json.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return None
    return as_time(claims.get("exp")) if isinstance(claims, dict) else None


def as_time(value: object) -> float | None:
    """Return a JSON number as Unix time, None for what is none that a calendar has."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e11:
        return None
    return float(value)
