"""What an administrator may change of a line: its ``line.toml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time

from ivr.line.desk.cases import CaseNumbers
from ivr.line.desk.emergency import EmergencyTerms
from ivr.line.desk.figures.figures import ServiceTerms
from ivr.line.desk.levels import Level
from ivr.line.desk.limits import Limits
from ivr.line.desk.names import name_in
from ivr.line.desk.phone_numbers import country_of, uncallable
from ivr.line.desk.promises import CallbackTerms, in_hours
from ivr.line.desk.recording_terms import RecordingTerms
from ivr.line.desk.retention import RetentionTerms

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
KEYS = tuple("123456789")  # by which something is chosen; 0 is the operator
HUNTS = ("operator", "wish", "emergency", "callback")


@dataclass(frozen=True, slots=True)
class Hours:
    """Working hours, in the zone of the number that was called; days are 0 for Monday.

    ``holidays`` is a country, or a country with its region ("FR", "DE-BY"); "" for none.
    """

    opens: time
    closes: time
    days: frozenset[int]
    holidays: str = ""


@dataclass(frozen=True, slots=True)
class EntryNumber:
    """A number that callers dial: what it offers, and where it is.

    ``work`` are the hours, in ``zone``, in which the desk works in a language; outside them it does
    in ``after``. Languages without hours are worked in at any time.
    """

    number: str
    languages: tuple[str, ...]
    zone: str
    region: str
    work: Mapping[str, Hours] = field(default_factory=dict)
    after: str = "en"

    def works_in(self, language: str, now: datetime) -> str:
        """The language in which the desk works with a caller who has chosen ``language``."""
        hours = self.work.get(language)
        return language if hours is None or in_hours(now, hours, self.zone) else self.after

    @property
    def country(self) -> str:
        return country_of(self.number)


@dataclass(frozen=True, slots=True)
class HuntRule:
    """How long people are looked for, in seconds; ``at_once`` is how many are rung together.

    Who didn't answer isn't rung again for the same call before ``rest`` is over, and for another
    one only after those who may answer. With ``look_again`` people who may be rung by now are
    looked for that often, as long as the caller waits; after ``duty`` the people on duty as well.
    """

    cap: int = 180
    ring: int = 20
    look_again: int = 0
    at_once: int = 1
    rest: int = 60
    duty: int = 0


@dataclass(frozen=True, slots=True)
class RotaTerms:
    """Minutes between two looks for a gap (``check``) and at a calendar (``refresh``); hours after
    which a calendar that can't be had is ``stale``."""

    check: int = 5
    refresh: int = 15
    stale: int = 24

    def __post_init__(self) -> None:
        for name in ("check", "refresh", "stale"):
            if getattr(self, name) < 1:
                raise ValueError(f"rota.{name}: {getattr(self, name)} is less than 1")


@dataclass(frozen=True, slots=True)
class Severity:
    """One severity, with its name by language; its ``code`` is a whole number.

    The one that is ``emergency`` is Enterprise Down, declared on its conditions. Staff may set all
    others, and customers may ask for those with ``self_service``.
    """

    code: str
    names: Mapping[str, str]
    emergency: bool = False
    self_service: bool = True


