"""Conditions of this line: whether a lead is taken (`Go`'s ``when``).

A guard is given the conversation and what was heard, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ivr.line.config import LineConfig
from ivr.line.desk.levels import Level
from ivr.line.flow.conversation import Heard
from ivr.line.values import LegTalk, PersonTalk, needed

# --- the caller ---


def several_languages(talk: LegTalk, heard: Heard) -> bool:
    return len(talk.shared.called.languages) > 1


def offered(place: int) -> Callable[[LegTalk, Heard], bool]:
    return lambda talk, heard: place < len(talk.shared.called.languages)


def silent_before(talk: LegTalk, heard: Heard) -> bool:
    return talk.tries > 1 and not talk.slow


def was_at(place: str) -> Callable[[LegTalk, Heard], bool]:
    """Whether the caller was cut off in this step."""
    return lambda talk, heard: talk.shared.caller.left_at == place


def withheld(talk: LegTalk, heard: Heard) -> bool:
    return not talk.shared.caller.number


def uncallable(config: LineConfig) -> Callable[[LegTalk, Heard], bool]:
    """Whether they can't be called back where they call from, so that a number is asked for."""

    def guard(talk: LegTalk, heard: Heard) -> bool:
        caller = talk.shared.caller
        return bool(config.uncallable(caller.number) or caller.staff)

    return guard


# --- the case ---


def has_case(talk: LegTalk, heard: Heard) -> bool:
    return bool(talk.shared.case.keyed)


def known(talk: LegTalk, heard: Heard) -> bool:
    return talk.shared.case.found is not None


def known_and_open(talk: LegTalk, heard: Heard) -> bool:
    case = talk.shared.case.found
    return case is not None and case.status == "open"


def closed(talk: LegTalk, heard: Heard) -> bool:
    case = talk.shared.case.found
    return case is not None and case.status == "closed"


def verified(talk: LegTalk, heard: Heard) -> bool:
    return talk.shared.case.verified == "V2" and known(talk, heard)


def pin_tried_often(most: int) -> Callable[[LegTalk, Heard], bool]:
    """Whether this try is the last one of the call, or there are too many of them elsewhere."""

    def guard(talk: LegTalk, heard: Heard) -> bool:
        return talk.shared.case.pin_tries + 1 >= most or bool(heard.data.get("over"))

    return guard


# --- what the caller wants ---


def unmet(talk: LegTalk, heard: Heard) -> bool:
    """Whether the caller wishes for somebody, and hasn't met them: somebody of the level that was
    requested, else anybody at all. A wish for a severity is met when it has been told."""
    asked = talk.shared.requested
    if asked is not None and not asked.met:
        return True
    wish = "" if talk.shared.wish == "severity" else talk.shared.wish
    return not talk.shared.met and bool(talk.shared.asked_for or wish)


def is_emergency(talk: LegTalk, heard: Heard) -> bool:
    return talk.shared.wish == "E-Down"


def wishes_for_somebody(levels: Iterable[Level]) -> Callable[[LegTalk, Heard], bool]:
    """Whether the caller asks for the engineer, a manager or the next level, and for no operator
    since."""
    codes = {level.code for level in levels}
    return lambda talk, heard: talk.shared.asked_for == "engineer" or talk.shared.asked_for in codes


# --- the hunt ---


def may_wait_on(rounds: int) -> Callable[[LegTalk, Heard], bool]:
    """Whether the caller hasn't waited in vain so often that it is enough."""
    return lambda talk, heard: talk.shared.hunt.rounds < rounds


def errs(rounds: int) -> Callable[[LegTalk, Heard], bool]:
    """Whether somebody is there, and errs: they may need a person, if they may wait for one."""
    may = may_wait_on(rounds)
    return lambda talk, heard: talk.silences == 0 and may(talk, heard)


def ringing(talk: LegTalk, heard: Heard) -> bool:
    """Whether anyone is being rung for the caller, also after the operator who asked has left."""
    return talk.shared.hunt.ringing


def somebody_left(talk: LegTalk, heard: Heard) -> bool:
    return talk.shared.hunt.left_to_ring


def hardly_met(talk: LegTalk, heard: Heard) -> bool:
    """Whether the person who took the call was gone before the two had met."""
    return bool(heard.data.get("hardly"))


def cut_off(talk: LegTalk, heard: Heard) -> bool:
    """Whether an operator's leg is gone without their having said that they hang up."""
    return bool(heard.data.get("cut_off"))


def dials_client(talk: LegTalk) -> bool:
    """Whether the person that the caller's document dials works with a browser's telephone."""
    return needed(talk.shared.hunt.dialled).phone.startswith("client:")


# --- the person who is rung ---


def not_wanted(talk: PersonTalk, heard: Heard) -> bool:
    """Whether this telephone isn't the one that should ring any more."""
    return not talk.own.wanted


def not_clicked(talk: PersonTalk, heard: Heard) -> bool:
    """Whether it wasn't accepted on a page, so that nobody knows yet who has picked up."""
    return not talk.own.clicked


def dialled_by_document(talk: PersonTalk, heard: Heard) -> bool:
    return talk.own.by_dial


def for_level(talk: PersonTalk, heard: Heard) -> bool:
    """Whether a manager is being rung: only they can say that they will call personally."""
    return talk.own.hunt == "manager"


def for_promise(talk: PersonTalk, heard: Heard) -> bool:
    """Whether the person is being rung to keep a promise."""
    return talk.own.hunt == "callback"


def calling_back(talk: LegTalk, heard: Heard) -> bool:
    """Whether it is us who call, and the customer hasn't been there yet."""
    back = talk.shared.back
    return back is not None and back.came != "kept"


def operator(talk: PersonTalk, heard: Heard) -> bool:
    return is_operator(talk)


def is_operator(talk: PersonTalk) -> bool:
    return talk.own.operator


def outlasted_by_nobody(talk: PersonTalk) -> bool:
    """Whether the talk may end with this leg: not while an operator may stay or bring others."""
    return not is_operator(talk) and not talk.own.introduced
