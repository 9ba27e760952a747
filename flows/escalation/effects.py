"""What the steps of this line do on the way: notes in the conversation and orders to the line.

Guards and effects are given the conversation and what was heard. They change nothing else: what has
to happen in the world is an order (`Conversation.order`), what has to be remembered an event
(`emit`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ivr.line.desk.cases import CaseNumbers
from ivr.line.desk.levels import Level
from ivr.line.desk.phone_numbers import dialled
from ivr.line.flow.conversation import Conversation, Heard, Phrase
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

TRYING = {"engineer": "trying_engineer", "E-Down": "trying_emergency"}

# --- language ---


def several_languages(talk: Conversation, heard: Heard) -> bool:
    return len(talk.shared["offers"]) > 1


def offered(place: int) -> Callable[[Conversation, Heard], bool]:
    return lambda talk, heard: place < len(talk.shared["offers"])


def choose(place: int) -> Callable[[Conversation, Heard], None]:
    def effect(talk: Conversation, heard: Heard) -> None:
        talk.language = talk.shared["offers"][place]
        works = talk.shared["works"][talk.language]
        talk.emit("language.chosen", language=talk.language, works_in=works)

    return effect


def greet(talk: Conversation) -> tuple[Phrase, ...]:
    """The notice in the number's first language, then each choice in its own."""
    offers = talk.shared["offers"]
    choices = [("choose_language", code) for code in offers]
    elsewhere = [("works_in", code) for code in offers if _works_elsewhere(talk, code)]
    return (("notice", offers[0]), *elsewhere, *choices)


def _works_elsewhere(talk: Conversation, language: str) -> bool:
    """Whether the desk works in another language now than the caller has chosen."""
    return bool(talk.shared["works"].get(language, language) != language)


def welcome(talk: Conversation, heard: Heard) -> None:
    """The notice, and in which language the desk works if that isn't the number's only one."""
    elsewhere = ("works_in",) if _works_elsewhere(talk, talk.language) else ()
    talk.notes = (*talk.notes, "notice", *elsewhere)


def notice_played(talk: Conversation, heard: Heard) -> None:
    talk.emit("notice.played", language=talk.language)


def zero_pressed(talk: Conversation, heard: Heard) -> None:
    """The caller asks for a person himself; from here on he hears that it is an operator."""
    talk.shared["asked_for"] = "operator"
    talk.emit("zero.pressed", where=talk.state)


def trying(levels: Iterable[Level]) -> Callable[[Conversation], tuple[Phrase, ...]]:
    """The same words for the same wish, whoever is rung: they tell nothing of the case."""
    prompts = TRYING | {level.code: "trying_manager" for level in levels}

    def says(talk: Conversation) -> tuple[Phrase, ...]:
        return ((prompts.get(talk.shared.get("asked_for", ""), "to_operator"), ""),)

    return says


def progress(levels: Iterable[Level]) -> Callable[[Conversation], tuple[Phrase, ...]]:
    """An operator's line has positions; somebody in particular is still being tried."""
    tried = {*TRYING, *(level.code for level in levels)}

    def says(talk: Conversation) -> tuple[Phrase, ...]:
        asked = talk.shared.get("asked_for", "")
        return (("still_trying" if asked in tried else "still_in_line", ""),)

    return says


# --- the case number ---


def read_case(numbers: CaseNumbers) -> Callable[[Conversation, str], str]:
    """What the keyed digits are: ``accepted``, ``ambiguous``, or why not."""

    def read(talk: Conversation, digits: str) -> str:
        reading = numbers.read(digits)
        talk.own["readings"] = list(reading.candidates)
        talk.own["count"] = len(digits)
        return reading.kind

    return read


def take_reading(place: int) -> Callable[[Conversation, Heard], None]:
    def effect(talk: Conversation, heard: Heard) -> None:
        talk.shared["keyed"] = talk.own["readings"][place]
        talk.shared["case"] = None
        talk.shared.pop("verified", None)  # a PIN is one case's
        talk.emit("entry.accepted", digits=talk.shared["keyed"], tries=talk.tries + 1)

    return effect


def slow_down(talk: Conversation, heard: Heard) -> None:
    talk.slow = True


