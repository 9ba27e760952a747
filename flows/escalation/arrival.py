"""Who calls: a customer, one who was cut off a few minutes ago, or somebody who works here.

The look-up is by the number that the carrier shows, and anybody can have another's shown. So it
changes nothing that a stranger hears: only a caller who was cut off is welcomed back, and nothing
of their case is said then. Who works here sets their status with their PIN, and not without one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from msgspec import convert

from ivr.line.flow.conversation import Go, Heard
from ivr.line.flow.orders import SetStatus
from ivr.line.flow.steps import Branch, Entry, Goodbye, LookUp, Menu, Step
from ivr.line.values import CallerTalk, Owed, Resumed, needed

from . import effects as do
from . import emergency, guards

# Where a caller goes on who was cut off in one of these steps; in others, right there.
SAFE = {
    "wish_hold": "search",
    "operator_hold": "search",
    "emergency_hold": "search",
    "dial": "search",
    "talk": "search",  # the person they were with first
    "dropped": "search",
    **dict.fromkeys(emergency.QUESTIONS, "emergency_ring"),
    "pin": "wish",
    "status": "wish",
    "callback_confirm": "offer",
    "callback_number": "offer",
    "which": "case",
    "emergency_which": "emergency_case",
}
NEVER = {
    "language",
    "after",
    "severity_noted",
    "back_confirm",
    "staff",
    "staff_pin",
    "welcome_back",
}
STATUSES = {"1": "available", "2": "away", "3": "dnd", "4": "busy_soon"}


def steps(listening: Iterable[str], first: str) -> list[Step]:
    """``listening`` are the steps in which a caller can have been cut off; ``first`` is the one
    after the language.
    """
    places = [name for name in listening if name not in NEVER]
    return [
        LookUp(
            "arrival",
            asks="arrival",
            on={
                "found": (
                    Go("staff_pin", when=has_pin, then=(know_staff,)),
                    Go("greeting", says="staff_without_pin", when=is_staff, then=(know_staff,)),
                    Go("welcome_back", when=was_cut_off, then=(remember,)),
                    Go("greeting", then=(remember,)),
                ),
                "not_found": "greeting",
                "too_slow": "greeting",
                "hangup": "ended",
            },
        ),
        Branch(
            "greeting",
            on={
                "next": (
                    Go("language", when=guards.several_languages, then=(do.notice_played,)),
                    Go(first, then=(do.welcome, do.notice_played)),
                )
            },
        ),
        # --- cut off ---
        Menu(
            "welcome_back",
            says=("welcome_back",),
            on={"1": Go("resumed", then=(take_up,)), "2": Go("greeting", then=(start_over,))},
        ),
        Branch(
            "resumed",
            on={
                "next": (
                    *(Go(SAFE.get(place, place), when=guards.was_at(place)) for place in places),
                    Go("search"),
                )
            },
        ),
        # --- somebody who works here sets their status ---
        Entry(
            "staff_pin",
            says=("staff_pin",),
            reads=do.read_pin,
            secret=True,
            on={
                "accepted": "staff_check",
                "cleared": Go(),
                "slower": Go(says="slower", then=(do.slow_down,)),
                "back": "greeting",
                "silence": "greeting",
                "too_many": "greeting",
            },
        ),
        LookUp(
            "staff_check",
            asks="staff_pin",
            on={
                "found": Go("staff", then=(forget_secret, keep_until)),
                "not_found": (
                    Go("greeting", when=guards.pin_tried_often(3), then=(do.pin_wrong,)),
                    Go("staff_pin", says="pin_wrong", then=(do.pin_wrong,)),
                ),
                "too_slow": Go("greeting", then=(forget_secret,)),
            },
        ),
        Menu(
            "staff",
            says=("staff",),
            on={
                **{
                    key: Go("staff_done", then=(say_status(status),))
                    for key, status in STATUSES.items()
                },
                "9": "greeting",
                "too_many": "greeting",
            },
        ),
        Goodbye("staff_done", says=("staff_done",)),
    ]


def is_staff(talk: CallerTalk, heard: Heard) -> bool:
    return bool(heard.data.get("staff"))


def has_pin(talk: CallerTalk, heard: Heard) -> bool:
    return is_staff(talk, heard) and bool(heard.data["pin"])


def know_staff(talk: CallerTalk, heard: Heard) -> None:
    talk.shared.caller.staff = heard.data["staff"]


def forget_secret(talk: CallerTalk, heard: Heard) -> None:
    talk.shared.case.secret = ""


def keep_until(talk: CallerTalk, heard: Heard) -> None:
    talk.shared.caller.status_until = datetime.fromisoformat(heard.data["until"])


def say_status(status: str) -> Callable[[CallerTalk, Heard], None]:
    def effect(talk: CallerTalk, heard: Heard) -> None:
        caller = talk.shared.caller
        talk.order(SetStatus(caller.staff, status, needed(caller.status_until)))

    return effect


def was_cut_off(talk: CallerTalk, heard: Heard) -> bool:
    return bool(heard.data.get("resume"))


def remember(talk: CallerTalk, heard: Heard) -> None:
    """Where they were, in case they want to go on there; and the calls that they are still owed."""
    talk.shared.caller.owes = convert(heard.data.get("owes", []), list[Owed])
    if "resume" in heard.data:
        resume = convert(heard.data["resume"], Resumed)
        talk.shared.caller.resume = resume
        talk.language = resume.language


def take_up(talk: CallerTalk, heard: Heard) -> None:
    if resume := talk.shared.caller.resume:
        talk.shared.caller.resume = None
        resume.shared.into(talk.shared)
        talk.own = resume.own
    talk.emit("call.resumed", where=talk.shared.caller.left_at)


def start_over(talk: CallerTalk, heard: Heard) -> None:
    """As if they had never called: what they said then isn't this call's."""
    talk.shared.caller.resume = None
    talk.language = talk.shared.called.languages[0]
