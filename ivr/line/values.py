"""The values of a call as they are stored: one record each for what belongs together.

`CallData` is all that a call's row holds besides its columns; `encode` and `decode` are the only
ways to and from the row's text. Each field declares how long it is kept
(`ivr.line.desk.retention.Keep`): purging and erasing go by that alone.

Flows read and write the values of the whole call (`CallValues`), and those of the leg that they
move: the caller's (`CallerValues`), or that of somebody who was rung (`PersonValues`).
"""

from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

import msgspec

from ivr.errors import CallError
from ivr.line.desk.cases import CaseNumbers
from ivr.line.desk.hunt import Hunt
from ivr.line.desk.retention import Audit, Digits, Kept, Staff
from ivr.line.flow.conversation import Conversation

_T = TypeVar("_T")


def needed(value: _T | None) -> _T:
    """A value that what is said or done next can't do without. Raises `CallError`."""
    if value is None:
        raise CallError("a value of the call isn't there that this step needs")
    return value


class CalledNumber(Kept):
    """What the called number offers.

    ``languages`` in the order of their keys; ``works_in`` says in which language the desk works for
    callers in each of them, at the time of the call. ``country`` is an ISO code.
    """

    languages: Audit[list[str]]
    works_in: Digits[dict[str, str]] = {}
    zone: Audit[str] = "UTC"
    region: Audit[str] = ""
    country: Audit[str] = ""


class Owed(Kept):
    """A call back that was promised in an earlier call and isn't made yet."""

    call: Digits[str]
    case: Digits[str]
    level: Digits[str]
    due: Digits[datetime | None] = None


class Requested(Kept):
    """The level that was asked for, for which case (``""`` if unknown), and when; ``met``: somebody
    who answers for it has met the caller."""

    level: Audit[str]
    case: Audit[str]
    at: Audit[datetime]
    met: Audit[bool] = False


class FoundCase(Kept, tag_field="result", tag="found", omit_defaults=False):
    """What the records say of the case: ``owner`` is a person's id, ``account`` a name.

    ``queue``, ``region`` and ``product`` say who answers for it. ``on_file``: the caller's number
    is one of the case's contacts. ``stale``: the records couldn't be asked, and this is what they
    said some minutes ago.
    """

    number: Audit[str] = ""
    digits: Digits[str] = ""
    status: Digits[str] = ""
    severity: Digits[int | None] = None
    subject: Digits[str] = ""
    owner: Digits[str | None] = None
    account: Digits[str] = ""
    queue: Digits[str] = ""
    region: Digits[str] = ""
    product: Digits[str] = ""
    on_file: Digits[bool] = False
    stale: Digits[bool] = False


class UnknownCase(Kept, tag_field="result", tag="not_found"):
    """The records have no such case. ``suspicious``: too many were tried, so none was looked up."""

    suspicious: Digits[bool] = False


class UnansweredCase(Kept, tag_field="result", tag="too_slow"):
    """The records couldn't say in time."""


CaseRecord = FoundCase | UnknownCase | UnansweredCase


class CaseStatus(Kept):
    """Where the case stands, for a caller who has its PIN; ``level`` is ``""`` if none stands."""

    status: Digits[str]
    severity: Digits[int | None]
    level: Digits[str] = ""


class CaseOnCall(Kept):
    """The case that the call is about.

    ``keyed`` are its digits; what was keyed can be read as each of ``other``, too. ``record`` is
    what the records said of it; ``numbers`` are all that were looked up in this call.
    ``verified`` is "V2" once the PIN was right. ``secret`` is a PIN on its way to the lookup of the
    same turn.
    """

    keyed: Digits[str] = ""
    other: Digits[list[str]] = []
    record: CaseRecord | None = None
    numbers: Digits[list[str]] = []
    verified: Digits[str] = ""
    status: Digits[CaseStatus | None] = None
    pin_tries: Digits[int] = 0
    secret: Digits[str] = ""

    @property
    def found(self) -> FoundCase | None:
        """What the records say of it, if they know it."""
        return self.record if isinstance(self.record, FoundCase) else None

    def number(self, numbers: CaseNumbers) -> str:
        """The number of the case as it is written, ``""`` before one was given."""
        found = self.found.number if self.found else ""
        return found or (numbers.written(self.keyed) if self.keyed else "")

    @property
    def suspicious(self) -> bool:
        """Whether the caller has tried too many numbers."""
        return isinstance(self.record, UnknownCase) and self.record.suspicious

    @property
    def result(self) -> str:
        """``found``, ``not_found`` or ``too_slow``; ``""`` before it was looked up."""
        return "" if self.record is None else str(type(self.record).__struct_config__.tag)


