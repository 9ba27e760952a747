"""Who calls: a customer, one who was cut off a few minutes ago, or somebody who works here.

The look-up is by the number that the carrier shows. It changes nothing that a stranger hears: only
who was cut off himself is welcomed back, and nothing of his case is said then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ivr.line.flow.conversation import Conversation, Go, Heard
from ivr.line.flow.orders import SetStatus
from ivr.line.flow.steps import Branch, Entry, Goodbye, LookUp, Menu, Step

from . import effects as do

# Where somebody is taken up who was in one of these when he was cut off; in others, right there.
SAFE = {
    "manager_hold": "manager_search",
    "engineer_hold": "engineer_search",
    "operator_hold": "operator_search",
    "emergency_hold": "operator_search",
    "duty_hold": "operator_search",
    "dial": "operator_search",
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
    """``listening`` are the caller's steps in which he can have been cut off, ``first`` is the one
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
                    Go("staff", when=is_staff, then=(know_staff,)),
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
                    Go("language", when=do.several_languages, then=(do.notice_played,)),
                    Go(first, then=(do.welcome, do.notice_played)),
                )
            },
        ),
        # --- cut off ---
        Menu(
            "welcome_back",
            says=("welcome_back",),
            on={"1": Go("resumed", then=(take_up,)), "2": "greeting"},
        ),
        Branch(
            "resumed",
            on={
                "next": (
                    *(Go(SAFE.get(place, place), when=was_at(place)) for place in places),
                    Go("manager_search", when=was_escalating),
                    Go("operator_search"),
                )
            },
        ),
        # --- somebody who works here says how he is ---
        Entry(
            "staff_pin",
            says=("pin",),
            reads=do.read_pin,
            secret=True,
            on={"accepted": "staff_check", "cleared": Go(), "slower": Go(), "back": Go()},
        ),
        LookUp(
            "staff_check",
            asks="staff_pin",
            on={
                "found": Go("staff", then=(forget_secret,)),
                "not_found": (
                    Go("greeting", when=do.pin_tried_often(3), then=(do.pin_wrong,)),
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


def is_staff(talk: Conversation, heard: Heard) -> bool:
    return bool(heard.data.get("staff"))


def has_pin(talk: Conversation, heard: Heard) -> bool:
    return is_staff(talk, heard) and bool(heard.data["pin"])


def know_staff(talk: Conversation, heard: Heard) -> None:
    talk.shared["staff"] = heard.data["staff"]


def forget_secret(talk: Conversation, heard: Heard) -> None:
    talk.shared.pop("secret", None)


def say_status(status: str) -> Callable[[Conversation, Heard], None]:
    def effect(talk: Conversation, heard: Heard) -> None:
        talk.order(SetStatus(talk.shared["staff"], status))

    return effect


def was_cut_off(talk: Conversation, heard: Heard) -> bool:
    return bool(heard.data.get("resume"))


def remember(talk: Conversation, heard: Heard) -> None:
    """Where he was, in case he wants to go on there; and the calls that he is still owed."""
    talk.shared["owes"] = heard.data.get("owes", [])
    if resume := heard.data.get("resume"):
        talk.shared["resume"] = dict(resume)
        talk.language = resume["language"]


def take_up(talk: Conversation, heard: Heard) -> None:
    resume: dict[str, Any] = talk.shared.pop("resume")
    talk.shared |= resume["shared"]
    talk.own |= resume["own"]
    talk.emit("call.resumed", where=talk.shared.get("left_at", ""))


def was_at(place: str) -> Callable[[Conversation, Heard], bool]:
    return lambda talk, heard: talk.shared.get("left_at") == place


def was_escalating(talk: Conversation, heard: Heard) -> bool:
    return bool(talk.shared.get("requested")) and do.known_and_open(talk, heard)
