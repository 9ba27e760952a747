"""Delivers texts by mail, or by whatever else `apprise` reaches. Addresses and passwords are never
logged."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import apprise

from ivr.line.desk.notice_texts import Words
from ivr.line.desk.people import Person

TIMEOUT = 5  # seconds to connect, and again for an answer
SHORTEST = 4  # characters of what is masked; shorter parts are no secrets, and parts of words

_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[\w-]+(\.[\w-]+)+|localhost)(:\d+)?")

# apprise's warnings are captured, not logged: they quote an URL that it can't read in full.
logging.getLogger("apprise").propagate = False


class Channel(Protocol):
    """Delivers a text; returns the reason why it couldn't, ``""`` when it did."""

    def __call__(self, url: str, words: Words) -> str: ...


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where people and lists are reached: `apprise` URLs, with their secrets.

    ``mail`` sends to a person's address (``mailtos://user:password@smtp.example.com``); ``lists``
    are the URLs of each list. ``sms`` sends to a phone that is added to its path
    (``twilio://SID:TOKEN@+33155500012``). ``pages`` is where customers find the pages.
    """

    mail: str = ""
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sms: str = ""
    pages: str = ""

    def __bool__(self) -> bool:
        return bool(self.mail or self.lists or self.sms)

    def of_contact(self, mail: str, phone: str, headers: Mapping[str, str]) -> tuple[str, ...]:
        """A customer's: a text message if that can be sent, else mail."""
        text = f"{self.sms.rstrip('/')}/{phone}" if self.sms and phone else ""
        written = _with(self.mail, headers, to=mail) if self.mail and mail else ""
        return tuple(each for each in (text and _with(text, headers), written) if each)

    def of(self, person: Person, headers: Mapping[str, str]) -> tuple[str, ...]:
        """A person's own URLs, else their mail address; none when they can't be reached."""
        if person.notify:
            return tuple(_with(url, headers) for url in person.notify)
        if not (self.mail and person.email):
            return ()
        return (_with(self.mail, headers, to=person.email),)

    def of_list(self, name: str, headers: Mapping[str, str]) -> tuple[str, ...]:
        return tuple(_with(url, headers) for url in self.lists.get(name, ()))


def _with(url: str, headers: Mapping[str, str], **more: str) -> str:
    """The URL with our timeouts, and a mail's headers."""
    options = {"cto": str(TIMEOUT), "rto": str(TIMEOUT)} | more
    if url.startswith("mailto"):
        options |= {"format": "text"} | {f"+{name}": value for name, value in headers.items()}
    query = "&".join(f"{name}={quote(value)}" for name, value in options.items())
    return f"{url}{'&' if '?' in url else '?'}{query}"


def by_apprise(url: str, words: Words) -> str:
    """Deliver through `apprise`."""
    sender = apprise.Apprise()
    with apprise.LogCapture(level=logging.WARNING, fmt="%(message)s") as captured:  # type: ignore[no-untyped-call]
        if not sender.add(url):
            return "the address isn't one that apprise knows"
        if sender.notify(title=words.subject, body=words.text):
            return ""
        lines = captured.getvalue().strip().splitlines()
    return masked(lines[-1] if lines else "not delivered", url)


def masked(text: str, url: str) -> str:
    """``text`` without anything of the URL but its host: the rest is addresses and secrets."""
    for part in sorted(_confidential(url), key=len, reverse=True):
        text = text.replace(part, "…")
    return text


def _confidential(url: str) -> set[str]:
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    found = [*user.split(":"), *parts.path.split("/"), *(v for _, v in parse_qsl(parts.query))]
    if not _HOST.fullmatch(host):  # the first of several tokens, with many services
        found.append(host)
    return {each for part in found for each in (part, unquote(part)) if len(each) >= SHORTEST}


__all__ = ["Addresses", "Channel", "by_apprise", "masked"]
