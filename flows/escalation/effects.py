"""What the steps of this line do on the way: notes in the conversation and orders to the line.

Effects are given the conversation and what was heard. They change nothing else: what has to happen
in the world is an order (`Conversation.order`), what has to be remembered an event (`emit`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec import convert

from ivr.line.desk.cases import CaseNumbers
from ivr.line.desk.phone_numbers import dialled
from ivr.line.flow.conversation import Heard, Phrase
from ivr.line.flow.orders import (
    Accept,
    CallPersonally,
    Decline,
    Escalate,
    HandOver,
    HasCalled,
    HoldCaller,
    NotAnswered,
    PromiseCallback,
    ResumeCaller,
    RingNext,
    StartHunt,
    TellCase,
)
from ivr.line.values import (
    CallerTalk,
    CaseRecord,
    CaseStatus,
    Emergency,
    FoundCase,
    LegTalk,
    PersonTalk,
    Ranked,
    UnansweredCase,
    UnknownCase,
    needed,
)

# --- language ---


def choose(place: int) -> Callable[[LegTalk, Heard], None]:
    def effect(talk: LegTalk, heard: Heard) -> None:
        talk.language = talk.shared.called.languages[place]
        works = talk.shared.called.works_in[talk.language]
        talk.emit("language.chosen", language=talk.language, works_in=works)

    return effect


def greet(talk: LegTalk) -> tuple[Phrase, ...]:
    """The notice in the number's first language, then each choice in its own; who has failed hears
    the choices alone again."""
    offers = talk.shared.called.languages
    choices = [("choose_language", code) for code in offers]
    elsewhere = [("works_in", code) for code in offers if _works_elsewhere(talk, code)]
    if talk.tries:
        return tuple(choices)
    return (("notice", offers[0]), *elsewhere, *choices)


def _works_elsewhere(talk: LegTalk, language: str) -> bool:
    """Whether the desk works in another language now than the caller has chosen."""
    return talk.shared.called.works_in.get(language, language) != language


def welcome(talk: LegTalk, heard: Heard) -> None:
    """The notice, and in which language the desk works if that isn't the number's only one."""
    elsewhere = ("works_in",) if _works_elsewhere(talk, talk.language) else ()
    talk.notes = (*talk.notes, "notice", *elsewhere)


def notice_played(talk: LegTalk, heard: Heard) -> None:
    talk.emit("notice.played", language=talk.language)


def ask_for_an_operator(talk: LegTalk, heard: Heard) -> None:
    """From here on it is an operator who is looked for, and the prompts say so."""
    talk.shared.asked_for = "operator"


def zero_pressed(talk: LegTalk, heard: Heard) -> None:
    """The caller asks for a person."""
    ask_for_an_operator(talk, heard)
    talk.emit("zero.pressed", where=talk.state)


# --- the case number ---


def read_case(numbers: CaseNumbers) -> Callable[[LegTalk, str], str]:
    """What the keyed digits are: ``accepted``, ``ambiguous``, or why not."""

    def read(talk: LegTalk, digits: str) -> str:
        reading = numbers.read(digits)
        talk.own.readings = list(reading.candidates)
        talk.own.count = len(digits)
        return reading.kind

    return read


def take_reading(place: int) -> Callable[[LegTalk, Heard], None]:
    def effect(talk: LegTalk, heard: Heard) -> None:
        readings = talk.own.readings
        other = [each for each in readings if each != readings[place]]
        keep_keyed(talk, readings[place], other)
        talk.emit("entry.accepted", digits=talk.shared.case.keyed, tries=talk.tries + 1)

    return effect


def keep_keyed(talk: LegTalk, digits: str, other: Iterable[str] = ()) -> None:
    """Another case, which what was keyed named, or an ``other`` one; a PIN was the one before's."""
    if talk.shared.case.keyed not in ("", digits):
        _something_new(talk)
    talk.shared.case.keyed = digits
    talk.shared.case.other = list(other)
    talk.shared.case.record = None
    talk.shared.case.verified = ""


def slow_down(talk: LegTalk, heard: Heard) -> None:
    talk.slow = True


def keep_case(talk: LegTalk, heard: Heard) -> None:
    """What the records said of the number; the caller hears no difference."""
    case = talk.shared.case
    case.record = convert({"result": heard.value, **heard.data}, CaseRecord)
    if case.keyed not in case.numbers:
        case.numbers.append(case.keyed)
    talk.emit("case.lookup", result=heard.value, number=case.keyed)
    if heard.data.get("on_file"):
        talk.emit("verify.passed", level="V1")  # a hint for people; it changes nothing that is said


# --- what only who has the PIN may hear ---


def read_pin(talk: LegTalk, digits: str) -> str:
    """Kept for the look-up of this very turn, and taken away by what comes of it."""
    talk.shared.case.secret = digits
    return "accepted"


def pin_right(talk: LegTalk, heard: Heard) -> None:
    talk.shared.case.secret = ""
    talk.shared.case.verified = "V2"
    talk.shared.case.status = convert(heard.data, CaseStatus)
    talk.emit("verify.passed", level="V2")


