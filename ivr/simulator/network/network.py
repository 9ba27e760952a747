"""The network that everything stands on: time, chance, the account, and what is noted.

Nothing here knows a call: what goes on between telephones is `ivr.simulator.calls`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from typing import NamedTuple

from ivr.simulator.network.faults import Faults
from ivr.simulator.network.history import History
from ivr.simulator.network.mailbox import Mailbox
from ivr.simulator.network.numbers import (
    Account,
    ApiKey,
    Application,
    LookedUp,
    Number,
    VerifiedNumber,
)
from ivr.simulator.network.places import Places
from ivr.simulator.network.routes import e164
from ivr.simulator.network.seed import Seed
from ivr.simulator.network.signing import ALGORITHMS
from ivr.simulator.network.targets import (
    Target,
    WSGIApp,
    origin_of,
    other_scheme,
    place_of,
    requestable,
)
from ivr.simulator.network.virtual_clock import VirtualClock
from ivr.simulator.network.webhook import Webhook

START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SILENT_RECORDINGS = ("kept", "dropped")
MAX_NOTICES = 10_000
MAX_TARGETS = 10_000


class Notice(NamedTuple):
    """A line in the debugger's log.

    ``level`` is "error", "warning", or "notice" for what somebody has arranged, such as a phone
    that can't be reached. ``code`` is the number in Twilio's error dictionary
    (https://www.twilio.com/docs/api/errors), 0 for a remark of the simulator's own.
    """

    at: datetime
    level: str
    code: int
    text: str
    url: str = ""
    call_sid: str = ""


class Network(Mailbox):
    """One account's network: clock, seed, signing, numbers, and who serves which URL."""

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
        self.history = History(self.clock)  # what has happened between telephones
        self.requests: deque[Webhook] = deque(maxlen=requests)
        self.taps: list[Callable[[object], None]] = []  # called with all that goes over the wire
        self.faults = Faults(self.clock)
        self.numbers: dict[str, Number] = {}
        self.verified: dict[str, VerifiedNumber] = {}  # that calls may show as well, by number
        self.applications: dict[str, Application] = {}
        self.keys: dict[str, ApiKey] = {}
        self.account = Account(self.clock.now())
        self.looked_up: dict[str, LookedUp] = {}
        self.keeps_silence = True
        self.places = Places()
        self.added: dict[str, str] = {}  # parameters of every request about an inbound call
        self.in_process: dict[str, WSGIApp] = {}  # by origin
        # By origin, the address of an application that runs elsewhere: the same, or a local one
        # that it is reached at as if by a proxy.
        self.elsewhere_at: dict[str, str] = {}
        self._targets: dict[str, Target] = {}

    # ---- the account

    def belongs_to(self, account_sid: str, auth_token: str) -> None:
        """Be this account's network: its token signs webhooks and opens the REST API."""
        self.account_sid = account_sid
        self.auth_token = auth_token
        self.auth_key = auth_token.encode()

    def sign_with(self, algorithm: str) -> None:
        """Sign webhooks with ``HMAC_SHA1`` (the default) or ``HMAC_SHA256`` from now on.

        With SHA-256, which Twilio enables for an account on request, the header
        X-Twilio-Webhooks-Signature-Settings says so. Raises ValueError for anything else.
        """
        if algorithm not in ALGORITHMS:
            raise ValueError(f"{algorithm} isn't one of {', '.join(ALGORITHMS)}")
        self.algorithm = algorithm

    @property
    def silent_recordings(self) -> str:
        """What becomes of a <Record> in which nothing was heard, a setting of the account: "kept",
        and its action is requested, as for accounts of today; or "dropped" (16102), and the next
        verb follows. Setting it raises ValueError for anything else.
        (https://www.twilio.com/docs/api/errors/16102)
        """
        return "kept" if self.keeps_silence else "dropped"

    @silent_recordings.setter
    def silent_recordings(self, what: str) -> None:
        if what not in SILENT_RECORDINGS:
            raise ValueError(f"silent recordings are {' or '.join(SILENT_RECORDINGS)}, not {what}")
        self.keeps_silence = what == "kept"

    @cached_property
    def shared_key(self) -> str:
        """The name of the key that signs webhooks."""
        return f"webhooks_sharedkey_{self.seed.sid('')}"

    def api_key(self, name: str = "", sid: str = "", secret: str = "") -> ApiKey:
        """An API key of the account: a new one with a new secret, or one that an application has
        already. It signs access tokens and opens the REST API. (docs/iam/api-keys)"""
        key = ApiKey(sid or self.seed.sid("SK"), secret or self.seed.sid(""), name)
        self.keys[key.sid] = key
        return key

    def opens(self, user: str, secret: str) -> bool:
        """Whether this user may send REST requests: the account with its token, or an API key."""
        if user == self.account_sid:
            return secret == self.auth_token
        key = self.keys.get(user)
        return key is not None and secret == key.secret

    # ---- whose number may be shown

    def verify(self, number: str, friendly_name: str = "") -> VerifiedNumber:
        """Make a number one of the account's verified caller IDs: its calls may show it, as they
        may the account's own numbers. Raises ValueError for what isn't a phone number.
        (https://www.twilio.com/docs/voice/api/outgoing-caller-ids)
        """
        shown = e164(number)
        if not shown.startswith("+"):
            raise ValueError(f"{number} isn't a phone number such as +14155550100")
        row = self.verified.get(shown)
        if row is None:
            name = friendly_name or shown
            row = VerifiedNumber(self.seed.sid("PN"), shown, name, self.clock.now())
            self.verified[shown] = row
        return row

    def lookup_says(
        self,
        number: str,
        *,
        caller_name: str = "",
        caller_type: str = "",
        line_type: str = "",
        carrier: str = "",
        mobile_country_code: str = "",
        mobile_network_code: str = "",
        valid: bool | None = None,
    ) -> None:
        """What Lookup v2 says of a number from now on, where its form alone doesn't say it.

        ``caller_type`` is CONSUMER or BUSINESS; ``line_type`` mobile, landline, fixedVoip,
        nonFixedVoip or another of Twilio's words. ``valid``: None lets the country's plan decide.
        (https://www.twilio.com/docs/lookup/v2-api)
        """
        self.looked_up[e164(number) or number] = LookedUp(
            caller_name,
            caller_type,
            line_type,
            carrier,
            mobile_country_code,
            mobile_network_code,
            valid,
        )

    def may_show(self, number: str) -> bool:
        """Whether calls may show this telephone number: one of the account's, or verified."""
        return number in self.numbers or number in self.verified

    # ---- where URLs lead

    def mounted(self) -> None:
        """Applications have come or gone: where URLs lead is looked up again."""
        self._targets.clear()

    def target(self, url: str) -> Target:
        """Who serves a URL (without its query). Raises ValueError, which says why, when it can't
        be requested."""
        target = self._targets.get(url)
        if target is None:
            if not requestable(url):
                raise ValueError(f"{url} isn't a valid HTTP URL")
            origin = self._origin(url)
            if public := self._hidden(origin):
                raise ValueError(
                    f"{url} is on this machine, where Twilio can't reach it: the application's"
                    f" origin is {public}"
                )
            behind = self.elsewhere_at.get(origin, origin)
            app = self.in_process.get(origin)
            target = Target(url, app, "" if behind == origin else behind)
            if len(self._targets) > MAX_TARGETS:
                self._targets.clear()
            self._targets[url] = target
        return target

    def serves(self, url: str) -> bool:
        """Whether the URL belongs to an application that has a number here."""
        return self._known(self._origin(url))

    def public(self, url: str) -> str:
        """The origin at which what runs at a local URL is known to Twilio; "" if it has none."""
        here = place_of(origin_of(url))
        for origin, behind in self.elsewhere_at.items():
            if origin != behind and place_of(behind) == here:
                return origin
        return ""

    def _origin(self, url: str) -> str:
        """The origin by which a URL's application is known; http:// and https:// lead to the same
        one, as they do at most hosts, unless each has its own."""
        origin = origin_of(url)
        other = "" if self._known(origin) else other_scheme(origin)
        return other if self._known(other) else origin

    def _hidden(self, origin: str) -> str:
        """The public origin of what runs at one of this machine; "" where Twilio may ask there: if
        no application has a public origin, nothing is said of where this machine is reached."""
        if self._known(origin):
            return ""
        if public := self.public(origin):
            return public
        if not place_of(origin).startswith("localhost:"):
            return ""
        known = [*self.in_process, *self.elsewhere_at]
        here = [each for each in known if place_of(each).startswith("localhost:")]
        return "" if here or not known else known[0]

    def _known(self, origin: str) -> bool:
        return origin in self.in_process or origin in self.elsewhere_at

    # ---- what is noted

    def note(self, level: str, code: int, text: str, url: str = "", call_sid: str = "") -> None:
        """Add a line to the debugger's log."""
        del self.debugger[:-MAX_NOTICES]
        self.debugger.append(Notice(self.clock.now(), level, code, text, url, call_sid))
        self.tapped(self.debugger[-1])

    def tapped(self, what: object) -> None:
        """Hand a `Webhook` that was answered, a `RestRequest` or a `Notice` to every tap."""
        for tap in self.taps:
            tap(what)
