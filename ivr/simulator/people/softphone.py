"""Softphones: what an application's access token lets a browser do.

The token is a JWT, signed with an API key's secret. https://www.twilio.com/docs/iam/access-tokens,
https://www.twilio.com/docs/voice/sdks/javascript. How the SDK talks to Twilio isn't public, so a
softphone is driven like any other telephone.
"""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64decode
from hashlib import sha256
from typing import Any, NamedTuple

from ivr.errors import CallError
from ivr.simulator.network.network import Network

# https://www.twilio.com/docs/api/errors/20101 and those after it
INVALID, BAD_HEADER, BAD_ISSUER, EXPIRED, NOT_YET, BAD_GRANTS, BAD_SIGNATURE = (
    20101, 20102, 20103, 20104, 20105, 20106, 20107,
)  # fmt: skip


class Access(NamedTuple):
    """What a token grants.

    ``identity`` is who it is; ``application`` is the SID of the TwiML application that answers its
    calls, with ``params``; ``incoming`` says whether it can be called.
    """

    identity: str
    application: str = ""
    params: dict[str, str] = {}  # noqa: RUF012 - never written to
    incoming: bool = False


def access(network: Network, token: str) -> Access:
    """Read an access token. Raises `CallError` with Twilio's error code when it isn't valid."""
    try:
        head, body, signature = token.split(".")
        header, payload = _part(head), _part(body)
        given = _bytes(signature)
    except ValueError as error:
        raise _refused(INVALID, f"it isn't a JWT ({error})") from error
    if header.get("alg") != "HS256" or header.get("cty") != "twilio-fpa;v=1":
        raise _refused(BAD_HEADER, "its header must have alg HS256 and cty twilio-fpa;v=1")
    key = network.keys.get(str(payload.get("iss")))
    if key is None or payload.get("sub") != network.account_sid:
        raise _refused(BAD_ISSUER, "iss must be an API key of the account in sub")
    expected = hmac.digest(key.secret.encode(), f"{head}.{body}".encode(), sha256)
    if not hmac.compare_digest(given, expected):
        raise _refused(BAD_SIGNATURE, f"it isn't signed with the secret of {key.sid}")
    now = network.clock.now().timestamp()
    if not isinstance(payload.get("exp"), int) or payload["exp"] <= now:
        raise _refused(
            EXPIRED, "exp is in the past (the network has its own clock: exchange.clock)"
        )
    if payload.get("nbf", 0) > now:
        raise _refused(
            NOT_YET, "nbf is in the future (the network has its own clock: exchange.clock)"
        )
    return _granted(payload.get("grants"))


def _granted(grants: Any) -> Access:
    grants = grants if isinstance(grants, dict) else {}
    voice, identity = grants.get("voice"), grants.get("identity")
    if not isinstance(voice, dict) or not identity or len(str(identity)) > 256:
        raise _refused(BAD_GRANTS, "it needs an identity and a voice grant")
    outgoing = voice.get("outgoing") or {}
    return Access(
        str(identity),
        str(outgoing.get("application_sid", "")),
        {str(name): str(value) for name, value in (outgoing.get("params") or {}).items()},
        bool((voice.get("incoming") or {}).get("allow")),
    )


def _refused(code: int, why: str) -> CallError:
    return CallError(f"{code}: the access token is refused: {why}")


def _part(text: str) -> dict[str, Any]:
    part = json.loads(_bytes(text))
    if not isinstance(part, dict):
        raise ValueError("a part isn't an object")
    return part


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
