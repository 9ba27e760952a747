"""All checks of `ivr doctor`, in the order in which they are told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from twilio.rest import Client

from ivr.errors import IVRError, SettingsError
from ivr.line.definition import Line
from ivr.line.outside.carrier import Carrier
from ivr.line.store.store import Store
from ivr.server import entrance
from ivr.server.doctor import inside, notices, numbers, outside
from ivr.server.doctor.result import Result, ok, wrong
from ivr.server.leftovers import refuse_leftovers
from ivr.server.settings import Settings


class Doctor:
    """A line, its settings, and how it is looked at.

    ``twilio`` is the account's client, ``now`` this machine's clock, an aware instant;
    ``environment`` has the addresses of the lists of people.
    """

    def __init__(
        self,
        settings: Settings,
        line: Line,
        store: Store,
        twilio: Client,
        now: datetime,
        environment: Mapping[str, str],
    ) -> None:
        self.settings, self.line, self.store = settings, line, store
        self.carrier = Carrier(twilio)
        self.now, self.environment = now, environment

    def results(self) -> Iterator[Result]:
        """What each check says. What depends on something that isn't there isn't looked at."""
        settings, line = self.settings, self.line
        yield from self._settings()
        yield from outside.public(settings.public_url, line)
        yield from outside.signature(settings.public_url, settings.auth_token, line)
        yield from numbers.all_of(self.carrier, line, settings.public_url)
        yield from outside.clock(settings.api_url, self.now)
        yield from notices.mail(settings.notice_mail)
        yield from notices.sms(settings.notice_sms)
        yield from notices.lists(line.config, self.environment)
        yield from outside.provider(settings.oidc_issuer)
        yield from inside.flow(line)
        database = list(inside.database(self.store))
        yield from database
        if all(each.level != "wrong" for each in database):
            yield from self._desk()

    def _settings(self) -> Iterator[Result]:
        if not self.settings.secret_key:
            do = "the web pages need it: set one, if you serve them"
            yield Result("warning", "IVR_SECRET_KEY", "isn't set", do)
            return
        try:
            entrance.check(self.settings)
            yield ok("settings of the web pages", "as they must be")
        except SettingsError as error:
            what, _, do = str(error).partition(": ")
            yield wrong("settings of the web pages", what, do)

    def _desk(self) -> Iterator[Result]:
        """What stands in the database. One that can't be read is a result, too."""
        try:
            yield from inside.power(self.store)
            yield from self._own_desk()
            yield from inside.dangling(self.line, self.store, not self.settings.cases_url)
            yield from inside.rota(self.line.config, self.store, self.now)
            yield from inside.pins(self.store)
            yield from notices.last_resort(self.settings.notice_mail, self.line.config, self.store)
        except IVRError as error:
            yield wrong("database", str(error), "see IVR_DATABASE")

    def _own_desk(self) -> Iterator[Result]:
        try:
            refuse_leftovers(self.settings, self.line.config, self.store)
            yield ok("sample desk", "nothing is left of it")
        except SettingsError as error:
            _, *found = str(error).splitlines()
            for each in found:
                what, _, do = each.partition("; ")
                yield wrong("sample desk", what, do)


__all__ = ["Doctor"]
