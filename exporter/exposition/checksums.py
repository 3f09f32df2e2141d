"""CRC-32 of a text put together of others, from theirs: what stayed the same is not gone through again.

zlib does the same in `crc32_combine`, which Python doesn't offer. Polynomials are bit-reflected, as CRC-32 has them:
the highest bit is x^0.
"""

from functools import lru_cache

_ONE = 1 << 31
_POLYNOMIAL = 0xEDB88320


def joined(first: int, second: int, length: int) -> int:
    """Return the checksum of two texts behind each other, from theirs and the `length` of the second."""
    return _product(_shift(length), first) ^ second


def _product(a: int, b: int) -> int:
    """Multiply modulo the polynomial."""
    product = 0
    while a:
        if a & _ONE:
            product ^= b
        a = (a << 1) & 0xFFFFFFFF
        b = (b >> 1) ^ _POLYNOMIAL if b & 1 else b >> 1
    return product


@lru_cache(maxsize=4096)
def _shift(length: int) -> int:
    """Return x^(8 * length): what so many bytes that follow do to a checksum."""
    power, square = _ONE, _ONE >> 8
    while length:
        if length & 1:
            power = _product(power, square)
        square = _product(square, square)
        length >>= 1
    return power
