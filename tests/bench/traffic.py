"""Signed requests of many calls, as Twilio makes them: what every measurement is made with.

Every request moves its call: turn numbers follow each other, keys fit the step that the call has
reached. A request that comes a second time would be cheaper, so none does.
"""

from __future__ import annotations

import hmac
import io
import sys
from base64 import b64encode
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

TOKEN = "0123456789abcdef0123456789abcdef"
ACCOUNT = "AC" + "0" * 32
ORIGIN = "https://line.test"
VOICE = "/voice/escalation"
CASE = "17349013"
# Calls whose requests alternate: so many more than there are connections that no request overtakes
# the one before it of its call, even while a worker stands still.
TOGETHER = 1024

_SID = "CA" + "f" * 32  # where a call's own sid will stand in a prepared form
_CALLER = "+33155500101"  # … and their number: a caller who calls again is welcomed back
_ENDS = ("Called", "Caller", "From", "To")
_FORM = {
    "AccountSid": ACCOUNT,
    "ApiVersion": "2010-04-01",
    "CallSid": _SID,
    "CallStatus": "in-progress",
    "Called": "+33800000001",
    "Caller": _CALLER,
    "Direction": "inbound",
    "From": _CALLER,
    "To": "+33800000001",
    **{f"{who}{what}": "" for who in _ENDS for what in ("City", "State", "Zip")},
    **{f"{who}Country": "FR" for who in _ENDS},
    "StirVerstat": "TN-Validation-Passed-A",
}  # fmt: skip


class Request(NamedTuple):
    """One webhook: path and query, form body, signature."""

    target: str
    body: bytes
    signature: str


def keys(turn: int, pressed: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """What the answer to a <Gather> adds: 28 parameters in all. The call's first turn was to see
    who calls."""
    return f"{VOICE}?turn={turn + 1}", (("Digits", pressed), ("FinishedOnKey", ""))


BEGIN = (VOICE, (("CallStatus", "ringing"),))
# A call's beginning, and then between the language and the menu: the plainest webhook there is.
MENUS = (BEGIN, *(keys(turn, "1" if turn % 2 else "*") for turn in range(1, 8)))
# To a case and its look-up in the desk's tables, then the receiver is put down.
CASES = (
    BEGIN, keys(1, "1"), keys(2, "1"), keys(3, CASE), keys(4, "1"),
    (f"{VOICE}/status", (("CallStatus", "completed"),)),
)  # fmt: skip
MIXES = {"menus": MENUS, "cases": CASES}

Step = tuple[str, tuple[tuple[str, str], ...]]


def sid(number: int) -> str:
    """Like Twilio's, spread over the whole range, so that a table's pages are hit at random."""
    return f"CA{number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128:032x}"


def request(call: str, step: Step, origin: str = ORIGIN) -> Request:
    """One webhook of a call."""
    body, signed = _prepared(step)
    caller = f"+336{int(call[2:10], 16) % 10**8:08d}"
    told = signed.replace(_SID, call).replace(_CALLER, caller)
    mac = hmac.digest(TOKEN.encode(), f"{origin}{step[0]}{told}".encode(), "sha1")
    sent = body.replace(_SID, call).replace(quote(_CALLER), quote(caller))
    return Request(step[0], sent.encode(), b64encode(mac).decode())


@cache
def _prepared(step: Step) -> tuple[str, str]:
    form = _FORM | dict(step[1])
    return urlencode(form), "".join(name + form[name] for name in sorted(form))


def stream(
    steps: tuple[Step, ...], first: int, count: int, together: int = TOGETHER
) -> Iterator[Request]:
    """At least ``count`` requests of calls numbered from ``first``; ``together`` take turns."""
    for group in range(-(-count // (len(steps) * together))):
        calls = [sid(first + group * together + place) for place in range(together)]
        for step in steps:
            for call in calls:
                yield request(call, step)


def write(file: Path, requests: Iterable[Request]) -> None:
    """For `stream.lua`: each request raw, its length before it."""
    with file.open("wb") as out:
        for asked in requests:
            raw = _HEAD.format(asked.target, len(asked.body), asked.signature).encode() + asked.body
            out.write(b"%d\n%s" % (len(raw), raw))


_HEAD = (
    "POST {} HTTP/1.1\r\nHost: line.test\r\nUser-Agent: TwilioProxy/1.1\r\nAccept: */*\r\n"
    "I-Twilio-Idempotency-Token: 00000000-0000-4000-8000-000000000000\r\n"
    "Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\nContent-Length: {}\r\n"
    "X-Twilio-Signature: {}\r\n\r\n"
)


def environ(asked: Request) -> dict[str, Any]:
    """The request as a WSGI server hands it over."""
    path, _, query = asked.target.partition("?")
    return {
        "REQUEST_METHOD": "POST", "SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": query,
        "SERVER_NAME": "line.test", "SERVER_PORT": "443", "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_TYPE": "application/x-www-form-urlencoded; charset=UTF-8",
        "CONTENT_LENGTH": str(len(asked.body)), "HTTP_HOST": "line.test",
        "HTTP_USER_AGENT": "TwilioProxy/1.1", "HTTP_ACCEPT": "*/*",
        "HTTP_X_TWILIO_SIGNATURE": asked.signature,
        "HTTP_I_TWILIO_IDEMPOTENCY_TOKEN": "00000000-0000-4000-8000-000000000000",
        "wsgi.version": (1, 0), "wsgi.url_scheme": "https", "wsgi.errors": sys.stderr,
        "wsgi.input": io.BytesIO(asked.body), "wsgi.multithread": True,
        "wsgi.multiprocess": False, "wsgi.run_once": False,
    }  # fmt: skip


def send(app: Any, asked: Request) -> bytes:
    """Ask an application in process, and close the response as a server does."""
    status: list[str] = []
    answer = app(environ(asked), lambda given, _headers, _error=None: status.append(given))
    try:
        document = b"".join(answer)
    finally:
        if hasattr(answer, "close"):
            answer.close()
    if not status[0].startswith("200"):
        raise AssertionError(f"{asked.target}: {status[0]}: {document!r}")
    return document
