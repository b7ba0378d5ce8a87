"""Digest bytes without OpenSSL, which ``hashlib`` would load.

OpenSSL is heavy, and loading it in a subinterpreter ends CPython 3.12.1 at exit.
"""

try:
    from _sha2 import sha256
except ImportError:  # before 3.12
    from _sha256 import sha256


def digest(data: bytes) -> str:
    """Give the SHA-256 of some bytes, in hexadecimal digits."""
    digits: str = sha256(data).hexdigest()
    return digits
