"""The simulated phones in a browser: what each phone does, and the way for browsers to connect.

A plain WSGI application over a running exchange, for this machine only. It keeps nothing about
calls; it only knows which browser holds which phone (`Hands`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zlib import crc32

from ivr.simulator.exchange import Exchange
from ivr.simulator.people.browsers import Hands
from ivr.simulator.people.habits import TAKES
from ivr.simulator.people.handset import Handset
from ivr.simulator.screens.saved_calls import Keeper
from ivr.simulator.screens.wire_view import Wire

Start = Callable[[str, list[tuple[str, str]]], Any]

_FILES = {
    "/": ("phones.html", "text/html; charset=utf-8"),
    "/phones.js": ("phones.js", "text/javascript; charset=utf-8"),
    "/sound.js": ("sound.js", "text/javascript; charset=utf-8"),
    "/talk.js": ("talk.js", "text/javascript; charset=utf-8"),
    "/words.js": ("words.js", "text/javascript; charset=utf-8"),
    "/phones.css": ("phones.css", "text/css; charset=utf-8"),
    "/wire.js": ("wire.js", "text/javascript; charset=utf-8"),
    "/wire.css": ("wire.css", "text/css; charset=utf-8"),
}
_NETWORK = ("network.html", "text/html; charset=utf-8")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
MAX_SHOWN = 12  # utterances of each phone
MAX_BODY = 64 * 1024  # bytes that a page may send; a WebRTC description has a few thousand
MAX_SAID = 500  # characters that a person can say at once


class Phones:
    """The application.

    ``people`` are the phones on the page, from number to name, of which the ``first`` so many are
    shown and the others on demand; ``dial`` are the numbers to call. With a ``wire`` the page also
    shows what goes over it; a ``keeper`` saves calls. ``languages`` are the codes that numbers
    speak first: each page offers one of its own language before the others.
    """

    def __init__(
        self,
        exchange: Exchange,
        people: Mapping[str, str],
        dial: Mapping[str, str],
        first: int = 4,
        wire: Wire | None = None,
        keeper: Keeper | None = None,
        languages: Mapping[str, str] | None = None,
    ) -> None:
        self.exchange = exchange
        self.people = dict(people)
        self.dial = dict(dial)
        self.languages = dict(languages or {})
        self.first = first
        self.hands = Hands()
        self.wire = wire
        self._notes: list[Wire | Keeper] = [each for each in (keeper, wire) if each is not None]

    def __call__(self, environ: Mapping[str, Any], start: Start) -> Iterable[bytes]:
        path, method = environ.get("PATH_INFO") or "/", environ["REQUEST_METHOD"]
        if method == "GET" and path in _FILES:
            name, kind = _NETWORK if path == "/" and self.wire else _FILES[path]
            body = files("ivr.simulator.screens").joinpath("static", name).read_bytes()
            return _answer(start, body, kind)
        if method == "GET" and path == "/state":
            return self._state(environ, start)
        if method == "GET" and path == "/wire" and self.wire is not None:
            return self._wire(self.wire, environ, start)
        if method == "POST" and path in ("/do", "/signal"):
            if problem := _not_from_here(environ):
                return _json(start, {"error": problem}, "403 Forbidden")
            return (self._do if path == "/do" else self._signal)(environ, start)
        return _answer(start, b"no such page\n", "text/plain", "404 Not Found")

    # ---- the state of everything

    def _state(self, environ: Mapping[str, Any], start: Start) -> Iterable[bytes]:
        """Everything, and letters from other browsers; 304 if this browser knows it all."""
        query = {k: v[0] for k, v in parse_qs(environ.get("QUERY_STRING", "")).items()}
        client = query.get("client", "")
        self.hands.seen(client)
        state = self.exchange.do(self.state)
        mark = f"{crc32(json.dumps(state, sort_keys=True).encode()):08x}"
        letters = self.hands.letters(client)
        if query.get("after") == mark and not letters:
            return _answer(start, b"", "application/json", "304 Not Modified")
        return _json(start, {**state, "mark": mark, "letters": letters})

    def _wire(self, wire: Wire, environ: Mapping[str, Any], start: Start) -> Iterable[bytes]:
        """What went over the wire after line ``after``; 304 if nothing did."""
        after = parse_qs(environ.get("QUERY_STRING", "")).get("after", ["0"])[0]
        number = int(after) if after.isdecimal() else 0
        lines = self.exchange.do(lambda: wire.since(number))
        if not lines:
            return _answer(start, b"", "application/json", "304 Not Modified")
        return _json(start, {"lines": lines})

    def state(self) -> dict[str, Any]:
        """Every phone, as the person who holds it would see and hear it."""
        return {
            "dial": [
                {"number": number, "name": name, "language": self.languages.get(number, "")}
                for number, name in self.dial.items()
            ],
            "first": self.first,
            "phones": [self._phone(number, name) for number, name in self.people.items()],
        }

    def _phone(self, number: str, name: str) -> dict[str, Any]:
        phone = self.exchange.phone(number)
        others = sorted(other.number for other in phone.connected_to)
        return {
            "number": number,
            "name": name,
            "ringing": phone.ringing,
            "in_call": phone.in_call,
            "listening": phone.listening,
            "caller_id": phone.caller_id,
            "habit": phone.habit,
            "hand": self.hands.of(number),
            "with": [{"number": each, "name": self.people.get(each, each)} for each in others],
            "heard": [
                {
                    "text": each.text,
                    "language": each.language,
                    "kind": each.kind,
                    "by": each.voice if each.kind == "person" else "",
                }
                for each in phone.heard[-MAX_SHOWN:]
            ],
            "count": len(phone.heard),
        }

    # ---- what people do

    def _do(self, environ: Mapping[str, Any], start: Start) -> Iterable[bytes]:
        """``{"phone": "+33…", "action": "press", "value": "1"}``."""
        body = _body(environ)
        if body is None or not {"phone", "action"} <= body.keys():
            wanted = 'send a JSON object with "phone" and "action"'
            return _json(start, {"error": wanted}, "400 Bad Request")
        number, action = str(body["phone"]), str(body["action"])
        value, client = str(body.get("value", "")), str(body.get("client", ""))
        if number not in self.people:
            return _json(start, {"error": f"there is no phone {number}"}, "404 Not Found")
        if action == "take":
            self.hands.take(number, client)
            problem = ""
        elif action == "put_down":
            self.hands.put_down(number, client)
            problem = ""
        else:
            problem = self.exchange.do(lambda: self._acts(number, action, value))
        if problem:
            return _json(start, {"error": problem}, "409 Conflict")
        return _json(start, self.exchange.do(self.state))

    def _acts(self, number: str, action: str, value: str) -> str:
        """Do it, and note it. Returns why it can't be done, "" if it was."""
        for each in self._notes:
            each.did(number, action, value)
        if problem := _act(self.exchange.phone(number), action, value):
            for each in self._notes:
                each.failed(problem)
        return problem

    def _signal(self, environ: Mapping[str, Any], start: Start) -> Iterable[bytes]:
        """A letter: ``{"client": …, "from": "+33…", "to": "+33…", "letter": {…}}``.

        This browser must hold the phone in "from", and another one the phone in "to".
        """
        body = _body(environ)
        if body is None or not {"client", "from", "to", "letter"} <= body.keys():
            wanted = 'send a JSON object with "client", "from", "to" and "letter"'
            return _json(start, {"error": wanted}, "400 Bad Request")
        if problem := self.hands.send(
            str(body["client"]), str(body["from"]), str(body["to"]), body["letter"]
        ):
            return _json(start, {"error": problem}, "409 Conflict")
        return _json(start, {})