class Emergency(Kept, omit_defaults=False):
    """Answers about an Enterprise Down, by question, and how its contact is reached; see
    `ivr.line.desk.emergency`."""

    answers: Digits[dict[str, int | str]] = {}
    contact: Digits[dict[str, bool | str]] = {}


class Promise(Kept):
    """A call back that is owed, or was.

    ``state`` is "owed" or "done", and then ``outcome`` says how. ``spoken`` is the due time as the
    caller was told it; ``why`` is "asked" or "hung up". ``tries`` began; of those, ``unanswered``
    were not answered by the customer; ``breaches`` is how often it came due and wasn't kept.
    """

    state: Digits[Literal["owed", "done"]]
    number: Digits[str]
    due: Digits[datetime]
    spoken: Digits[datetime]
    reference: Digits[str] = ""
    owner: Digits[str] = ""
    why: Digits[str] = ""
    tries: Digits[int] = 0
    unanswered: Digits[int] = 0
    breaches: Digits[int] = 0
    outcome: Digits[str] = ""


class Known(Kept):
    """What a call back knows from the call in which it was promised."""

    promise: Promise
    zone: Digits[str]
    region: Digits[str]
    keyed: Digits[str] = ""
    other: Digits[list[str]] = []
    record: CaseRecord | None = None
    wish: Digits[str] = ""
    requested: Requested | None = None
    emergency: Emergency | None = None


class CallBack(Kept):
    """What makes a call one that we make: ``of`` is the call in which it was promised.

    ``leg`` is the SID of the customer's leg, ``""`` while there is none; ``came`` how it went, as
    it was told to that call. ``knows`` stays as it is, so that the call can be replayed.
    """

    of: Audit[str]
    language: Digits[str] = ""
    knows: Digits[Known | None] = None
    leg: Audit[str] = ""
    came: Audit[str] = ""


class WebRequest(Kept):
    """What makes a call one that nobody made: it stands for a request on a page, is over at once,
    and holds the promise that comes of it.

    ``level`` is a level's code or "E-Down", ``case`` the number as written, ``by`` who asked;
    ``number`` (E.164) is where they want to be called, ``""`` if they left none. ``owner`` owes the
    call, ``owes`` are the calls that were owed for the case before. It stays as it is, so that the
    call can be replayed.
    """

    level: Audit[str]
    case: Audit[str]
    at: Audit[datetime]
    by: Digits[str] = ""
    number: Digits[str] = ""
    language: Digits[str] = ""
    zone: Audit[str] = "UTC"
    region: Audit[str] = ""
    keyed: Digits[str] = ""
    owner: Digits[str] = ""
    owes: Digits[list[Owed]] = []
    emergency: Emergency | None = None


class Ranked(Kept):
    """One of those who may be rung, with the reason; ``skipped`` says why not, if not.

    ``hunt`` is as whom they are rung, and so what they hear: "manager", "engineer", "operator",
    "duty" (no operator could take it), "emergency" or "callback". How they are called and reached
    stands in the leg that rings them; ``name``, ``phone`` and ``languages`` are here for the
    version before alone, see `ivr.line.service.rankings`.
    """

    person: Staff[str]
    name: Staff[str] = ""
    phone: Staff[str] = ""
    languages: Staff[list[str]] = []
    reason: Staff[str] = ""
    skipped: Staff[str] = ""
    hunt: Staff[str] = ""


class Rung(Kept):
    """Who was rung last, and why that person."""

    name: Staff[str]
    reason: Staff[str]


class Dialled(Kept):
    """The leg that the caller's own document dials, and the number or client there."""

    leg: Staff[str]
    phone: Staff[str]