@dataclass(frozen=True, slots=True)
class LineConfig:
    """A line's ``line.toml``, checked."""

    name: str
    title: str
    version: str
    case_numbers: CaseNumbers
    hours: Hours
    promise_minutes: tuple[int, int]  # in hours, off hours
    last_resort: str  # who owes a callback when no one is on duty
    fallback: str  # the phone that is dialed when the line itself can't serve
    hunts: Mapping[str, HuntRule]
    numbers: Mapping[str, EntryNumber]
    levels: tuple[Level, ...]  # the first one first
    severities: Mapping[str, Severity]  # by code, the worst first
    join_minutes: int = 10  # in which a request by another channel is the same one
    emergency: EmergencyTerms = field(default_factory=EmergencyTerms)
    callback: CallbackTerms = field(default_factory=CallbackTerms)
    session_idle: int = 30  # minutes until someone who does nothing is signed out
    session_longest: int = 720  # … and until anyone is
    provider_roles: Mapping[str, str] = field(default_factory=dict)  # a provider's groups: roles
    met_after: int = 8  # seconds for which two must have heard each other to have met
    status_hours: int = 8  # until a status ends that was set by telephone, at the latest
    resume_minutes: int = 10  # within which a caller who was cut off may resume
    limits: Limits = field(default_factory=Limits)
    recording: RecordingTerms = field(default_factory=RecordingTerms)
    lists: Mapping[str, str] = field(default_factory=dict)  # the variable with each list's URLs
    told_also: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # lists by notice
    rota: RotaTerms = field(default_factory=RotaTerms)
    retention: RetentionTerms = field(default_factory=RetentionTerms)
    wall: ServiceTerms = field(default_factory=ServiceTerms)
    file: str = "line.toml"  # where all this is written

    @property
    def minutes(self) -> Mapping[str, tuple[int, int]]:
        """Minutes until the customer must have been called, in hours and off, by level."""
        return {level.code: level.due for level in self.levels} | {"E-Down": self.emergency.due}

    def also_told(self, what: str) -> tuple[str, ...]:
        """The lists that are told of ``what`` besides the people whom it concerns."""
        return self.told_also.get(what, ())

    @property
    def emergency_severity(self) -> Severity:
        """The severity that is Enterprise Down."""
        return next(each for each in self.severities.values() if each.emergency)

    @property
    def emergency_name(self) -> str:
        """Enterprise Down as it is called in English, the language of the case's history."""
        return name_in(self.emergency_severity.names, "en", self.emergency_severity.code)

    def offered(self, wished: bool) -> list[Severity]:
        """What can be chosen: ``wished`` for by a customer, else set by staff."""
        others = [each for each in self.severities.values() if not each.emergency]
        return [each for each in others if each.self_service or not wished]

    def keys(self, wished: bool) -> dict[str, Severity]:
        """What is chosen by which key: a severity by its code, or by a free key if it has none."""
        offered = self.offered(wished)
        own = {each.code for each in offered if each.code in KEYS}
        free = (key for key in KEYS if key not in own)
        keys = {each.code if each.code in own else next(free): each for each in offered}
        return dict(sorted(keys.items()))

    def worse(self, code: int, than: int) -> bool:
        """Whether a severity stands before another on the scale. One that isn't on it, as a case
        system may have it, is worse than none."""
        scale = [int(each) for each in self.severities]
        return code in scale and (than not in scale or scale.index(code) < scale.index(than))

    @property
    def below_emergency(self) -> Severity:
        """The severity that is offered instead of Enterprise Down: the next one of the scale."""
        scale, down = list(self.severities), self.emergency_severity.code
        offered = self.offered(wished=False)
        after = [each for each in offered if scale.index(each.code) > scale.index(down)]
        return (after or offered)[0]

    def level_name(self, code: str, language: str) -> str:
        """What a level is called in a language; a code that is no level's stays as it is."""
        names = next((level.names for level in self.levels if level.code == code), {})
        return name_in(names, language, code)

    def severity_name(self, code: str, language: str) -> str:
        """What a severity is called in a language, ``""`` if it isn't on the scale."""
        severity = self.severities.get(code)
        return name_in(severity.names, language, code) if severity else ""

    def uncallable(self, number: str) -> str:
        """Why a customer is never called back at this number (E.164), ``""`` if they may be."""
        at_home = {entry.country for entry in self.numbers.values()}
        own = {*self.numbers, self.fallback}
        return uncallable(number, self.callback.countries or at_home, own)

    def entry_for(self, language: str, region: str = "") -> str:
        """The number that is shown to a customer who reads ``language`` and is in ``region``."""

        def fits(entry: EntryNumber) -> tuple[bool, bool]:
            return language not in entry.languages, entry.region != region

        return min(self.numbers.values(), key=fits).number

    def number(self, called: str) -> EntryNumber:
        """The entry number that was called; a number nobody configured is served all the same."""
        if called in self.numbers:
            return self.numbers[called]
        first = next(iter(self.numbers.values()))
        return EntryNumber(called, first.languages, first.zone, first.region)
