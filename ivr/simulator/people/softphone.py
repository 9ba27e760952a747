"""Softphones: what an application's access token lets a browser do.

The token is a JWT, signed with an API key's secret; a capability token of older applications is
signed with the account's own. https://www.twilio.com/docs/iam/access-tokens,
https://www.twilio.com/docs/voice/sdks/javascript. How the SDK talks to Twilio isn't public, so a
softphone is driven like any other telephone.
"""

from __future__ import annotations

import hmac
import json
import time
from base64 import urlsafe_b64decode
from hashlib import sha256
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from ivr.errors import CallError
from ivr.simulator.network.network import Network

# https://www.twilio.com/docs/api/errors/20101 and those after it
INVALID, BAD_HEADER, BAD_ISSUER, EXPIRED, NOT_YET, BAD_GRANTS, BAD_SIGNATURE = (
    20101, 20102, 20103, 20104, 20105, 20106, 20107,
)  # fmt: skip
INCOMING, OUTGOING = "scope:client:incoming", "scope:client:outgoing"
LEEWAY = 60  # seconds that the application's clock may differ


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
    if header.get("alg") == "HS256" and isinstance(payload.get("scope"), str):
        return _capability(network, payload, f"{head}.{body}", given)
    if header.get("alg") != "HS256" or header.get("cty") != "twilio-fpa;v=1":
        raise _refused(BAD_HEADER, "its header must have alg HS256 and cty twilio-fpa;v=1")
    key = network.keys.get(str(payload.get("iss")))
    if key is None or payload.get("sub") != network.account_sid:
        raise _refused(BAD_ISSUER, "iss must be an API key of the account in sub")
    _signed(f"{head}.{body}", given, key.secret, f"the secret of {key.sid}")
    _in_time(payload)
    return _granted(payload.get("grants"))


def _capability(network: Network, payload: dict[str, Any], text: str, given: bytes) -> Access:
    """What a capability token grants, which the account itself signs.
    (https://www.twilio.com/docs/api/client/capability-tokens)"""
    if payload.get("iss") != network.account_sid:
        raise _refused(BAD_ISSUER, "iss must be the account")
    _signed(text, given, network.auth_token, "the token of the account")
    _in_time(payload)
    scopes = [scope.partition("?") for scope in payload["scope"].split()]
    granted = {name: dict(parse_qsl(query)) for name, _, query in scopes}
    incoming, outgoing = granted.get(INCOMING), granted.get(OUTGOING, {})
    identity = (incoming or outgoing).get("clientName", "")
    if not identity:
        raise _refused(BAD_GRANTS, "it doesn't say a clientName")
    application = outgoing.get("appSid", "")
    params = dict(parse_qsl(outgoing.get("appParams", "")))
    return Access(identity, application, params, incoming is not None)


def _signed(text: str, given: bytes, secret: str, whose: str) -> None:
    expected = hmac.digest(secret.encode(), text.encode(), sha256)
    if not hmac.compare_digest(given, expected):
        raise _refused(BAD_SIGNATURE, f"it isn't signed with {whose}")


def _in_time(payload: dict[str, Any]) -> None:
    """Whoever made the token went by the time of day, wherever the network's clock stands."""
    now = time.time()
    expires, begins = payload.get("exp"), payload.get("nbf") or 0
    if not isinstance(expires, int) or expires + LEEWAY <= now:
        raise _refused(EXPIRED, "exp is in the past, by the time of day")
    if not isinstance(begins, int) or begins - LEEWAY > now:
        raise _refused(NOT_YET, "nbf is in the future, by the time of day")


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
