"""Which of several exporters polls what: a stable hash decides, and no two of them need to know each other."""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

_REMEMBERED = 2**18


@dataclass(frozen=True, slots=True)
class Shard:
    """One part of `count`, numbered from 0.

    Each shard draws a number for what is to be polled, and the highest one has it (rendezvous hashing). So a shard that
    is added takes its part evenly from all others, one that is taken away gives its part to all others, and nothing else moves.
    """

    index: int = 0
    count: int = 1

    def owns(self, *key: str) -> bool:
        """Return whether this shard polls what `key` names."""
        return self.count == 1 or _owner(self.count, key) == self.index


WHOLE = Shard()


@lru_cache(_REMEMBERED)
def _owner(count: int, key: tuple[str, ...]) -> int:
    name = "\0".join(key).encode()
    return max(range(count), key=lambda index: _drawn(index, name))


def _drawn(index: int, name: bytes) -> bytes:
    return blake2b(name, digest_size=8, salt=index.to_bytes(4, "big")).digest()
