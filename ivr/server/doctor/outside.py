"""What others see of the line: its public address, signatures, the clock, who signs people in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from twilio.request_validator import RequestValidator

from ivr.line.definition import Line
from ivr.server.doctor.result import Result, ok, warning, wrong

TIMEOUT = 10  # seconds to connect, and again for an answer
ALIVE = "/livez"
TWILIO = "https://api.twilio.com"
SKEW = 5  # seconds; the header has whole ones, and the answer takes its time
TOO_MUCH = 60  # … with which sign-in and times that are said are wrong
DISCOVERY = "/.well-known/openid-configuration"
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


def public(url: str, line: Line) -> Iterator[Result]:
    """Whether the public address leads to this line, as seen from here."""
    address = f"{url.rstrip('/')}{ALIVE}"
    try:
        answer = requests.get(address, timeout=TIMEOUT, allow_redirects=False)
    except requests.RequestException as error:
        do = "start `ivr serve`, and check the name, the proxy, TLS and IVR_PUBLIC_URL"
        yield wrong("public address", f"no answer from {address} ({_why(error)})", do)
        return
    if answer.status_code != 200 or line.name not in answer.text:
        yield wrong(
            "public address",
            f"{address} answers {answer.status_code}, and not as line '{line.name}'",
            "lead it to `ivr serve`",
        )
    elif line.config.version not in answer.text:
        yield warning(
            "public address",
            f"what is served at {url} is another version than '{line.config.version}'",
            "restart `ivr serve` with this flow",
        )
    elif urlsplit(url).scheme != "https":
        do = "serve it over https, except for a test"
        yield warning("public address", f"{url} is this line, unencrypted", do)
    else:
        yield ok("public address", f"{url} is this line, as seen from this machine")


def signature(url: str, token: str, line: Line) -> Iterator[Result]:
    """Whether the line takes a request that is signed as Twilio signs, and no other.

    The request is for the static document of the number's fallback, which touches nothing.
    """
    target = f"{url.rstrip('/')}/voice/{line.name}/fallback"
    form = {"CallSid": "CA" + "0" * 32, "AccountSid": "AC" + "0" * 32}
    signed = RequestValidator(token).compute_signature(target, form)
    try:
        right = _posted(target, form, signed)
        none = _posted(target, form, "")
    except requests.RequestException as error:
        do = "see the public address"
        yield wrong("signature", f"no answer from {target} ({_why(error)})", do)
        return
    if right.status_code == 403:
        yield wrong(
            "signature",
            "a request signed with TWILIO_AUTH_TOKEN is refused",
            "`ivr serve` must have the same TWILIO_AUTH_TOKEN, and IVR_PUBLIC_URL exactly as it is "
            "reached; its log names the URL that it expected",
        )
    elif right.status_code != 200 or "<Response>" not in right.text:
        yield wrong(
            "signature",
            f"{target} answers {right.status_code}, without TwiML",
            "check that the proxy hands on POST requests below /voice",
        )
    elif none.status_code == 200:
        yield wrong(
            "signature", "a request without one is taken", "nothing may answer for the line"
        )
    else:
        yield ok("signature", "a signed request is taken, and one that isn't signed is refused")


def _posted(url: str, form: dict[str, str], signature: str) -> requests.Response:
    headers = {"X-Twilio-Signature": signature} if signature else {}
    return requests.post(url, form, headers=headers, timeout=TIMEOUT, allow_redirects=False)


def clock(api: str, now: datetime) -> Iterator[Result]:
    """This machine's clock beside the one of Twilio's API."""
    address = api or TWILIO
    try:
        given = requests.get(address, timeout=TIMEOUT).headers.get("Date", "")
        theirs = parsedate_to_datetime(given)
    except (requests.RequestException, ValueError, TypeError) as error:
        why = _why(error) if isinstance(error, requests.RequestException) else "no Date header"
        yield warning("clock", f"{address} doesn't say the time ({why})", "check it yourself")
        return
    if theirs.tzinfo is None:
        theirs = theirs.replace(tzinfo=UTC)
    skew = (now - theirs).total_seconds()
    what = f"{abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} Twilio's"
    if abs(skew) > TOO_MUCH:
        yield wrong("clock", what, "set it by NTP")
    elif abs(skew) > SKEW:
        yield warning("clock", what, "set it by NTP")
    else:
        yield ok("clock", f"as Twilio's, within {SKEW} s")


def provider(issuer: str) -> Iterator[Result]:
    """Whether the provider that signs people in can be found, and is the one that was meant."""
    if not issuer:
        return
    address = issuer.rstrip("/") + DISCOVERY
    try:
        answer = requests.get(address, timeout=TIMEOUT)
        answer.raise_for_status()
        found: Any = answer.json()
    except (requests.RequestException, ValueError) as error:
        do = "check IVR_OIDC_ISSUER, and that this machine may reach it"
        yield wrong("sign-in provider", f"no answer from {address} ({_why(error)})", do)
        return
    said = found if isinstance(found, dict) else {}
    if str(said.get("issuer", "")).rstrip("/") != issuer.rstrip("/"):
        yield wrong(
            "sign-in provider",
            f"{address} is of the issuer {said.get('issuer')!r}",
            "write IVR_OIDC_ISSUER exactly as the provider does",
        )
    elif missing := [name for name in ENDPOINTS if not said.get(name)]:
        yield wrong(
            "sign-in provider",
            f"{address} names no {', '.join(missing)}",
            "this isn't a provider that the web pages can use",
        )
    else:
        yield ok("sign-in provider", f"{issuer} answers")


def _why(error: Exception) -> str:
    """The last reason in a chain of them, without addresses in memory."""
    text = str(error.args[0] if error.args else error)
    return text.rpartition(": ")[2].strip("'\")( ") or type(error).__name__


__all__ = ["clock", "provider", "public", "signature"]
