"""Duties that tell people and lists what they have to know.

A notice is a duty of kind ``notify``, added once by its key; here it is delivered, at least once. A
repetition after a crash has the same ``X-Notice-Key``. Delivery is retried for hours, then given
up, logged and shown. Addresses and passwords are never logged.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from ivr.clock import Clock
from ivr.line.desk.events import Event
from ivr.line.desk.notice_texts import Templates, Words
from ivr.line.errors import GivenUp, NotYet
from ivr.line.outside.mail import Addresses, Channel, by_apprise
from ivr.line.records import Duty
from ivr.line.store.store import Store

PAUSES = (30, 60, 300, 900, 3600, 7200, 14400)  # seconds before each further try
SLOW = timedelta(seconds=2)  # a failure that takes longer has kept other duties waiting


class Notices:
    """Delivers duties of kind ``notify``. ``last_resort`` is told when somebody else can't be."""

    def __init__(
        self,
        store: Store,
        templates: Templates,
        addresses: Addresses,
        clock: Clock,
        last_resort: str,
        deliver: Channel = by_apprise,
    ) -> None:
        self.store = store
        self.templates = templates
        self.addresses = addresses
        self.clock = clock
        self.last_resort = last_resort
        self.deliver = deliver
        self._silent: dict[str, datetime] = {}  # servers that aren't tried until then

    def notify(self, duty: Duty) -> None:
        """Tell one person or list. Raises `NotYet` to try again, `GivenUp` when it is no use."""
        data, name = duty.data, str(duty.data.get("list") or "")
        if "mail" in data:
            urls, languages, zone = self._contact(duty)
        else:
            urls, languages, zone = self._list(duty, name) if name else self._person(duty)
        if name and len(urls) > 1:
            self._each(duty, len(urls))
            return
        link = f"{self.addresses.pages.rstrip('/')}/cases/{data.get('case', '')}"
        values = data | {"link": link, "to": data.get("to") or duty.owner or name}
        words = self.templates.words(str(data["what"]), languages, values, zone)
        self._deliver(duty, urls, words)

    def _person(self, duty: Duty) -> tuple[tuple[str, ...], tuple[str, ...], str]:
        """Where a person is reached, their languages and their zone."""
        person = self.store.people.get(duty.owner)
        if person is None or not person.active:
            raise self._given_up(duty, "nobody of that name works here any more")
        urls = self.addresses.of(person, _headers(duty))
        if not urls:
            raise self._given_up(duty, "no address: set IVR_NOTICE_MAIL and the person's e-mail")
        return urls, person.languages, person.zone

    def _contact(self, duty: Duty) -> tuple[tuple[str, ...], tuple[str, ...], str]:
        """Where a customer's contact is reached, and their language."""
        data = duty.data
        if not self.addresses.pages:
            raise self._given_up(duty, "no link: set IVR_PAGES_URL")
        urls = self.addresses.of_contact(data["mail"], data["phone"], _headers(duty))
        if not urls:
            raise self._given_up(duty, "no address: set IVR_NOTICE_SMS or IVR_NOTICE_MAIL")
        return urls, (str(data["language"]),), "UTC"

    def _list(self, duty: Duty, name: str) -> tuple[tuple[str, ...], tuple[str, ...], str]:
        """Where all on a list are reached, or the one that this duty is for; they may be anywhere,
        so that times are in UTC."""
        urls = self.addresses.of_list(name, _headers(duty))
        if "address" in duty.data:
            urls = urls[duty.data["address"] :][:1]
        if not urls:
            raise self._given_up(duty, "no address: set the variable in [notices.lists]")
        return urls, (str(duty.data.get("language") or ""),), "UTC"

    def _each(self, duty: Duty, addresses: int) -> None:
        """One duty for each address on a list, so that each has its own attempts."""
        self.store.duties.add(
            Duty(f"{duty.key}:{n}", duty.call, "notify", duty.due, duty.data | {"address": n})
            for n in range(addresses)
        )

    def _deliver(self, duty: Duty, urls: tuple[str, ...], words: Words) -> None:
        """One URL that works is enough: they all lead to the same person."""
        failed = []
        for url in urls:
            why = self._try(url, words)
            if not why:
                self._tell(duty, "notification.sent", channel=url.partition(":")[0])
                return
            failed.append(f"{url.partition(':')[0]}: {why}")
        if duty.attempts > len(PAUSES):
            raise self._given_up(duty, "; ".join(failed))
        raise NotYet(self.clock.now() + timedelta(seconds=PAUSES[duty.attempts - 1]), failed[0])

    def _try(self, url: str, words: Words) -> str:
        """Why it couldn't be delivered. A dead server delays the line once, not once for each of
        its notices: other duties are waiting behind them."""
        server, began = url.partition("?")[0], self.clock.now()
        if began < self._silent.get(server, began):
            return "no answer a moment ago"
        why = self.deliver(url, words)
        now = self.clock.now()
        if why and now - began >= SLOW:
            self._silent[server] = now + timedelta(seconds=PAUSES[0])
        return why

    def _given_up(self, duty: Duty, why: str) -> GivenUp:
        """Log it, and tell the last resort."""
        self._tell(duty, "notification.failed", why=why)
        if duty.owner != self.last_resort and duty.data["what"] != "undelivered":
            notice = {"what": "undelivered", "list": "", "to": duty.owner or duty.data["list"]}
            notice |= {"why": why, "case": duty.data.get("case", "")}
            key, now = f"{duty.key}:undelivered", self.clock.now()
            alarm = Duty(key, duty.call, "notify", now, notice, self.last_resort)
            self.store.duties.add([alarm])
        return GivenUp(why)

    def _tell(self, duty: Duty, kind: str, **data: Any) -> None:
        about = {"what": duty.data["what"], "to": duty.owner or duty.data.get("list", "")}
        self.store.logs.append(duty.call, Event(kind, self.clock.now(), "", about | data))


def _headers(duty: Duty) -> dict[str, str]:
    """Mails about one case and level are one thread. Their Message-ID is apprise's own."""
    about = (str(duty.data.get("case") or duty.call), str(duty.data.get("level") or ""))
    thread = "-".join(part for part in about if part)
    return {
        "In-Reply-To": f"<{thread}@ivr>",
        "References": f"<{thread}@ivr>",
        "X-Notice-Key": duty.key,
        "Auto-Submitted": "auto-generated",
    }


__all__ = ["Notices"]
