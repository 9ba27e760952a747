"""One logical request: retries, redirects, credentials, cookies, and injected faults."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl

from ivr.simulator.interpreter.interpreter import resolve
from ivr.simulator.network.network import Network
from ivr.simulator.network.signing import sign
from ivr.simulator.network.targets import Target
from ivr.simulator.network.webhook import Webhook
from ivr.simulator.webhooks.answers import in_words
from ivr.simulator.webhooks.credentials import Login, login
from ivr.simulator.webhooks.over_http import call_server
from ivr.simulator.webhooks.request import (
    CONNECT_SECONDS,
    TOTAL_SECONDS,
    HTTPCall,
    HTTPReply,
    call_application,
    compose,
    failed,
    refused_for_callbacks,
)

MAX_REDIRECTS = 10
FOLLOWED = (301, 302, 303, 307)  # https://www.twilio.com/docs/api/errors/11216
CONNECT_FAILURES = frozenset({11201, 11202, 11205, 11210})
READ_FAILURES = frozenset({11203, 11206})


class Jar:
    """A call's cookies and credentials: "Twilio keeps cookies per call" (docs/voice/twiml)."""

    __slots__ = ("cookies", "logged_in")

    def __init__(self) -> None:
        self.cookies: dict[str, dict[str, str]] | None = None  # most calls never get one
        self.logged_in: dict[str, Login] | None = None

    def headers(self, host: str, method: str, path: str) -> dict[str, str]:
        """The headers that earlier answers have led to; ``path`` includes the query."""
        headers = {}
        if self.cookies is not None and self.cookies.get(host):
            headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies[host].items())
        if self.logged_in is not None and host in self.logged_in:
            headers["Authorization"] = self.logged_in[host].header(method, path)
        return headers

    def log_in(self, host: str, credentials: str, challenge: str) -> bool:
        """Answer a challenge with a URL's own credentials; False for an unknown scheme."""
        scheme = login(credentials, challenge)
        if scheme is not None:
            self.logged_in = {**(self.logged_in or {}), host: scheme}
        return scheme is not None

    def store(self, host: str, reply: HTTPReply) -> None:
        """Keep the cookies of an answer."""
        for name, value in reply.headers:
            if name.lower() != "set-cookie":
                continue
            try:
                morsels = SimpleCookie(value).values()
            except CookieError:
                continue
            if self.cookies is None:
                self.cookies = {}
            for morsel in morsels:
                kept = self.cookies.setdefault(host, {})
                if morsel["max-age"] == "0" or not morsel.value:
                    kept.pop(morsel.key, None)
                else:
                    kept[morsel.key] = morsel.coded_value


@dataclass(frozen=True, slots=True)
class Overrides:
    """The part of a URL after ``#``. (docs/usage/webhooks/webhooks-connection-overrides)"""

    retries: int = 1
    policy: frozenset[str] = frozenset({"ct"})
    connect: float = CONNECT_SECONDS
    read: float = TOTAL_SECONDS
    total: float = TOTAL_SECONDS

    def allows(self, reply: HTTPReply) -> bool:
        """Whether the request is made again after this reply."""
        if not reply.code and reply.status < 400:
            return False
        reasons = {f"{reply.status // 100}xx"} if reply.status else set()
        if reply.code in CONNECT_FAILURES:
            reasons.add("ct")
        if reply.code in READ_FAILURES:
            reasons.add("rt")
        return bool(self.policy & reasons or "all" in self.policy)


DEFAULT = Overrides()


def _led(came_from: str, url: str, status: int) -> str:
    """Where a redirect has led, for a message; an application that insists on https is known."""
    led = f" (HTTP {status} from {came_from} led to {url}"
    if came_from.startswith("http://") and url.startswith("https://"):
        led += "; if the application insists on https, pass its public address as origin (--origin)"
    return f"{led})"


def overrides_of(fragment: str) -> Overrides:
    """Read a fragment. Raises ValueError for values that Twilio refuses (11240-11243)."""
    given = dict(parse_qsl(fragment, strict_parsing=True))

    def whole(name: str, low: int, high: int, default: int) -> int:
        number = int(given.get(name, default))
        if not low <= number <= high:
            raise ValueError(f"{name}={number}")
        return number

    policy = frozenset(given.get("rp", "ct").split(","))
    if policy - {"4xx", "5xx", "ct", "rt", "all"}:
        raise ValueError(f"rp={given['rp']}")
    return Overrides(
        whole("rc", 0, 5, 1),
        policy,
        whole("ct", 100, 10_000, 5000) / 1000,
        whole("rt", 100, 15_000, 15_000) / 1000,
        whole("tt", 100, 15_000, 15_000) / 1000,
    )