def silent_before(talk: Conversation, heard: Heard) -> bool:
    return talk.tries > 1 and not talk.slow


def keep_case(talk: Conversation, heard: Heard) -> None:
    """What the records said of the number; the caller hears no difference."""
    talk.shared["case"] = {"result": heard.value, **heard.data}
    numbers = talk.shared.setdefault("numbers", [])
    if talk.shared["keyed"] not in numbers:
        numbers.append(talk.shared["keyed"])
    talk.emit("case.lookup", result=heard.value, number=talk.shared["keyed"])
    if heard.data.get("on_file"):
        talk.emit("verify.passed", level="V1")  # a hint for people; it changes nothing that is said


# --- what only who has the PIN may hear ---


def read_pin(talk: Conversation, digits: str) -> str:
    """Kept for the look-up of this very turn, and taken away by what comes of it."""
    talk.shared["secret"] = digits
    return "accepted"


def pin_right(talk: Conversation, heard: Heard) -> None:
    del talk.shared["secret"]
    talk.shared["verified"] = "V2"
    talk.shared["status"] = dict(heard.data)
    talk.emit("verify.passed", level="V2")


def pin_wrong(talk: Conversation, heard: Heard) -> None:
    talk.shared.pop("secret", None)
    talk.shared["pin_tries"] = talk.shared.get("pin_tries", 0) + 1
    talk.emit("verify.failed", tries=talk.shared["pin_tries"])


def pin_tried_often(most: int) -> Callable[[Conversation, Heard], bool]:
    """Whether this try is the last one of the call, or there are too many of them elsewhere."""

    def guard(talk: Conversation, heard: Heard) -> bool:
        return talk.shared.get("pin_tries", 0) + 1 >= most or bool(heard.data.get("over"))

    return guard


def verified(talk: Conversation, heard: Heard) -> bool:
    return talk.shared.get("verified") == "V2" and known(talk, heard)


def status(talk: Conversation) -> tuple[Phrase, ...]:
    """Where the case stands: to whom has shown that he may know."""
    found = talk.shared["status"]
    said = [(f"status_{found['status']}", "")]
    said += [("status_severity", "")] if found.get("severity") is not None else []
    said += [("status_escalated", "")] if found.get("level") else []
    return (*said, ("status", ""))


def known_and_open(talk: Conversation, heard: Heard) -> bool:
    case = talk.shared.get("case") or {}
    return case.get("result") == "found" and case.get("status") == "open"


# --- what the caller wants ---


def wish(what: str) -> Callable[[Conversation, Heard], None]:
    """Remember the wish: a level's code, ``severity``, ``engineer`` or ``E-Down``."""

    def effect(talk: Conversation, heard: Heard) -> None:
        talk.shared["wish"] = talk.shared["asked_for"] = what
        talk.emit("menu.wish", wish=what)

    return effect


def records_down(talk: Conversation, heard: Heard) -> bool:
    return (talk.shared.get("case") or {}).get("result") == "too_slow"


def has_wish(talk: Conversation, heard: Heard) -> bool:
    return bool(talk.shared.get("wish"))


def keep_ranking(talk: Conversation, heard: Heard) -> None:
    """Who may be rung, in order, with the reason for every name."""
    talk.shared["ranking"] = heard.data.get("ranking", [])
    talk.shared["owner"] = heard.data.get("owner")
    talk.emit("candidate.ranked", ranking=talk.shared["ranking"])


def request(level: str) -> Callable[[Conversation, Heard], None]:
    """Ask for a level, once a call and case; whoever must know is told now."""
    return lambda talk, heard: talk.order(Escalate(level, set_by=talk.own.get("person", "")))


def request_level(talk: Conversation, heard: Heard) -> None:
    """The level whose turn it is: the next one, or a chase of one that nobody has met yet."""
    talk.order(Escalate(heard.data["level"], set_by=talk.own.get("person", "")))


def want_level(talk: Conversation, heard: Heard) -> None:
    """The level that comes next, though its turn hasn't come: staff may ask for it all the same."""
    talk.shared["wish"] = heard.data["level"]


def is_emergency(talk: Conversation, heard: Heard) -> bool:
    return bool(talk.shared.get("wish") == "E-Down")


