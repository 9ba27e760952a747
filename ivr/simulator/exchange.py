"""The exchange: many legs on one clock, the numbers they call, and what Twilio's debugger shows.

Everything happens on one thread. With ``rate`` 0 that is whoever calls: time stands still until
`Exchange.wait`, `Exchange.wait_until` or a typing phone moves it. With another rate it is a
thread of the exchange's own, and all others leave their wishes in its mailbox.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

from ivr import verbs as v
from ivr.errors import CallError
from ivr.simulator import acts
from ivr.simulator.audio import Audio
from ivr.simulator.clock import VirtualClock
from ivr.simulator.conference import Room
from ivr.simulator.delivery import Delivery
from ivr.simulator.dial import NumberDial, e164
from ivr.simulator.faults import Faults, WebhookFault
from ivr.simulator.handset import Handset
from ivr.simulator.leg import Engagement, Leg
from ivr.simulator.mailbox import Mailbox
from ivr.simulator.player import Player
from ivr.simulator.queues import Member, Queue, QueueDial
from ivr.simulator.recordings import Recordings
from ivr.simulator.routes import Callback, Route
from ivr.simulator.seats import Seat
from ivr.simulator.seed import Seed
from ivr.simulator.webhooks import Target, Webhook, WSGIApp

if TYPE_CHECKING:
    from ivr.simulator.rest import Api

Result = TypeVar("Result")
START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
KEPT = 10_000  # ended calls, rooms and debugger lines that can still be asked for


class Notice(NamedTuple):
    """A line of the debugger; ``level`` is warning or error, ``code`` 0 the simulator's own."""

    at: datetime
    level: str
    code: int
    text: str
    url: str = ""
    call_sid: str = ""


class Number:
    """A telephone number that leads to an application.

    (https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource)
    """

    __slots__ = (
        "fallback",
        "fallback_method",
        "friendly_name",
        "method",
        "number",
        "origin",
        "sid",
        "status_callback",
        "status_method",
        "url",
    )

    def __init__(self, sid: str, number: str, origin: str) -> None:
        self.sid = sid
        self.number = number
        self.friendly_name = number
        self.origin = origin
        self.url = self.fallback = self.status_callback = ""
        self.method = self.fallback_method = self.status_method = "POST"

    @property
    def route(self) -> Route:
        return Route(self.url, self.method, self.fallback, self.fallback_method)


