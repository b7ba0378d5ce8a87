"""Digest of bytes, by a function that every interpreter has loaded.

``hashlib`` would load OpenSSL, which is heavy (and crashes CPython 3.12.1 at exit if a
subinterpreter loaded it), and each ``_sha…`` module takes half a millisecond of a process's start.
The digest detects accidental differences; it is not meant to resist an attacker.
"""

from _imp import source_hash

# Two arbitrary keys, of which each yields 64 bits. source_hash is SipHash with a key
# (_Py_KeyedHash, Python/pyhash.c), made for hash-based .pyc files (PEP 552).
_KEYS = (0x656E666F, 0x72636572)

DIGITS = 16 * len(_KEYS)
"""How many hexadecimal digits a digest has."""


def digest(data: bytes) -> str:
    """Return a digest of 128 bits, in hexadecimal digits."""
    return "".join(source_hash(key, data).hex() for key in _KEYS)