# --- another severity ---


def wish_severity(code: int) -> Callable[[Conversation, Heard], None]:
    def effect(talk: Conversation, heard: Heard) -> None:
        talk.own["severity"] = code
        talk.emit("severity.requested", after=code)

    return effect


def tell_severity(talk: Conversation, heard: Heard) -> None:
    """What is wished for goes to the engineer, with the recorded reason; nothing is set."""
    wished = {"severity": talk.own["severity"], "recording": heard.data.get("sid", "")}
    talk.order(TellCase("wish_severity", key=f"severity:{talk.turn}", data=wished))


# --- putting through ---


def hunt(name: str) -> Callable[[Conversation, Heard], None]:
    return lambda talk, heard: talk.order(StartHunt(name))


def hunted(*names: str) -> Callable[[Conversation, Heard], bool]:
    """Whether the present or last hunt was for one of these."""
    return lambda talk, heard: (talk.shared.get("hunt") or {}).get("name") in names


def still_hunting(talk: Conversation, heard: Heard) -> bool:
    """An operator left while somebody he had asked for was still being rung."""
    return bool(talk.shared.get("ringing"))


def hardly_met(talk: Conversation, heard: Heard) -> bool:
    """Whoever accepted was gone before anybody could say anything."""
    return bool(heard.data.get("hardly"))


# --- being called back ---


def withheld(talk: Conversation, heard: Heard) -> bool:
    return not talk.shared["caller_number"]


def propose_own_number(talk: Conversation, heard: Heard) -> None:
    talk.own["callback_number"] = talk.shared["caller_number"]


def read_phone(talk: Conversation, digits: str) -> str:
    """A telephone number as keyed, national or with two zeros in front."""
    number = dialled(digits, talk.shared["country"], talk.shared["countries"])
    talk.own["reading"] = number or ""
    return "accepted" if number else "number_bad"


def propose_keyed_number(talk: Conversation, heard: Heard) -> None:
    talk.own["callback_number"] = talk.own["reading"]


def promise(talk: Conversation, heard: Heard) -> None:
    """The call back that the caller has confirmed: stored with this turn, before it is spoken."""
    talk.order(PromiseCallback(talk.own["callback_number"], why="asked"))


def owe_a_call(talk: Conversation, heard: Heard) -> None:
    """Somebody who hangs up while people are being rung for him is owed a call as well."""
    talk.order(PromiseCallback(talk.shared["caller_number"], why="hung up"))


def abandon(talk: Conversation, heard: Heard) -> None:
    talk.emit("queue.left", why="abandoned", stage=talk.state)


# --- the people who are rung ---


def not_wanted(talk: Conversation, heard: Heard) -> bool:
    """Whether this telephone isn't the one that should ring any more."""
    return not talk.own["wanted"]


def not_clicked(talk: Conversation, heard: Heard) -> bool:
    """Whether he hasn't accepted on a page, so that nobody knows yet who has picked up."""
    return not talk.own.get("clicked")


def dialled_by_document(talk: Conversation, heard: Heard) -> bool:
    return bool(talk.own["by_dial"])


def answered(talk: Conversation, heard: Heard) -> None:
    talk.emit("dial.answered")


def accept(talk: Conversation, heard: Heard) -> None:
    talk.order(Accept())


def for_level(talk: Conversation, heard: Heard) -> bool:
    """Whether he is rung as whoever answers for a level: only he can say that he calls himself."""
    return bool(talk.own["hunt"] == "manager")


def for_promise(talk: Conversation, heard: Heard) -> bool:
    """Whether he is rung to keep a promise."""
    return bool(talk.own["hunt"] == "callback")


def has_called(talk: Conversation, heard: Heard) -> None:
    talk.order(HasCalled())


def call_later(talk: Conversation, heard: Heard) -> None:
    talk.order(CallPersonally())


def calling_back(talk: Conversation, heard: Heard) -> bool:
    """Whether it is us who call, and the customer hasn't been there yet."""
    return "back" in talk.shared and talk.shared["back"].get("came") != "kept"


def decline(talk: Conversation, heard: Heard) -> None:
    talk.order(Decline())


