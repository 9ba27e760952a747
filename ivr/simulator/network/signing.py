"""X-Twilio-Signature: how a webhook proves that it comes from the account's network."""

from __future__ import annotations

import binascii
import hmac

ALGORITHMS = {"HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}


def sign(auth_token: bytes, url: str, tail: str, algorithm: str = "HMAC_SHA1") -> str:
    """Base64 of an HMAC over the URL and, for a POST, its parameters (``tail``).

    (https://www.twilio.com/docs/usage/security#validating-requests)
    """
    digest = hmac.digest(auth_token, (url + tail).encode(), ALGORITHMS[algorithm])
    return binascii.b2a_base64(digest, newline=False).decode()
