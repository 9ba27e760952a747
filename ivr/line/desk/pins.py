"""PINs that show that a caller may hear of a case: kept as hashes, compared in constant time."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os

SHORTEST = 6  # digits
_WORK = {"n": 2**14, "r": 8, "p": 1}  # about 50 ms, once a try
_NOBODYS = "AAAAAAAAAAAAAAAAAAAAAA==$"  # what a try is compared with where there is no PIN


def is_one(written: str) -> bool:
    """Whether this can be a PIN: digits alone, and enough of them."""
    return written.isascii() and written.isdecimal() and len(written) >= SHORTEST


def hashed(pin: str) -> str:
    """A PIN as it is kept: salt and scrypt hash."""
    salt = os.urandom(16)
    return f"{_text(salt)}${_text(_scrypt(pin, salt))}"


def fits(pin: str, kept: str) -> bool:
    """Whether ``pin`` is the one that is kept. It takes as long where none is (``""``)."""
    salt, _, hash_ = (kept or _NOBODYS).partition("$")
    tried = _text(_scrypt(pin, base64.b64decode(salt)))
    return hmac.compare_digest(tried, hash_) and bool(kept)


def _scrypt(pin: str, salt: bytes) -> bytes:
    return hashlib.scrypt(pin.encode(), salt=salt, dklen=32, **_WORK)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


__all__ = ["SHORTEST", "fits", "hashed", "is_one"]
