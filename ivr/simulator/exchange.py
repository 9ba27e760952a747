"""The exchange: many legs on one clock, the numbers they call, and what Twilio's debugger shows.

Everything happens on one thread. With ``rate`` 0 that is whoever calls: time stands still until
`Exchange.wait`, `Exchange.wait_until` or a typing phone moves it. With another rate it is a
thread of the exchange's own, and all others leave their wishes in its mailbox.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

from ivr.errors import CallError
from ivr.simulator.calls.audio import Audio
from ivr.simulator.calls.conference import Room
from ivr.simulator.calls.dial import NumberDial
from ivr.simulator.calls.leg import Engagement, Leg
from ivr.simulator.calls.messages import Messages
from ivr.simulator.calls.participants import Seat
from ivr.simulator.calls.player import Player
from ivr.simulator.calls.queues import Member, Queue, QueueDial
from ivr.simulator.calls.recordings import Recordings
from ivr.simulator.calls.side_streams import Fork
from ivr.simulator.interpreter import requests as acts
from ivr.simulator.network.faults import Chaos, Faults, Injected, RestFault, WebhookFault
from ivr.simulator.network.mailbox import Mailbox
from ivr.simulator.network.numbers import Addresses, ApiKey, Application, Number
from ivr.simulator.network.routes import e164
from ivr.simulator.network.seed import Seed
from ivr.simulator.network.virtual_clock import VirtualClock
from ivr.simulator.people.handset import Handset
from ivr.simulator.programs import Program
from ivr.simulator.webhooks.asgi import ASGIApp, InProcess, is_asgi
from ivr.simulator.webhooks.request import ALGORITHMS, Target, Webhook, WSGIApp
from ivr.twiml import verbs as v

if TYPE_CHECKING:
    from ivr.simulator.rest.api import Api

Result = TypeVar("Result")
START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
NOTHING: Mapping[str, str] = {}
KEPT = 10_000  # ended calls, rooms and debugger lines that can still be asked for


class Notice(NamedTuple):
    """A line of the debugger; ``level`` is warning or error, ``code`` 0 the simulator's own."""

    at: datetime
    level: str
    code: int
    text: str
    url: str = ""
    call_sid: str = ""


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
        self.algorithm = "HMAC_SHA1"
        self.debugger: list[Notice] = []
        self.requests: deque[Webhook] = deque(maxlen=requests)
        self.taps: list[Callable[[object], None]] = []  # told of all that goes over the wire
        # What a telephone does that is rung and that nobody has asked for; else there is none.
        self.whoever: Callable[[Handset], object] | None = None
        self.programs: list[Program] = []  # applications that run as programs
        self.audio = Audio(self)
        self.recordings = Recordings(self)
        self.messages = Messages(self)
        self.faults = Faults(self)
        self.numbers: dict[str, Number] = {}
        self.applications: dict[str, Application] = {}
        self.keys: dict[str, ApiKey] = {}
        self.phones: dict[str, Handset] = {}
        self.legs: dict[str, Leg] = {}
        self.rooms: dict[str, Room] = {}
        self.queues: dict[str, Queue] = {}
        self.forks: dict[str, Fork] = {}  # what goes on beside calls, by SID
        self._ended: deque[str] = deque()
        self._applications: dict[str, WSGIApp] = {}
        self._servers: set[str] = set()
        self._targets: dict[str, Target] = {}
        self._open_rooms: dict[str, Room] = {}
        self._ended_rooms: deque[str] = deque()
        self._queues_named: dict[str, Queue] = {}

    # ---- setting it up

    def number(
        self,
        number: str,
        app: WSGIApp | ASGIApp | Program | str,
        path: str = "/",
        *,
        status_callback: str = "",
        origin: str = "https://line.test",
        fallback: str = "",
        method: str = "POST",
        sms: str = "",
    ) -> Number:
        """Give an application a number.

        ``app``: a WSGI or ASGI application, called at ``path`` as if it were reached at
        ``origin``; a `Program`, reached at ``path`` where it runs; or the URL of one that runs
        elsewhere. Relative ``fallback``, ``status_callback`` and ``sms`` (who answers texts)
        belong to the same origin.
        """
        if isinstance(app, Program):
            app.joins(self)
            if app not in self.programs:
                self.programs.append(app)
            app = app.url + path
        if isinstance(app, str):
            parts = urlsplit(app)
            origin, url = f"{parts.scheme}://{parts.netloc}", app
            self._servers.add(origin)
        else:
            self._mount(origin, app)
            url = origin + path
        self._targets.clear()
        made = Number(self.seed.sid("PN"), number, origin)
        made.url, made.method = url, method
        made.fallback = self.absolute(origin, fallback)
        made.status_callback = self.absolute(origin, status_callback)
        made.sms_url = self.absolute(origin, sms)
        self.numbers[number] = made
        return made

    def _mount(self, origin: str, app: Any) -> None:
        if not callable(app):
            what = "a WSGI or ASGI application, a program or a URL"
            raise CallError(f"{app!r} can't answer a number: {what} is needed")
        mounted = self._applications.get(origin)
        if mounted is None:
            self._applications[origin] = InProcess(app, self) if is_asgi(app) else app
        elif (mounted.app if isinstance(mounted, InProcess) else mounted) != app:
            raise CallError(
                f"another application is already reached at {origin}; say another origin="
            )

    def belongs_to(self, account_sid: str, auth_token: str) -> None:
        """Be the network of this account: its token signs webhooks and opens the REST API."""
        self.account_sid, self.auth_token = account_sid, auth_token
        self.auth_key = auth_token.encode()
        self.__dict__.pop("client", None)  # one that has the account of before

    def sign_with(self, algorithm: str) -> None:
        """Sign webhooks from now on by ``HMAC_SHA1`` or, as who asks for it has it at Twilio,
        ``HMAC_SHA256``, and say so in X-Twilio-Webhooks-Signature-Settings."""
        if algorithm not in ALGORITHMS:
            raise ValueError(f"{algorithm} isn't one of {', '.join(ALGORITHMS)}")
        self.algorithm = algorithm

    @cached_property
    def shared_key(self) -> str:
        """The name of the key by which webhooks are signed."""
        return f"webhooks_sharedkey_{self.seed.sid('')}"

    @staticmethod
    def absolute(origin: str, url: str) -> str:
        return origin + url if url.startswith("/") else url

    def phone(self, number: str) -> Handset:
        """The telephone with that number, ``client:name`` or ``sip:…``; it exists from now on."""
        handset = self.phones.get(number)
        if handset is None:
            handset = self.phones[number] = Handset(self, number)
        return handset

    def api_key(self, name: str = "") -> ApiKey:
        """A new one, with its secret, for the application to sign access tokens with."""
        key = ApiKey(self.seed.sid("SK"), self.seed.sid(""), name)
        self.keys[key.sid] = key
        return key

    def softphone(self, token: str) -> Handset:
        """The telephone of whoever an access token names; what the token grants is what it may do.

        Raises `CallError` with Twilio's number when the token is refused.
        """
        from ivr.simulator.people.softphone import access

        granted = access(self, token)
        phone = self.phone(f"client:{granted.identity}")
        phone.access = granted
        return phone

    @cached_property
    def api(self) -> Api:
        """Twilio's REST API over this exchange."""
        from ivr.simulator.rest.api import Api

        return Api(self)

    @cached_property
    def client(self) -> Any:
        """An unmodified ``twilio.rest.Client`` that talks to this exchange, in process."""
        from twilio.rest import Client

        from ivr.simulator.rest.sdk import http_client

        return Client(self.account_sid, self.auth_token, http_client=http_client(self))

    @property
    def streams(self) -> list[Fork]:
        """The <Stream>s that are open; ``close()`` one as its websocket's server would."""
        return [fork for fork in self.forks.values() if isinstance(fork.noun, v.Stream)]

    # ---- calls

    def leg(self, direction: str, sender: str, receiver: str, parent: Leg | None = None) -> Leg:
        end = sender if direction == "inbound" else receiver
        phone = self.phones.get(end)
        if phone is None and self.whoever is not None and end:
            phone = self.phone(end)
            self.whoever(phone)
        leg = Leg(self, direction, sender, receiver, phone, parent)
        self.legs[leg.sid] = leg
        return leg

    def dial_in(self, sender: str, receiver: str) -> Leg:
        """A telephone calls a number; the application's first document is requested."""
        number = self.numbers.get(e164(receiver) or receiver)
        if number is None:
            known = ", ".join(self.numbers) or "none"
            raise CallError(f"nobody answers at {receiver}; numbers with an application: {known}")
        answers = self.applications.get(number.application, number)
        return self._dialled(sender, number.number, answers)

    def dial_application(self, sender: str, sid: str, params: Mapping[str, str]) -> Leg:
        """A softphone calls a TwiML application, which is told the parameters as well."""
        application = self.applications.get(sid)
        if application is None:
            raise CallError(f"{sender} may call {sid or 'no application'}, and there is none")
        return self._dialled(sender, params.get("To", ""), application, params)

    def _dialled(
        self, sender: str, receiver: str, answers: Addresses, params: Mapping[str, str] = NOTHING
    ) -> Leg:
        leg = self.leg("inbound", sender, receiver)
        leg.route, leg.callback = answers.route, answers.callback
        extra = [("ApplicationSid", answers.sid)] if isinstance(answers, Application) else []
        own = leg.fields()  # nobody can call himself something else
        extra += [(name, value) for name, value in params.items() if name not in own]
        self.clock.soon(self._begin, leg, acts.Fetch(answers.url, answers.method, tuple(extra)))
        return leg

    def _begin(self, leg: Leg, start: acts.Fetch) -> None:
        if not leg.ended:
            leg.run(start, answered=False)

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
        self._ended_rooms.append(room.sid)
        while len(self._ended_rooms) > KEPT:
            self.rooms.pop(self._ended_rooms.popleft(), None)

    def queue_named(self, name: str) -> Queue | None:
        return self._queues_named.get(name)

    def queue_made(self, queue: Queue) -> None:
        """It can be found from now on; by its name the one that had it first."""
        self.queues[queue.sid] = queue
        self._queues_named.setdefault(queue.name, queue)

    def queue_renamed(self, queue: Queue, name: str) -> None:
        self._not_named_so(queue)
        queue.name = name
        self._queues_named.setdefault(name, queue)

    def queue_deleted(self, queue: Queue) -> None:
        del self.queues[queue.sid]
        self._not_named_so(queue)

    def _not_named_so(self, queue: Queue) -> None:
        if self._queues_named[queue.name] is queue:
            del self._queues_named[queue.name]
            for other in self.queues.values():
                if other.name == queue.name and other is not queue:
                    self._queues_named.setdefault(queue.name, other)

    def membership(self, leg: Leg, player: Player, request: acts.Join) -> Member | None:
        """A place in a queue, which is "created on demand"; None if it is full."""
        enqueue = request.enqueue
        queue = self.queue_named(enqueue.queue)
        if queue is None:
            queue = Queue(self, enqueue.queue)
            self.queue_made(queue)
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
        self.tapped(self.debugger[-1])

    def tapped(self, what: object) -> None:
        """A `Webhook` that was answered, a `RestRequest` or a `Notice`, to whoever listens in."""
        for tap in self.taps:
            tap(what)

    # ---- making things go wrong

    @property
    def injected(self) -> list[Injected]:
        """What was made to go wrong so far, by the methods below."""
        return list(self.faults.injected)

    def deliver_twice(self, matching: str, times: int | None = None) -> WebhookFault:
        """Requests whose URL contains this (``*``: anything) come twice; the 2nd answer counts."""
        return WebhookFault(self.faults.webhooks, matching, times, again=1)

    def delay(self, matching: str, seconds: float, times: int | None = None) -> WebhookFault:
        """Requests whose URL contains this (``*`` is anything) arrive so many seconds later.

        A document that is 15 s late or more comes too late: Twilio has given up by then.
        """
        return WebhookFault(self.faults.webhooks, matching, times, seconds=seconds)

    def webhook_fails(
        self, kind: str, matching: str = "*", times: int | None = None
    ) -> WebhookFault:
        """Attempts whose URL contains this (``*`` is anything) fail.

        ``kind``: "dropped" (no connection; Twilio tries once more), "503" or another status from
        400 to 599 (something in front of the application answers), "answer lost" (the application
        does its work, but Twilio has given up after 15 s). ``times`` counts attempts.
        """
        return WebhookFault(self.faults.webhooks, matching, times, kind=kind)

    def chaos(
        self,
        webhooks: float = 0.05,
        callbacks: float = 0.1,
        rest: float = 0.05,
        *,
        within: float = 5.0,
        seed: object = None,
    ) -> Chaos:
        """From now on things go wrong by chance: requests for documents, status callbacks and REST
        requests, each with its probability.

        Documents come late, twice, are dropped or answered with 503; callbacks besides lose their
        answer; what is late is so up to ``within`` seconds, so that callbacks overtake each other.
        REST requests fail as in `rest_fails`. The same ``seed`` (the exchange's own if none is
        given) and the same calls give the same faults; `injected` lists them.
        """
        number = self.seed.number if seed is None else seed
        return Chaos(self.faults.chaos, number, webhooks, callbacks, rest, within)

    def rest_fails(self, kind: str, matching: str = "*", times: int | None = None) -> RestFault:
        """REST requests fail. ``kind``: "429", "500", "timeout", "malformed", "answer lost".

        ``matching``: a method and a path below the account without ".json", as "POST /Calls" or
        "POST /Calls/*"; each part may hold ``*``. "answer lost": carried out, but the client sees a
        time-out. All of these return something with ``.stop()`` that is also a context manager.
        """
        return RestFault(self.faults.requests, matching, times, kind)

    # ---- is everything in order?

    def strict(self) -> None:
        """AssertionError for a failed webhook, a line in the debugger or a call still going on.

        It says for each what to do, and what was said lately to whom.
        """
        from ivr.simulator.expectations.order import disorder

        __tracebackhide__ = True  # pytest: what failed is the test
        if wrong := disorder(self):
            raise AssertionError(f"the exchange isn't in order:\n{wrong}")


__all__ = ["Exchange", "Notice", "Number"]