def no_answer(talk: Conversation, heard: Heard) -> None:
    """Nobody pressed a key: a machine, or a telephone in a pocket."""
    talk.emit("dial.machine")
    talk.order(NotAnswered())


def whisper(talk: Conversation) -> tuple[Phrase, ...]:
    """Line, level and language; nothing of the case, since anybody may have picked up."""
    return ((f"whisper_{talk.own['hunt']}", ""),)


def brief(talk: Conversation) -> tuple[Phrase, ...]:
    """What is said after key 1 and before anybody is connected."""
    star = (("star", ""),) if is_operator(talk) else ()
    if "back" in talk.shared:
        return (*about_case(talk), ("brief_callback", ""))
    return (*about_emergency(talk), *about_case(talk), *star)


def about_emergency(talk: Conversation) -> tuple[Phrase, ...]:
    """What the caller has answered so far of the questions about his outage."""
    file: dict[str, Any] | None = talk.shared.get("emergency")
    if not file:
        return (("brief_emergency", ""),) if talk.shared.get("wish") == "E-Down" else ()
    answers = file["answers"]
    said = [("brief_purpose", "")] if "purpose" in answers else []
    said += [("brief_users", "")] if "affected" in answers else []
    said += [("brief_down_for", "")] if "down_for" in answers else []
    return (("brief_emergency", ""), *said)


def about_case(talk: Conversation) -> tuple[Phrase, ...]:
    case: dict[str, Any] | None = talk.shared.get("case")
    if case is None:
        return (("brief_case", ""),) if talk.shared.get("keyed") else (("brief_none", ""),)
    if case.get("suspicious"):
        return (("brief_case", ""), ("brief_suspicious", ""))
    match case["result"]:
        case "found":
            said = [("brief_case", "")]
            said += [("brief_verified", "")] if talk.shared.get("verified") else []
            said += [("brief_no_severity" if case["severity"] is None else "severity", "")]
            return (*said, *((("account", ""),) if case["account"] else ()))
        case "not_found":
            return (("brief_unknown", ""),)
        case _:
            return (("brief_case", ""), ("brief_records_down", ""))


def is_operator(talk: Conversation) -> bool:
    return bool(talk.own["operator"])


def outlasted_by_nobody(talk: Conversation) -> bool:
    """Whether the talk may end with this leg: not while an operator may stay or bring others."""
    return not is_operator(talk) and not talk.own["introduced"]


# --- the operator's menu ---


def operator(talk: Conversation, heard: Heard) -> bool:
    return is_operator(talk)


def step_out(talk: Conversation, heard: Heard) -> None:
    talk.order(HoldCaller())


def step_in(talk: Conversation, heard: Heard) -> None:
    talk.order(ResumeCaller())


def has_case(talk: Conversation, heard: Heard) -> bool:
    return bool(talk.shared.get("keyed"))


def known(talk: Conversation, heard: Heard) -> bool:
    return (talk.shared.get("case") or {}).get("result") == "found"


def closed(talk: Conversation, heard: Heard) -> bool:
    return known(talk, heard) and talk.shared["case"]["status"] == "closed"


def ringing(talk: Conversation, heard: Heard) -> bool:
    return bool(talk.shared.get("ringing"))


def somebody_left(talk: Conversation, heard: Heard) -> bool:
    return bool(talk.shared.get("left_to_ring"))


def ring_right(talk: Conversation, heard: Heard) -> None:
    """The operator asks for the right manager; he rings only whom the operator asks for."""
    talk.own["told"] = True
    talk.order(StartHunt("manager", manual=True))


def ring_next(talk: Conversation, heard: Heard) -> None:
    talk.own["told"] = True
    talk.order(RingNext())


def hand_over(talk: Conversation, heard: Heard) -> None:
    talk.order(HandOver())


def told(talk: Conversation) -> tuple[Phrase, ...]:
    """Going back to the caller: who is being rung meanwhile, and why that person."""
    rung: dict[str, Any] | None = talk.shared.get("rung")
    if not (talk.own.get("told") and rung):
        return ()
    return (("desk_ringing", ""), (f"reason_{rung['reason']}", ""), ("desk_back", ""))


def told_once(talk: Conversation, heard: Heard) -> None:
    talk.own["told"] = False