def pin_wrong(talk: LegTalk, heard: Heard) -> None:
    talk.shared.case.secret = ""
    talk.shared.case.pin_tries += 1
    talk.emit("verify.failed", tries=talk.shared.case.pin_tries)


def status(talk: LegTalk) -> tuple[Phrase, ...]:
    """Where the case stands, for a caller who has shown that they may know."""
    stands = needed(talk.shared.case.status)
    said = [(f"status_{stands.status}", "")]
    said += [("status_severity", "")] if stands.severity is not None else []
    said += [("status_escalated", "")] if stands.level else []
    return (*said, ("status", ""))


# --- what the caller wants ---


def wish(what: str) -> Callable[[LegTalk, Heard], None]:
    """Remember the wish: a level's code, ``severity``, ``engineer`` or ``E-Down``."""

    def effect(talk: LegTalk, heard: Heard) -> None:
        if talk.shared.wish != what:
            _something_new(talk)
        talk.shared.wish = talk.shared.asked_for = what
        talk.emit("menu.wish", wish=what)

    return effect


def _something_new(talk: LegTalk) -> None:
    """Nobody has been looked for yet or met for what the caller wants now."""
    talk.shared.hunt.since = None
    talk.shared.met = False


def keep_ranking(talk: LegTalk, heard: Heard) -> None:
    """Who may be rung, in order, with the reason for every name."""
    ranking = heard.data.get("ranking", [])
    talk.shared.hunt.ranking = convert(ranking, list[Ranked])
    talk.shared.hunt.owner = heard.data.get("owner")
    talk.emit("candidate.ranked", ranking=ranking)


def request(level: str) -> Callable[[LegTalk, Heard], None]:
    """Ask for a level, once a call and case; the people concerned are told now."""
    return lambda talk, heard: talk.order(Escalate(level, set_by=talk.own.person))


def request_level(talk: LegTalk, heard: Heard) -> None:
    """The level whose turn it is: the next one, or a chase of one that nobody has met yet."""
    talk.order(Escalate(heard.data["level"], set_by=talk.own.person))


def want_level(talk: LegTalk, heard: Heard) -> None:
    """The level that comes next, though its turn hasn't come: staff may ask for it all the same."""
    talk.shared.wish = heard.data["level"]


# --- another severity ---


def wish_severity(code: int) -> Callable[[LegTalk, Heard], None]:
    def effect(talk: LegTalk, heard: Heard) -> None:
        talk.own.severity = code
        talk.emit("severity.requested", after=code)

    return effect


def tell_severity(talk: LegTalk, heard: Heard) -> None:
    """What is wished for goes to the engineer, with the recorded reason; nothing is set."""
    wished = {"severity": talk.own.severity, "recording": heard.data.get("sid", "")}
    talk.order(TellCase("wish_severity", key=f"severity:{talk.turn}", data=wished))
    talk.shared.asked_for = ""


# --- putting through ---


def hunt(name: str) -> Callable[[LegTalk, Heard], None]:
    return lambda talk, heard: talk.order(StartHunt(name))


# --- being called back ---


def propose_own_number(talk: LegTalk, heard: Heard) -> None:
    talk.own.callback_number = talk.shared.caller.number


def read_phone(talk: CallerTalk, digits: str) -> str:
    """A telephone number as keyed, national or with two zeros in front."""
    talk.own.reading = dialled(digits, talk.shared.called.country) or ""
    return "accepted" if talk.own.reading else "number_bad"


def want_keyed_number(talk: CallerTalk, heard: Heard) -> None:
    talk.shared.caller.wanted = talk.own.reading or ""


def propose_keyed_number(talk: CallerTalk, heard: Heard) -> None:
    talk.own.callback_number = talk.shared.caller.wanted
    forget_keyed_number(talk, heard)


def forget_keyed_number(talk: CallerTalk, heard: Heard) -> None:
    talk.shared.caller.wanted = ""


def promise(talk: LegTalk, heard: Heard) -> None:
    """The call back that the caller has confirmed: stored with this turn, before it is spoken."""
    talk.order(PromiseCallback(talk.own.callback_number, why="asked"))


def owe_a_call(talk: LegTalk, heard: Heard) -> None:
    """A caller who is gone before they have met whom they wish for is owed a call as well, if
    anybody can tell whom to call: by their number, their case, or the contact for an outage."""
    shared = talk.shared
    contact = shared.emergency.contact.get("number", "") if shared.emergency else ""
    number = shared.caller.number or str(contact)
    if number or shared.case.found or shared.wish == "E-Down":
        talk.order(PromiseCallback(number, why="hung up"))


def abandon(talk: LegTalk, heard: Heard) -> None:
    talk.emit("queue.left", why="abandoned", stage=talk.state)


# --- Enterprise Down ---


def emergency(talk: LegTalk) -> Emergency:
    """What was answered about it in this call so far, to be written to."""
    if talk.shared.emergency is None:
        talk.shared.emergency = Emergency()
    return talk.shared.emergency


# --- the people who are rung ---


def answered(talk: LegTalk, heard: Heard) -> None:
    talk.emit("dial.answered")


