"""Digest bytes by what every interpreter has loaded already.

``hashlib`` would load OpenSSL, which is heavy (and ends CPython 3.12.1 at exit if a subinterpreter
loads it), and each ``_sha…`` module takes half a millisecond of a process's start. The digest tells
what differs by accident; it keeps no secret.
"""

from _imp import source_hash

# Any two keys: each gives 64 bits, by SipHash (PEP 552; Python/pyhash.c).
_KEYS = (0x656E666F, 0x72636572)

DIGITS = 16 * len(_KEYS)
"""How many hexadecimal digits a digest has."""


def digest(data: bytes) -> str:
    """Give 128 bits that tell some bytes from others, in hexadecimal digits."""
    return "".join(source_hash(key, data).hex() for key in _KEYS)