class HuntView(Kept):
    """What flows may know of the hunt for somebody, and what it begins with.

    ``name`` and ``number`` (from 1) are of the present or last one. ``owner`` owes the caller a
    call if nobody takes it (within ``calls_in`` minutes, if they said so). ``refused`` are the
    people who declined this call, ``missed`` those who took it and were gone before a meeting, once
    for each time; ``unanswered`` is when people were last rung in vain. ``taker`` is the operator
    who comes forward. People are looked for for this wish since ``since``, and in the present hunt
    since ``began``, None if there is none; ``rounds`` is how many have ended with nobody.
    ``asking``: it began while the caller was being asked. ``by_dial``: the caller's document dials,
    because the carrier failed to at ``carrier_failed``.
    """

    name: Digits[str] = ""
    number: Digits[int] = 0
    ranking: Staff[list[Ranked]] = []
    owner: Digits[str | None] = None
    calls_in: Digits[int] = 0
    refused: Digits[list[str]] = []
    missed: Digits[list[str]] = []
    unanswered: Digits[dict[str, datetime]] = {}
    taker: Digits[str] = ""
    since: Digits[datetime | None] = None
    began: Digits[datetime | None] = None
    rounds: Digits[int] = 0
    rung: Staff[Rung | None] = None
    dialled: Staff[Dialled | None] = None
    ringing: Digits[bool] = False
    left_to_ring: Digits[bool] = False
    asking: Digits[bool] = False
    by_dial: Digits[bool] = False
    carrier_failed: Digits[datetime | None] = None


class RecordingState(Kept):
    """Whether the conversation is recorded.

    ``wanted`` is what the caller and staff want: "on", "paused" or "off", ``""`` before anybody was
    asked. ``state`` is what the carrier was last asked for, ``changes`` how often it was.
    """

    wanted: Audit[Literal["", "on", "paused", "off"]] = ""
    state: Audit[Literal["on", "paused", "off"]] = "off"
    changes: Audit[int] = 0


# --- a leg's own values ---


class LegValues(Kept):
    """The values of one leg that both flows have.

    ``readings`` are what the keyed digits can mean, ``count`` how many digits they were.
    ``person`` is the id of whoever has the leg, ``""`` for a caller.
    """

    person: Staff[str] = ""
    readings: Digits[list[str]] = []
    count: Digits[int] = 0
    severity: Digits[int | None] = None
    callback_number: Digits[str] = ""


class CallerValues(LegValues):
    """The values of the caller's leg; ``reading`` is a telephone number, ``""`` if it was none."""

    reading: Digits[str | None] = None
    users: Digits[int | None] = None
    affected: Digits[int | None] = None
    hours: Digits[int | None] = None
    minutes: Digits[int | None] = None


class Conditions(Kept):
    """How the conditions of Enterprise Down stand, see `ivr.line.desk.emergency.Verdict`.

    ``failed`` are those that aren't met, ``missing`` what is still to be asked; ``stands``: it has
    been set already.
    """

    result: Digits[str] = "unknown"
    failed: Digits[list[str]] = []
    missing: Digits[list[str]] = []
    stands: Digits[bool] = False


class PersonValues(LegValues):
    """The values of the leg of somebody who was rung, in the hunt named ``hunt``.

    ``wanted``: it should ring still. ``clicked``: accepted on a page before picking up.
    ``introduced``: somebody else was with the caller before. ``let_go``: they hang up by a click,
    on purpose. ``told``: who is being rung meanwhile is to be said. ``why`` is the
    reason for an override of a level whose turn it isn't (``next_level``), ``chosen`` a person to
    ring.
    """

    hunt: Staff[str] = ""
    operator: Staff[bool] = False
    title: Staff[str] = ""
    level: Staff[str] = ""
    call_language: Staff[str] = ""
    wanted: Staff[bool] = True
    by_dial: Staff[bool] = False
    introduced: Staff[bool] = False
    let_go: Staff[bool] = False
    clicked: Staff[bool] = False
    told: Staff[bool] = False
    conditions: Staff[Conditions | None] = None
    why: Staff[str] = ""
    needs_reason: Staff[bool] = False
    next_level: Staff[str] = ""
    chosen: Staff[str] = ""


# --- who calls ---