class Exchange(Mailbox):
    """A telephone network in a process: phones on one side, TwiML applications on the other.

    ``rate``: 0 jumps from event to event, 1 is real time, 20 is twenty times as fast.
    ``requests``: how many webhooks are remembered. The same ``seed`` and the same actions give
    the same bytes.
    """

    def __init__(
        self,
        seed: int = 1,
        *,
        start: datetime = START,
        rate: float = 0,
        requests: int = 10_000,
    ) -> None:
        super().__init__(VirtualClock(start, rate))
        self.seed = Seed(seed)
        self.account_sid = self.seed.sid("AC")
        self.auth_token = self.seed.sid("")
        self.auth_key = self.auth_token.encode()
        self.debugger: list[Notice] = []
        self.requests: deque[Webhook] = deque(maxlen=requests)
        self.audio = Audio(self)
        self.recordings = Recordings(self)
        self.faults = Faults()
        self.numbers: dict[str, Number] = {}
        self.phones: dict[str, Handset] = {}
        self.legs: OrderedDict[str, Leg] = OrderedDict()
        self.rooms: OrderedDict[str, Room] = OrderedDict()
        self.queues: dict[str, Queue] = {}
        self._ended: deque[str] = deque()
        self._applications: dict[str, WSGIApp] = {}
        self._servers: set[str] = set()
        self._targets: dict[str, Target] = {}
        self._open_rooms: dict[str, Room] = {}

    # ---- setting it up

    def number(
        self,
        number: str,
        app: WSGIApp | str,
        path: str = "/",
        *,
        status_callback: str = "",
        origin: str = "https://line.test",
        fallback: str = "",
        method: str = "POST",
    ) -> Number:
        """Give an application a number.

        ``app``: a WSGI application, called at ``path`` as if it were reached at ``origin``; or
        the URL of one that runs elsewhere. Relative ``fallback`` and ``status_callback`` belong
        to the same origin.
        """
        if isinstance(app, str):
            parts = urlsplit(app)
            origin, url = f"{parts.scheme}://{parts.netloc}", app
            self._servers.add(origin)
        else:
            if self._applications.setdefault(origin, app) is not app:
                raise CallError(f"another application is already reached at {origin}")
            url = origin + path
        self._targets.clear()
        made = Number(self.seed.sid("PN"), number, origin)
        made.url, made.method = url, method
        made.fallback = self.absolute(origin, fallback)
        made.status_callback = self.absolute(origin, status_callback)
        self.numbers[number] = made
        return made

    @staticmethod
    def absolute(origin: str, url: str) -> str:
        return origin + url if url.startswith("/") else url

    def phone(self, number: str) -> Handset:
        """The telephone with that number, ``client:name`` or ``sip:…``; it exists from now on."""
        handset = self.phones.get(number)
        if handset is None:
            handset = self.phones[number] = Handset(self, number)
        return handset

    @cached_property
    def api(self) -> Api:
        """Twilio's REST API over this exchange."""
        from ivr.simulator.rest import Api

        return Api(self)

    @cached_property
    def client(self) -> Any:
        """An unmodified ``twilio.rest.Client`` that talks to this exchange, in process."""
        from twilio.rest import Client

        from ivr.simulator.sdk import http_client

        return Client(self.account_sid, self.auth_token, http_client=http_client(self))

    # ---- calls

    def leg(self, direction: str, sender: str, receiver: str, parent: Leg | None = None) -> Leg:
        phone = self.phones.get(sender if direction == "inbound" else receiver)
        leg = Leg(self, direction, sender, receiver, phone, parent)
        self.legs[leg.sid] = leg
        return leg

    def dial_in(self, sender: str, receiver: str) -> Leg:
        """A telephone calls a number; the application's first document is requested."""
        number = self.numbers.get(e164(receiver) or receiver)
        if number is None:
            known = ", ".join(self.numbers) or "none"
            raise CallError(f"nobody answers at {receiver}; numbers with an application: {known}")
        leg = self.leg("inbound", sender, number.number)
        leg.route = number.route
        if number.status_callback:
            leg.callback = Callback(number.status_callback, number.status_method)
        self.clock.soon(self._begin, leg, number)
        return leg

    def _begin(self, leg: Leg, number: Number) -> None:
        if not leg.ended:
            leg.run(acts.Fetch(number.url, number.method), answered=False)

    def dial_out(
        self,
        sender: str,
        receiver: str,
        start: acts.Fetch | acts.Page,
        timeout: float,
        digits: str = "",
    ) -> Leg:
        """A call made by REST: queued now, placed as soon as whatever is going on is over.

        ``digits`` are tones that the callee hears first.
        """
        leg = self.leg("outbound-api", sender, receiver)
        leg.start = start
        leg.tones = digits
        self.clock.soon(leg.place, timeout)
        return leg

    def ended(self, leg: Leg) -> None:
        """An ended call can still be asked for, until many more have ended."""
        self.recordings.over(leg.sid)
        self._ended.append(leg.sid)
        while len(self._ended) > KEPT:
            self.legs.pop(self._ended.popleft(), None)

    # ---- rooms and queues

    def engagement(self, leg: Leg, player: Player, request: acts.Connect) -> Engagement:
        """What a Dial leads to."""
        dial, base = request.dial, request.base
        match dial.nouns:
            case (v.Conference() as noun,):
                return Seat(self.room(noun.name), leg, player, dial, noun, base)
            case (v.Queue() as noun,):
                return QueueDial(leg, player, dial, noun, self.queue_named(noun.name), base)
        return NumberDial(leg, player, dial, base)

    def room(self, name: str) -> Room:
        """The room of that name; a new one if there is none, or the last one has ended."""
        room = self._open_rooms.get(name)
        if room is None:
            room = self._open_rooms[name] = Room(self, name)
            self.rooms[room.sid] = room
        return room

    def open_room(self, name: str) -> Room | None:
        return self._open_rooms.get(name)

    def room_ended(self, room: Room) -> None:
        self.recordings.over(room.sid)
        if self._open_rooms.get(room.name) is room:
            del self._open_rooms[room.name]
        while len(self.rooms) > KEPT:
            self.rooms.popitem(last=False)

    def queue_named(self, name: str) -> Queue | None:
        return next((q for q in self.queues.values() if q.name == name), None)

    def membership(self, leg: Leg, player: Player, request: acts.Join) -> Member | None:
        """A place in a queue, which is "created on demand"; None if it is full."""
        enqueue = request.enqueue
        queue = self.queue_named(enqueue.queue)
        if queue is None:
            queue = Queue(self, enqueue.queue)
            self.queues[queue.sid] = queue
        if len(queue.members) >= min(queue.max_size, enqueue.max_queue_size or queue.max_size):
            return None
        return Member(queue, leg, player, enqueue, request.base)

    # ---- requests

    def target(self, url: str) -> Target:
        """Who serves a URL (without query). Raises ValueError when it can't be requested."""
        target = self._targets.get(url)
        if target is None:
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise ValueError(url)
            host = parts.netloc.rpartition("@")[2]
            target = Target(url, self._applications.get(f"{parts.scheme}://{host}"))
            if len(self._targets) > KEPT:
                self._targets.clear()
            self._targets[url] = target
        return target

    def serves(self, url: str) -> bool:
        """Does the URL belong to an application that has a number here?"""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        return origin in self._applications or origin in self._servers

    def note(self, level: str, code: int, text: str, url: str = "", call_sid: str = "") -> None:
        """A line in the debugger."""
        del self.debugger[:-KEPT]
        self.debugger.append(Notice(self.clock.now(), level, code, text, url, call_sid))

    # ---- making things go wrong

    @property
    def webhook_faults(self) -> list[WebhookFault]:
        return self.faults.webhooks

    def faults_of(self, delivery: Delivery) -> tuple[float, int]:
        """(seconds late, how many times more) of a request that is about to be made."""
        return self.faults.of_webhook(delivery.url)

    def deliver_twice(self, matching: str, times: int | None = None) -> WebhookFault:
        """Requests whose URL contains this (``*``: anything) come twice; the 2nd answer counts."""
        return self.faults.webhook(matching, 0.0, 1, times)

    def delay(self, matching: str, seconds: float, times: int | None = None) -> WebhookFault:
        """Requests whose URL contains this (``*`` is anything) arrive so many seconds later.

        A document that is 15 s late or more comes too late: Twilio has given up by then.
        """
        return self.faults.webhook(matching, seconds, 0, times)

    def rest_fails(self, kind: str, matching: str = "*", times: int | None = None) -> Any:
        """REST requests fail. ``kind``: "429", "500", "timeout", "malformed", "answer lost".

        ``matching``: a method and a path below the account without ".json", as "POST /Calls" or
        "POST /Calls/*"; each part may hold ``*``. "answer lost": carried out, but the client sees a
        time-out. Returns something with ``.stop()`` that is also a context manager.
        """
        return self.faults.rest(kind, matching, times)

    # ---- is everything in order?

    def strict(self) -> None:
        """AssertionError for a failed webhook, a line in the debugger or a call still going on."""
        wrong = [f"debugger: {n.level} {n.code} {n.text} {n.url}".rstrip() for n in self.debugger]
        wrong += [
            f"webhook failed: {w.method} {w.url} answered {w.status}"
            for w in self.requests
            if not 200 <= w.status < 400
        ]
        for phone in self.phones.values():
            if phone.leg is not None:
                state = "ringing" if phone.ringing else "in a call"
                wrong.append(f"{phone.number} is still {state} ({phone.leg.sid})")
        if wrong:
            raise AssertionError("the exchange isn't in order:\n  " + "\n  ".join(wrong))


__all__ = ["Exchange", "Notice", "Number"]