def accept(talk: LegTalk, heard: Heard) -> None:
    talk.order(Accept())


def has_called(talk: LegTalk, heard: Heard) -> None:
    talk.order(HasCalled())


def call_later(talk: LegTalk, heard: Heard) -> None:
    talk.order(CallPersonally())


def decline(talk: LegTalk, heard: Heard) -> None:
    talk.order(Decline())


def no_answer(talk: LegTalk, heard: Heard) -> None:
    """Nobody pressed a key: a machine, or a telephone in a pocket."""
    talk.emit("dial.machine")
    talk.order(NotAnswered())


def whisper(talk: PersonTalk) -> tuple[Phrase, ...]:
    """Line, level and language; nothing of the case, since anybody may have picked up."""
    return ((f"whisper_{talk.own.hunt}", ""),)


def brief(talk: PersonTalk) -> tuple[Phrase, ...]:
    """What is said after key 1 and before anybody is connected: what is wished, and which case.

    It has to be over in a few seconds, since the caller waits for it: see `details`.
    """
    later = (("brief_callback", ""),) if yet_to_be_rung(talk) else ()
    return (*about_wish(talk), *about_case(talk), *later)


def yet_to_be_rung(talk: LegTalk) -> bool:
    """Whether it is us who call, and the customer is rung when this has been said."""
    return talk.shared.back is not None and not talk.shared.back.leg


def about_wish(talk: LegTalk) -> tuple[Phrase, ...]:
    match talk.shared.wish:
        case "E-Down":
            return (("brief_emergency", ""), *about_emergency(talk))
        case "engineer":
            return (("brief_engineer", ""),)
        case "severity":
            return (("brief_severity", ""),)
        case "":
            return (("brief_operator", ""),)
        case _:
            return (("brief_level", ""),)


def about_emergency(talk: LegTalk) -> tuple[Phrase, ...]:
    """What the caller has answered so far of the questions about the outage, the most telling."""
    answers = talk.shared.emergency.answers if talk.shared.emergency else {}
    if not details(talk):
        return ()
    if "affected" not in answers:
        purpose = answers.get("purpose")
        return ((f"brief_purpose_{purpose}", ""),) if purpose else ()
    timed = "down_for" in answers and not yet_to_be_rung(talk)  # it was when it was promised
    down_for = (("brief_down_for", ""),) if timed else ()
    return (("brief_users", ""), *down_for)


def details(talk: LegTalk) -> bool:
    """Whether there is time for more than the case: not where its number can be two, or the records
    weren't asked or didn't answer, for then the caller has to be asked first."""
    case = talk.shared.case
    return not (case.other or case.suspicious or isinstance(case.record, UnansweredCase))


def about_case(talk: LegTalk) -> tuple[Phrase, ...]:
    case = talk.shared.case
    if not case.keyed:
        return (("brief_none", ""),)
    other = (("brief_other", ""),) if case.other else ()
    verified = ("brief_verified" if case.verified else "brief_unverified", "")
    match case.record:
        case FoundCase() as found:
            return (("brief_case", ""), *other, *_more(talk, found), verified)
        case UnknownCase(suspicious=True):
            return (("brief_case", ""), ("brief_suspicious", ""))
        case UnknownCase():
            return (("brief_unknown", ""), *other)
        case UnansweredCase():
            return (("brief_case", ""), *other, ("brief_records_down", ""))
        case None:
            return (("brief_case", ""), *other)


def _more(talk: LegTalk, case: FoundCase) -> tuple[Phrase, ...]:
    """Whether it is closed, how bad it was, and whose it is; in an outage it is the worst, and that
    has been said."""
    if not details(talk):
        return ()
    closed = (("brief_closed", ""),) if case.status == "closed" else ()
    if talk.shared.wish == "E-Down":
        return closed
    severity = ("brief_no_severity" if case.severity is None else "severity", "")
    return (*closed, severity, *((("account", ""),) if case.account else ()))


# --- the operator's menu ---


def step_out(talk: LegTalk, heard: Heard) -> None:
    talk.order(HoldCaller())


def step_in(talk: LegTalk, heard: Heard) -> None:
    talk.order(ResumeCaller())


def ring_right(talk: PersonTalk, heard: Heard) -> None:
    """The operator asks for the right manager; nobody is rung whom the operator didn't ask for."""
    talk.own.told = True
    talk.order(StartHunt("wish", manual=True))


def ring_next(talk: PersonTalk, heard: Heard) -> None:
    talk.own.told = True
    talk.order(RingNext())


def hand_over(talk: LegTalk, heard: Heard) -> None:
    talk.order(HandOver())


def told(talk: PersonTalk) -> tuple[Phrase, ...]:
    """Going back to the caller: who is being rung meanwhile, and why that person."""
    rung = talk.shared.hunt.rung
    if not talk.own.told or rung is None:
        return ()
    return (("desk_ringing", ""), (f"reason_{rung.reason}", ""), ("desk_back", ""))


def told_once(talk: PersonTalk, heard: Heard) -> None:
    talk.own.told = False