class ResumedValues(Kept):
    """What a caller who was cut off had said until then; a PIN isn't remembered."""

    keyed: Digits[str] = ""
    other: Digits[list[str]] = []
    record: CaseRecord | None = msgspec.field(default=None, name="case")
    numbers: Digits[list[str]] = []
    pin_tries: Digits[int] = 0
    wish: Digits[str] = ""
    asked_for: Digits[str] = ""
    requested: Requested | None = None
    emergency: Emergency | None = None
    refused: Digits[list[str]] = []
    left_at: Digits[str] = ""
    was_with: Staff[str] = ""

    def into(self, shared: "CallValues") -> None:
        """Let a new call go on with them."""
        shared.case.keyed = self.keyed
        shared.case.other = self.other
        shared.case.record = self.record
        shared.case.numbers = self.numbers
        shared.case.pin_tries = self.pin_tries
        shared.wish = self.wish
        shared.asked_for = self.asked_for
        shared.requested = self.requested
        shared.emergency = self.emergency
        shared.hunt.refused = self.refused
        shared.caller.left_at = self.left_at
        shared.caller.was_with = self.was_with


class Resumed(Kept):
    """Where a caller was cut off. Its fields' names are the event log's."""

    language: Digits[str]
    shared: ResumedValues
    own: CallerValues


class Caller(Kept):
    """Who calls.

    ``number`` is E.164, ``""`` if withheld; ``wanted`` is another at which they want to be called
    back, on its way to the look-up of the same turn. ``staff`` is the id of somebody who works
    here, ``status_until`` when a status that they set now would end, in their zone. ``left_at`` is
    the step in which they hung up, ``""`` after a goodbye, ``was_with`` whoever had taken their
    call then. ``in_room`` is since when the carrier has had them in the conference, or bridged, and
    not on hold; ``on_hold``: they are there on hold. ``heard_to`` counts the carrier's reports.
    ``asks``: their leg is about to ask what comes next: their <Dial> is over, they leave the queue,
    or they have been sent on. Sending them on once more would cut off what they are given.
    """

    number: Digits[str] = ""
    wanted: Digits[str] = ""
    staff: Staff[str] = ""
    status_until: Staff[datetime | None] = None
    owes: Digits[list[Owed]] = []
    resume: Digits[Resumed | None] = None
    left_at: Audit[str] = ""
    was_with: Staff[str] = ""
    in_room: Digits[datetime | None] = None
    on_hold: Digits[bool] = False
    heard_to: Digits[int] = -1
    asks: Audit[bool] = False


# --- the call ---


class CallValues(Kept):
    """The values of the whole call, which every leg's flow sees.

    ``wish`` is what the caller wants: a level's code, "engineer", "severity" or "E-Down";
    ``asked_for`` is the same, or "operator". ``personal`` is what was keyed and is kept out of the
    log, in order. ``holds`` counts how often the caller was put on hold or taken off. ``room`` is
    the carrier's name of the conference. ``met``: the caller has met somebody in this call.
    ``renewed``: another version of the flow has taken the call over.
    """

    sid: Audit[str]
    called: CalledNumber
    caller: Caller
    case: CaseOnCall = msgspec.field(default_factory=CaseOnCall)
    hunt: HuntView = msgspec.field(default_factory=HuntView)
    recording: RecordingState = msgspec.field(default_factory=RecordingState)
    wish: Audit[str] = ""
    asked_for: Audit[str] = ""
    requested: Requested | None = None
    emergency: Emergency | None = None
    promise: Promise | None = None
    back: CallBack | None = None
    web: Digits[WebRequest | None] = None
    held: Digits[bool] = False
    holds: Digits[int] = 0
    room: Digits[str] = ""
    met: Audit[bool] = False
    renewed: Audit[bool] = False
    language: Digits[str] = ""
    personal: Digits[list[str]] = []


LegTalk = Conversation[CallValues, LegValues]
CallerTalk = Conversation[CallValues, CallerValues]
PersonTalk = Conversation[CallValues, PersonValues]

Own = TypeVar("Own", bound=LegValues)


