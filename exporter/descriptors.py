"""How many files and sockets the process may have open at once, and how they are shared out."""

import resource

# Of as many as programs may be allowed there is no use, and some systems name absurd ones.
_ENOUGH = 65_536
# The event loop, the log, the listener, and files while they are read.
_RESERVED = 24


def raise_limit() -> None:
    """Take as many descriptors as we may have, as Go programs do; many systems start us with 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _ENOUGH if hard == resource.RLIM_INFINITY else min(hard, _ENOUGH)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def share(part: float, most: int) -> int:
    """Return how many of at most `most` descriptors are this `part` of those there are; at least one."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return most
    return max(1, min(most, int((soft - _RESERVED) * part)))
