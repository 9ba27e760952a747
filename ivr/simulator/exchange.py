"""The exchange: a telephone network as a test or a terminal uses it.

Everything happens on one thread. With ``rate`` 0 that is the caller's own: time stands still until
`Exchange.wait`, `Exchange.wait_until` or a typing phone moves it. With another rate it is a thread
of the exchange's own, and other threads leave what they want done in its mailbox.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from functools import cached_property
from typing import Any

from ivr.errors import CallError
from ivr.simulator.calls.engagements.agents import Script
from ivr.simulator.calls.engagements.conversations import Conversation
from ivr.simulator.calls.engagements.rooms import Room
from ivr.simulator.calls.side_streams import SideStream
from ivr.simulator.calls.switchboard import Switchboard
from ivr.simulator.calls.taskrouter.routing import default_routing
from ivr.simulator.calls.taskrouter.workspace import RESERVED_FOR, Worker, Workflow, Workspace
from ivr.simulator.expectations.listening import Listener
from ivr.simulator.expectations.order import disorder
from ivr.simulator.network.faults import Chaos, Injected, RestFault, WebhookFault
from ivr.simulator.network.network import START
from ivr.simulator.network.numbers import Number
from ivr.simulator.network.places import Place
from ivr.simulator.network.routes import SIP, e164
from ivr.simulator.network.targets import WSGIApp, as_origin, at_origin, origin_of, requestable
from ivr.simulator.people.handset import Handset
from ivr.simulator.people.softphone import access
from ivr.simulator.programs import Program
from ivr.simulator.rest.api import Api
from ivr.simulator.rest.interception import intercepting
from ivr.simulator.rest.sdk import client
from ivr.simulator.webhooks.asgi import ASGIApp, InProcess, is_asgi
from ivr.twiml import verbs as v

IN_PROCESS = "https://line.test"  # the origin of an application in this process


class Exchange(Switchboard):
    """A telephone network in a process: phones on one side, TwiML applications on the other.

    ``start`` is the instant at which its clock begins (aware). ``rate``: 0 jumps from event to
    event, 1 is real time, 20 is twenty times as fast. ``requests``: how many webhooks `requests`
    remembers. The same ``seed`` and the same actions give the same bytes.
    """

    phones: dict[str, Handset]

    def __init__(
        self,
        seed: int = 1,
        *,
        start: datetime = START,
        rate: float = 0,
        requests: int = 10_000,
    ) -> None:
        super().__init__(seed, start=start, rate=rate, requests=requests)
        self.programs: list[Program] = []  # applications that run as programs
        self.origin = ""  # of numbers that aren't given one, such as "https://line.example"

    # ---- setting it up

    def number(
        self,
        number: str,
        app: WSGIApp | ASGIApp | Program | str,
        path: str = "/",
        *,
        status_callback: str = "",
        origin: str = "",
        fallback: str = "",
        method: str = "POST",
        sms: str = "",
    ) -> Number:
        """Give an application a number.

        ``app``: a WSGI or ASGI application or a `Program`, which answers at ``path``, or the URL
        of an application that runs elsewhere. ``origin``: the scheme and host at which Twilio
        reaches it, such as ``https://line.example``; by default the exchange's `origin`, else
        ``https://line.test`` for one in process, and where it runs for the others.
        ``fallback``, ``status_callback`` and ``sms`` (which answers texts) may be relative to it.

        Raises `CallError` for an ``app`` that is none of these, for an ``origin`` that isn't one,
        and when another application is already reached there.
        """
        if isinstance(app, Program):
            self._join(app)
            app = app.url + path
        if isinstance(app, str):
            if not requestable(app):
                raise CallError(f"{app!r} isn't a URL such as http://localhost:3000/voice")
            origin = self.mount(origin or self.public(app) or self.origin or origin_of(app), app)
            url = at_origin(origin, app)
        else:
            origin = self.mount(origin or self.origin or IN_PROCESS, app)
            url = origin + path
        number = _plain(number)
        row = Number(self.seed.sid("PN"), number, self.clock.now())
        row.url = url
        row.method = method
        row.fallback = _absolute(origin, fallback)
        row.status_callback = _absolute(origin, status_callback)
        row.sms_url = _absolute(origin, sms)
        self.numbers[number] = row
        return row

    def mount(self, origin: str, app: WSGIApp | ASGIApp | Program | str) -> str:
        """Let Twilio reach an application at ``origin``, such as ``https://line.example``: what is
        signed, and what URLs of documents, actions, callbacks and media begin with. Returns it.

        `number` does this; it is for an application that has no number. One that runs elsewhere
        is requested where it runs, with the headers of a proxy: Host, X-Forwarded-For,
        X-Forwarded-Host and X-Forwarded-Proto. Raises `CallError` as `number` does.
        """
        try:
            origin = as_origin(origin)
        except ValueError as error:
            raise CallError(str(error)) from None
        if isinstance(app, Program):
            self._join(app)
            app = app.url
        there: Any = self.in_process.get(origin, self.elsewhere_at.get(origin))
        here: Any = origin_of(app) if isinstance(app, str) else app
        if here == origin and there is not None:  # the URL of an application that is known
            return origin
        if (there.app if isinstance(there, InProcess) else there) not in (None, here):
            raise CallError(
                f"another application is already reached at {origin}; give each an origin of its "
                "own (origin=, or --origin ORIGIN=URL)"
            )
        if isinstance(here, str):
            self.elsewhere_at[origin] = here
        elif not callable(here):
            raise CallError(
                f"{app!r} can't answer a number; pass a WSGI or ASGI application, a program or a "
                "URL"
            )
        elif there is None:
            self.in_process[origin] = InProcess(here, self) if is_asgi(here) else here
        self.mounted()
        return origin

    def _join(self, program: Program) -> None:
        program.joins(self.api)
        if program not in self.programs:
            self.programs.append(program)

    def phone(
        self,
        number: str,
        *,
        city: str = "",
        state: str = "",
        zip: str = "",
        country: str = "",
        sends: Mapping[str, str] | None = None,
    ) -> Handset:
        """The telephone with that number, ``client:name``, ``sip:user@host`` or ``sim:DE…``; it
        exists from now on.

        Webhooks about it say its country, by its prefix; its city, state and zip code, and another
        country, if they are given here. (https://www.twilio.com/docs/voice/twiml#request-parameters)
        A SIP phone ``sends`` these headers with its calls and its answers.
        (https://www.twilio.com/docs/voice/twiml/sip)
        """
        number = _plain(number)
        if city or state or zip or country:
            self.places.tell(number, Place(city, state, zip, country))
        handset = self.phones.get(number)
        if handset is None:
            handset = self.phones[number] = Handset(self, number)
            handset.listener = Listener(handset, self.phones)
        if sends is not None:
            handset.sends = dict(sends)
        return handset

    def adds(self, **parameters: str) -> None:
        """Webhooks about inbound calls have these parameters as well from now on, such as
        ``AddOns``, a JSON text, of an account that has add-ons installed, or ``StirVerstat``.
        (https://www.twilio.com/docs/add-ons, /docs/voice/trusted-calling-with-shakenstir)
        """
        self.added |= parameters

    def softphone(self, token: str) -> Handset:
        """The telephone that an access token names; it may do what the token grants.

        Raises `CallError` with Twilio's number when the token is refused.
        (https://www.twilio.com/docs/iam/access-tokens)
        """
        granted = access(self, token)
        phone = self.phone(f"client:{granted.identity}")
        phone.access = granted
        return phone

    def room(self, name: str, *, status_callback: str = "", method: str = "POST") -> Room:
        """The video room of that name, which is opened if none is in progress.

        Telephones get there by <Connect><Room>, people in front of a screen by
        ``exchange.phone("client:bob").join(name)``. ``status_callback``: where what happens in a
        new room is reported.
        """
        return self.do(lambda: self.connections.rooms.open(name, status_callback, method))

    def virtual_agent(self, connector: str, script: Script) -> None:
        """Let a script be the virtual agent of that ``connectorName``, instead of Dialogflow.

        ``script``: called with an `AgentSession` for each caller; it yields what the agent says,
        and is sent what the caller says or keys ("" for nothing in `AgentSession.patience`
        seconds). The session is over when it returns, as ``session.hand_off(department="loans")``
        or ``session.fail(…)`` has said; otherwise it is completed.
        """
        self.connections.agents[connector] = script

    def conversation(
        self,
        customer: str = "",
        *,
        worker: str = "",
        service: str = "",
        assigned_after: float = 0.0,
    ) -> None:
        """Let a customer, by number, have a conversation with a worker, whom <Conversation> rings.

        ``worker``: the address of their telephone, such as ``client:alice``; "" for a conversation
        that has none. Without a ``customer`` this is how new ones are routed
        (``inboundAutocreation``): the worker is assigned ``assigned_after`` seconds. ``service``:
        the SID of its service, "" for any.
        """
        known = Conversation(e164(customer) or customer, worker, service, assigned_after)
        self.connections.conversations.add(known)

    def workspace(self, *, sid: str = "", events: str = "") -> Workspace:
        """The TaskRouter workspace of the test, which is made if need be, with the SID that the
        application knows it by. ``events``: its EventCallbackUrl.
        """
        return self.do(lambda: self._workspace(sid, events))

    def _workspace(self, sid: str = "", events: str = "") -> Workspace:
        router = self.tasks.router
        spaces = list(router.workspaces.values())
        space = router.workspaces.get(sid) if sid else spaces[0] if spaces else None
        if space is None:
            space = router.workspace(sid=sid)
        space.event_url = events or space.event_url
        return space

    def workflow(
        self,
        assignment: str = "",
        *,
        sid: str = "",
        targets: str = "1==1",
        reservation_timeout: int = RESERVED_FOR,
        fallback: str = "",
    ) -> Workflow:
        """A workflow for <Enqueue workflowSid>, with the SID that the application knows it by.

        ``assignment``: the URL that is asked what to do with a task that is assigned, and
        ``fallback`` the one that is asked if that fails. ``targets``: which workers get its tasks,
        such as ``'languages HAS "en"'``. ``reservation_timeout``: seconds that a worker has. Raises
        ValueError for targets that can't be read. An application may also make its own by REST.
        """
        return self.do(
            lambda: self._workflow(assignment, sid, targets, reservation_timeout, fallback)
        )

    def _workflow(
        self, assignment: str, sid: str, targets: str, lasts: int, fallback: str
    ) -> Workflow:
        router, space = self.tasks.router, self._workspace()
        queue = router.queue(space, "Everyone who fits", targets)
        workflow = router.workflow(space, "Workflow", sid)
        router.configure(space, workflow, default_routing(queue))
        workflow.assignment_url, workflow.fallback_url = assignment, fallback
        workflow.reservation_timeout = lasts
        return workflow

    def worker(self, name: str, *, available: bool = True, **attributes: Any) -> Worker:
        """The worker of that name, who is made if need be; ``attributes`` such as
        ``contact_uri="+15550100"`` or ``languages=["en"]`` are added to theirs.

        Their activity is Available, or Offline where they aren't ``available``. Their telephone is
        the phone at ``contact_uri``, as any other.
        """
        return self.do(lambda: self._worker(name, available, attributes))

    def _worker(self, name: str, available: bool, attributes: dict[str, Any]) -> Worker:
        router, space = self.tasks.router, self._workspace()
        activity = space.activity("Available" if available else "Offline")
        if activity is None:
            raise CallError("the workspace has lost its activities Available and Offline")
        worker = next((each for each in space.workers.values() if each.name == name), None)
        if worker is None:
            return router.worker(space, name, attributes, activity)
        worker.attributes |= attributes
        router.move(space, worker, activity)
        router.soon(space)
        return worker

    def belongs_to(self, account_sid: str, auth_token: str) -> None:
        super().belongs_to(account_sid, auth_token)
        self.__dict__.pop("client", None)  # it holds the credentials of the account before

    @cached_property
    def api(self) -> Api:
        """Twilio's REST API over this exchange; `RestServer` serves it over HTTP."""
        return Api(self)

    @cached_property
    def client(self) -> Any:
        """An unmodified ``twilio.rest.Client`` that talks to this exchange, in process."""
        return client(self.api)

    def intercept(self) -> AbstractContextManager[None]:
        """Within this, every REST request of this process to Twilio goes to this exchange.

            with exchange.intercept():
                twilio.rest.Client(…).calls.create(…)

        Whatever sends it, in whatever thread: ``twilio`` of any version, its asynchronous client,
        ``requests``, ``httpx``, ``urllib``. What isn't simulated, and every other host of
        Twilio's, answers 501. ``exchange`` becomes the network of the account in
        ``TWILIO_ACCOUNT_SID`` and ``TWILIO_AUTH_TOKEN``; if they aren't set, they are the
        exchange's own within this. Of several exchanges that intercept at once a request goes to
        the one whose account or API key it names.
        """
        return intercepting(self.api)

    @property
    def streams(self) -> list[SideStream]:
        """The <Stream>s that are open; ``close()`` one as its websocket's server would."""
        return [each for each in self.side_streams.values() if isinstance(each.noun, v.Stream)]

    # ---- faults

    @property
    def injected(self) -> list[Injected]:
        """The faults that have been injected so far, by the methods below."""
        return list(self.faults.injected)

    def deliver_twice(self, matching: str, times: int | None = None) -> WebhookFault:
        """Webhooks whose URL contains ``matching`` (``*``: anything) arrive twice.

        The second answer counts. ``times``: how many webhooks; None for all from now on.
        """
        return WebhookFault(self.faults.webhooks, matching, times, again=1)

    def delay(self, matching: str, seconds: float, times: int | None = None) -> WebhookFault:
        """Webhooks whose URL contains ``matching`` (``*``: anything) arrive so many seconds later.

        A document that takes 15 s or more is too late: Twilio has given up by then. ``times``: how
        many webhooks; None for all from now on.
        """
        return WebhookFault(self.faults.webhooks, matching, times, seconds=seconds)

    def webhook_fails(
        self, kind: str, matching: str = "*", times: int | None = None
    ) -> WebhookFault:
        """Webhook attempts whose URL contains ``matching`` (``*``: anything) fail.

        ``kind``: "dropped" (no connection; Twilio tries once more), "503" or another status from
        400 to 599 (a proxy answers instead of the application), "answer lost" (the application does
        its work, but Twilio gives up after 15 s). ``times`` counts attempts; None for all from now
        on. Raises ValueError for an unknown kind.
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
        """Inject faults by chance from now on: into requests for documents (``webhooks``), status
        callbacks and REST requests, each with a probability from 0 to 1.

        Requests for documents are late, arrive twice, are dropped or answered with 503; callbacks
        may also lose their answer. Late requests are up to ``within`` seconds late, so callbacks
        may arrive out of order. REST requests fail as in `rest_fails`. The same ``seed`` (by
        default the exchange's own) and the same calls give the same faults; `injected` lists them.
        """
        number = self.seed.number if seed is None else seed
        return Chaos(self.faults.chaos, number, webhooks, callbacks, rest, within)

    def rest_fails(self, kind: str, matching: str = "*", times: int | None = None) -> RestFault:
        """REST requests fail. ``kind``: "429", "500", "timeout", "malformed" or "answer lost".

        ``matching``: a method and a path below the account without ".json", such as "POST /Calls"
        or "POST /Calls/*"; either may contain ``*``. "answer lost": the request is carried out, but
        the client sees a time-out. ``times``: how many requests; None for all from now on. Raises
        ValueError for an unknown kind.

        Every method that injects faults returns a rule, which `stop()` ends; it is also a context
        manager.
        """
        return RestFault(self.faults.requests, matching, times, kind)

    # ---- is everything in order?

    def strict(self) -> None:
        """Check that everything is in order at the end of a test.

        Raises AssertionError for every failed webhook, every line in the debugger's log that is
        more than a notice, and every phone that is ringing or in a call. The message says what to
        do about each, and what was said last to whom.
        """
        if wrong := disorder(self, self.phones):
            raise AssertionError(f"the exchange isn't in order:\n{wrong}")


def _plain(number: str) -> str:
    """A SIP address without its port and parameters; any other number as it is."""
    return (e164(number) or number) if number.lower().startswith(SIP) else number


def _absolute(origin: str, url: str) -> str:
    return origin + url if url.startswith("/") else url


__all__ = ["Exchange"]