class Place(Kept, Generic[Own]):
    """Where one leg is in its flow, as it is stored, without what it shares; see
    `ivr.line.flow.conversation.Conversation`."""

    state: Audit[str]
    language: Audit[str]
    own: Digits[Own]
    turn: Audit[int] = 0
    seen: Audit[int] = -1
    tries: Audit[int] = 0
    silences: Audit[int] = 0
    slow: Audit[bool] = False
    notes: Digits[tuple[str, ...]] = ()
    failures: Audit[int] = 0

    @classmethod
    def of(cls, talk: Conversation[CallValues, Own]) -> "Place[Own]":
        """Where this conversation is."""
        return cls(
            talk.state,
            talk.language,
            talk.own,
            talk.turn,
            talk.seen,
            talk.tries,
            talk.silences,
            talk.slow,
            talk.notes,
            talk.failures,
        )

    def conversation(self, shared: CallValues) -> Conversation[CallValues, Own]:
        """The conversation that goes on here, in the call with these values."""
        return Conversation(
            state=self.state,
            language=self.language,
            shared=shared,
            own=self.own,
            turn=self.turn,
            seen=self.seen,
            tries=self.tries,
            silences=self.silences,
            slow=self.slow,
            notes=self.notes,
            failures=self.failures,
        )


class Leg(Kept):
    """The leg of somebody who was rung; ``hunt`` is the name of the hunt that rang them.

    ``state`` is "ringing", "joining" (took the call, and is on the way to the caller), "talking"
    (has come to the caller, also while they step out), "leaving" (handed the caller over, and hears
    a goodbye) or "over"; ``document`` is the TwiML of the
    present step. ``in_room`` is since when the carrier has had the leg in the conference, or
    bridged; None while it is out. ``heard_to`` counts the carrier's reports of that.
    ``joined_at`` is when the two first heard each other, ``met``: they did for as long as counts as
    a meeting. ``unsure``: it isn't known whether it ever rang. ``warned``: picked up, and
    listening to the whisper when its time for answering was over.
    """

    person: Staff[str]
    talk: Place[PersonValues]
    name: Staff[str] = ""
    phone: Staff[str] = ""
    hunt: Staff[str] = ""
    operator: Staff[bool] = False
    state: Staff[Literal["ringing", "joining", "talking", "leaving", "over"]] = "ringing"
    sid: Staff[str] = ""
    document: Staff[str] = ""
    taken_at: Staff[datetime | None] = None
    in_room: Staff[datetime | None] = None
    heard_to: Staff[int] = -1
    joined_at: Staff[datetime | None] = None
    met: Audit[bool] = False
    unsure: Staff[bool] = False
    warned: Staff[bool] = False


class CallData(Kept, kw_only=True):
    """All that is stored of a call besides its columns.

    ``purged`` comes first in the text, so that the store finds purged rows by it. ``legs`` are by
    attempt.
    """

    purged: Audit[bool] = False
    shared: CallValues
    caller: Place[CallerValues]
    legs: Staff[dict[str, Leg]] = {}
    hunt: Staff[Hunt | None] = None


# --- the one way to a row's text, and back ---

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(CallData)


def encode(data: CallData) -> str:
    """A call's data as it is stored; what has its default value isn't."""
    return _encoder.encode(data).decode()


def decode(text: str | bytes, sid: str) -> CallData:
    """The data of call ``sid`` as it was stored. Raises `CallError` naming the field that isn't
    what it should be."""
    try:
        return _decoder.decode(text)
    except msgspec.MsgspecError as error:
        raise CallError(
            f"call {sid}: its stored data can't be read: {error}. "
            f"If an older version stored it, run: ivr db migrate"
        ) from error


# --- what the event log has of a caller who was cut off ---


def resume_words(data: CallData, language: str) -> dict[str, Any]:
    """What a call that was cut off leaves to the next one, in the event log's words."""
    shared, own = data.shared, data.caller.own
    left = ResumedValues(
        keyed=shared.case.keyed,
        other=shared.case.other,
        record=shared.case.record,
        numbers=shared.case.numbers,
        pin_tries=shared.case.pin_tries,
        wish=shared.wish,
        asked_for=shared.asked_for,
        requested=shared.requested,
        emergency=shared.emergency,
        refused=shared.hunt.refused,
        left_at=shared.caller.left_at,
        was_with=shared.caller.was_with,
    )
    words: dict[str, Any] = msgspec.to_builtins(Resumed(language, left, own))
    if left.keyed:
        words["shared"].setdefault("case", None)
    if left.requested is not None:
        words["shared"]["requested"]["at"] = left.requested.at.isoformat()
    if own.count:
        words["own"].setdefault("readings", [])
    return words
