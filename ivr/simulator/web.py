"""The simulated phones in a browser: a page, the state of every phone, and what its person does.

A plain WSGI application over a running exchange, for 127.0.0.1. It keeps nothing itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ivr.simulator import Exchange
    from ivr.simulator.handset import Handset

Start = Callable[[str, list[tuple[str, str]]], Any]

_FILES = {
    "/": ("phones.html", "text/html; charset=utf-8"),
    "/phones.js": ("phones.js", "text/javascript; charset=utf-8"),
    "/phones.css": ("phones.css", "text/css; charset=utf-8"),
}
_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'"
HEARD = 12  # utterances shown of each phone


class Phones:
    """The page. ``people`` are the phones shown, number to name; ``dial`` are the numbers to
    call."""

    def __init__(
        self, exchange: Exchange, people: Mapping[str, str], dial: Mapping[str, str]
    ) -> None:
        self.exchange, self.people, self.dial = exchange, dict(people), dict(dial)

    def __call__(self, environ: Mapping[str, Any], start: Start) -> Iterable[bytes]:
        path, method = environ.get("PATH_INFO") or "/", environ["REQUEST_METHOD"]
        if method == "GET" and path in _FILES:
            name, kind = _FILES[path]
            return _answer(
                start, files("ivr.simulator").joinpath("static", name).read_bytes(), kind
            )
        if method == "GET" and path == "/state":
            return _json(start, self.exchange.do(self.state))
        if method == "POST" and path == "/do":
            return self._do(environ, start)
        return _answer(start, b"no such page\n", "text/plain", "404 Not Found")

    def state(self) -> dict[str, Any]:
        """Every phone as its person would see and hear it."""
        return {
            "dial": [{"number": number, "name": name} for number, name in self.dial.items()],
            "phones": [self._phone(number, name) for number, name in self.people.items()],
        }

    def _phone(self, number: str, name: str) -> dict[str, Any]:
        phone = self.exchange.phone(number)
        return {
            "number": number,
            "name": name,
            "ringing": phone.ringing,
            "in_call": phone.in_call,
            "listening": phone.listening,
            "caller_id": phone.caller_id,
            "with": sorted(self.people.get(p.number, p.number) for p in phone.connected_to),
            "heard": [
                {"text": each.text, "language": each.language, "kind": each.kind}
                for each in phone.heard[-HEARD:]
            ],
            "count": len(phone.heard),
        }

    def _do(self, environ: Mapping[str, Any], start: Start) -> Iterable[bytes]:
        """``{"phone": "+33…", "action": "press", "value": "1"}``; from this very page only."""
        if not environ.get("CONTENT_TYPE", "").startswith("application/json"):
            return _json(start, {"error": "send JSON"}, "415 Unsupported Media Type")
        try:
            asked = json.loads(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
            number, action, value = asked["phone"], asked["action"], asked.get("value", "")
        except (ValueError, KeyError, TypeError):
            wanted = 'a JSON object with "phone" and "action" is wanted'
            return _json(start, {"error": wanted}, "400 Bad Request")
        if number not in self.people:
            return _json(start, {"error": f"there is no phone {number}"}, "404 Not Found")
        problem = self.exchange.do(lambda: _act(self.exchange.phone(number), action, value))
        if problem:
            return _json(start, {"error": problem}, "409 Conflict")
        return _json(start, self.exchange.do(self.state))


def _act(phone: Handset, action: str, value: str) -> str:
    """Do it; what is wrong with it otherwise."""
    actions: dict[str, Callable[[], None]] = {
        "call": lambda: phone.call(value),
        "press": lambda: phone.press(value),
        "answer": phone.answer,
        "decline": phone.decline,
        "hang_up": phone.hang_up,
    }
    if action not in actions:
        return f"a phone can't '{action}'; it can {', '.join(actions)}"
    try:
        actions[action]()
    except Exception as error:
        return str(error) or type(error).__name__
    return ""


def _json(start: Start, value: object, status: str = "200 OK") -> Iterable[bytes]:
    return _answer(start, json.dumps(value).encode(), "application/json", status)


def _answer(start: Start, body: bytes, kind: str, status: str = "200 OK") -> Iterable[bytes]:
    headers = [
        ("Content-Type", kind),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
        ("Content-Security-Policy", _POLICY),
        ("X-Content-Type-Options", "nosniff"),
    ]
    start(status, headers)
    return [body]