def _act(phone: Handset, action: str, value: str) -> str:
    """Do it. Returns why it can't be done, "" if it was."""
    actions: dict[str, Callable[[], None]] = {
        "call": lambda: phone.call(value),
        "press": lambda: phone.press(value),
        "say": lambda: phone.say(value[:MAX_SAID]),
        "answer": phone.answer,
        "decline": phone.decline,
        "hang_up": phone.hang_up,
        "will": lambda: phone.will(value, after=2.0 if "after" in TAKES[value] else 0.0),
    }
    if action not in actions:
        return f"unknown action '{action}'; use one of: {', '.join(actions)}"
    if action == "will" and value not in TAKES:
        return f"unknown habit '{value}'; use one of: {', '.join(sorted(TAKES))}"
    try:
        actions[action]()
    except Exception as error:
        return str(error) or type(error).__name__
    return ""


def _not_from_here(environ: Mapping[str, Any]) -> str:
    """Why a request isn't from a page of this server, "" if it is.

    A page of another site can send a form here, and another site's name can be pointed here;
    neither can send JSON with an ``Origin`` that is the requested host.
    """
    if not environ.get("CONTENT_TYPE", "").startswith("application/json"):
        return "send JSON (Content-Type: application/json)"
    origin = environ.get("HTTP_ORIGIN", "")
    if origin and urlsplit(origin).netloc != environ.get("HTTP_HOST", ""):
        return f"requests from {origin} are refused"
    return ""


def _body(environ: Mapping[str, Any]) -> dict[str, Any] | None:
    """The JSON object in the body, None if it isn't one."""
    try:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if length > MAX_BODY:
            return None
        sent = json.loads(environ["wsgi.input"].read(length))
    except (ValueError, RecursionError):  # of what is nested too deeply
        return None
    return sent if isinstance(sent, dict) else None


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