class Delivery:
    """One logical request; every attempt has the same I-Twilio-Idempotency-Token.

    ``led``: where redirects have led it, as the end of a sentence; "" if there was none.
    ``values`` are its parameters; None for a request without any, such as a file's. `reply` is the
    final answer, None until there is one.
    """

    __slots__ = (
        "_abandoned",
        "_attempts",
        "_begun",
        "_fails",
        "_hops",
        "_network",
        "_overrides",
        "_repeats",
        "_then",
        "_token",
        "call_sid",
        "jar",
        "led",
        "method",
        "reply",
        "url",
        "values",
    )

    def __init__(
        self,
        network: Network,
        url: str,
        method: str,
        values: dict[str, str] | None,
        call_sid: str = "",
        jar: Jar | None = None,
    ) -> None:
        self._network = network
        self.url = url
        self.method = method
        self.values = values
        self.call_sid = call_sid
        self.jar = jar
        self.reply: HTTPReply | None = None
        self.led = ""
        self._token = network.seed.token()
        self._overrides = DEFAULT
        self._attempts = self._hops = self._repeats = 0
        self._fails = ""
        self._then: Callable[[Delivery], None] | None = None
        self._abandoned = False
        self._begun = False

    def start(
        self,
        then: Callable[[Delivery], None] | None,
        patience: bool = False,
        callback: bool = False,
    ) -> bool:
        """Make the request. True if it is already answered; otherwise ``then`` is called later.

        ``patience``: give up after 15 s. ``callback``: the answer isn't needed.
        """
        url, _, fragment = self.url.partition("#")
        if fragment:
            try:
                self._overrides = overrides_of(fragment)
            except ValueError as error:
                self._network.note(
                    "error", 11240, f"invalid connection override {error}", self.url, self.call_sid
                )
            self.url = url
        delay = 0.0
        if self._network.faults:
            delay, self._repeats, self._fails = self._network.faults.of_webhook(self.url, callback)
        if delay:
            self._network.clock.after(delay, self._attempt)
            if patience and delay >= TOTAL_SECONDS:
                self._network.clock.after(TOTAL_SECONDS, self._give_up)
        else:
            self._attempt()
        if self.reply is not None:
            return True
        self._then = then
        self._begun = True
        return False

    def tell(self) -> None:
        """Make the request; the answer isn't needed, but a failure is noted."""
        if refused_for_callbacks(self.url):
            text = "host names with an underscore are refused for callbacks"
            self._finish(failed(11100, text))
            self.note_failure()
        elif self.start(Delivery.note_failure, callback=True):
            self.note_failure()

    def note_failure(self) -> None:
        """Note a failed request in the debugger's log."""
        reply = self.reply
        if reply is not None and (reply.code or reply.status >= 400):
            text = (reply.error if reply.code else in_words(reply)) + self.led
            self._network.note("error", reply.code or 11200, text, self.url, self.call_sid)

    def _give_up(self) -> None:
        self._abandoned = True
        self._finish(failed(11203, f"no answer within {TOTAL_SECONDS:g} s"))

    def _finish(self, reply: HTTPReply) -> None:
        self.reply = reply
        if self._then is not None:
            self._then(self)

    def _attempt(self) -> None:
        url, _, query = self.url.partition("?")
        try:
            target = self._network.target(url)
        except ValueError as error:
            self._finish(failed(11100, str(error)))
            return
        call, record = self._compose(target, query)
        if self._fails:
            self._fail(call, record)
        elif target.app is not None:
            self._arrived(call, record, self._network.lend(call_application, call))
        else:
            self._network.elsewhere(call_server, call, self._arrived, call, record)

    def _fail(self, call: HTTPCall, record: Webhook) -> None:
        """An injected failure: it is dropped, a proxy answers, or the answer is lost."""
        kind, self._fails = self._fails, ""
        if kind == "dropped":
            self._arrived(
                call, record, failed(11205, "the connection was dropped (injected fault)")
            )
        elif kind != "answer lost":
            reply = HTTPReply(int(kind), [], b"", error="answered by a proxy (injected fault)")
            self._arrived(call, record, reply)
        elif call.target.app is not None:
            self._lost(call, record, self._network.lend(call_application, call))
        else:
            self._network.elsewhere(call_server, call, self._lost, call, record)

    def _lost(self, call: HTTPCall, record: Webhook, _answer: HTTPReply) -> None:
        """The application has done its work, and its answer never arrives."""
        reply = failed(11203, "the answer was lost (injected fault)")
        self._network.clock.after(TOTAL_SECONDS, self._arrived, call, record, reply)

    def _compose(self, target: Target, query: str) -> tuple[HTTPCall, Webhook]:
        """The signed request, and its line in `Network.requests`."""
        network, method = self._network, self.method
        form, tail = compose(self.values) if self.values else ("", "")
        if method != "POST":
            query, tail = (f"{query}&{form}" if query and form else query or form), ""
        search = f"?{query}" if query else ""
        algorithm = network.algorithm
        signature = sign(network.auth_key, target.signed + search, tail, algorithm)
        headers = {"X-Twilio-Signature": signature, "I-Twilio-Idempotency-Token": self._token}
        if algorithm != "HMAC_SHA1":
            settings = f"key={network.shared_key},algorithm={algorithm}"
            headers["X-Twilio-Webhooks-Signature-Settings"] = settings
        if self.jar is not None:
            headers.update(self.jar.headers(target.host, method, target.path + search))
        record = Webhook(
            network.clock.now(),
            target.url + search,
            method,
            form,
            self.call_sid,
            self._token,
            signature,
        )
        network.requests.append(record)
        limits = self._overrides
        body = form.encode() if method == "POST" else b""
        return (
            HTTPCall(
                target, method, query, body, headers, limits.connect, limits.read, limits.total
            ),
            record,
        )

    def _arrived(self, call: HTTPCall, record: Webhook, reply: HTTPReply) -> None:
        if call.target.app is None:
            self._network.afterwork.answered_elsewhere(call.target.url)
        record.status = reply.status
        record.body = reply.body.decode("utf-8", "replace")
        record.error = reply.error
        if self._network.taps:
            self._network.tapped(record)
        host = call.target.host
        if self.jar is not None:
            self.jar.store(host, reply)
        if self._abandoned:
            return
        if (reply.code or reply.status >= 300) and self._goes_on(call, reply):
            return
        if self._repeats:
            self._repeats -= 1
            self._attempt()
        elif 300 <= reply.status < 400 and not reply.code:
            text = f"HTTP {reply.status} isn't followed: 301, 302, 303 and 307 with a Location are"
            self._finish(reply._replace(code=11216, error=text))
        else:
            self._finish(reply)

    def _goes_on(self, call: HTTPCall, reply: HTTPReply) -> bool:
        """After an answer that isn't the last: log in, try again, or look elsewhere."""
        if reply.status == 401 and self._log_in(call, reply):
            self._attempt()
        elif self._attempts < self._overrides.retries and self._overrides.allows(reply):
            self._attempts += 1
            if self._network.faults:
                self._fails = self._network.faults.failure(self.url)
            self._attempt()
        elif reply.status in FOLLOWED and reply.header("location"):
            self._follow(reply)
        else:
            return False
        return True

    def _log_in(self, call: HTTPCall, reply: HTTPReply) -> bool:
        """After a 401, repeat the request once with the URL's own user name and password."""
        if not call.target.credentials or "Authorization" in call.headers or self.jar is None:
            return False
        challenge = reply.header("www-authenticate")
        return self.jar.log_in(call.target.host, call.target.credentials, challenge)

    def _follow(self, reply: HTTPReply) -> None:
        """A redirected POST becomes a GET and loses its parameters. (docs/voice/twiml/gather)"""
        self._hops += 1
        if self._hops > MAX_REDIRECTS:
            self._finish(failed(11215, f"more than {MAX_REDIRECTS} redirects"))
            return
        came_from = self.url
        self.url = resolve(self.url, reply.header("location")).partition("#")[0]
        self.led = _led(came_from, self.url, reply.status)
        self.method = "GET"
        self.values = None
        self._attempt()
