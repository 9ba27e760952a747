"""The caller's way through an Enterprise Down: a person at once, and five questions meanwhile.

An operator and the people on duty are rung as soon as the case is given, and the first to accept
meets the caller in the middle of the questions. Nothing that is asked here can keep anybody out,
and nothing that is said here tells what a contract allows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ivr.line.desk import emergency as rules
from ivr.line.desk.cases import CaseNumbers
from ivr.line.desk.emergency import CATEGORIES, MOST_USERS, REACH
from ivr.line.flow.conversation import Go, Heard, Leads
from ivr.line.flow.orders import TellCase
from ivr.line.flow.steps import Branch, Entry, LookUp, Menu, RecordStep, Step
from ivr.line.values import CallerTalk, needed

from . import effects as do
from . import entry, guards

MOST_HOURS = 8760

# What was done so far: a key, and what is written; for anything else they speak.
ACTIONS = {"1": "nothing yet", "2": "the server was restarted", "3": "a change was rolled back"}
SPEAK = "4"

# How ringing others can end while the caller is asked: the first to accept meets them at once.
RUNG: dict[str, Leads] = {
    "joined": "talk",
    "nobody": Go(),
    "no_carrier": Go("dial", says="trying_emergency"),  # a document can't ask and dial
}

QUESTIONS = (
    "checks",
    "purpose",
    "users",
    "affected",
    "actions_key",
    "actions",
    "down_hours",
    "down_minutes",
    "environment",
    "contact",
    "contact_number",
    "reach",
    "english",
    "competent",
)

AGAIN: dict[str, Leads] = {
    "slower": Go(says="slower", then=(do.slow_down,)),
    "cleared": Go(),
    "back": Go(),
}


def steps(numbers: CaseNumbers) -> list[Step]:
    purposes: dict[str, Leads] = {
        str(key): Go("users", then=(answered("purpose", key),))
        for key in range(1, len(CATEGORIES) + 1)
    }
    return [
        # --- which case: without one the caller goes to a person all the same ---
        *entry.steps(numbers, "emergency_"),
        LookUp(
            "emergency_search",
            asks="case",
            on={
                "found": Go("emergency_ring", then=(do.keep_case, declare)),
                "not_found": Go("emergency_ring", then=(do.keep_case, declare)),
                "too_slow": Go("emergency_ring", then=(do.keep_case, declare)),
            },
        ),
        LookUp(
            "emergency_ring",
            asks="people",
            on={
                name: Go("questions", then=(do.keep_ranking, do.hunt("emergency")))
                for name in ("found", "not_found", "too_slow")
            },
        ),
        Branch(  # whoever was cut off in one of them goes on there
            "questions",
            on={
                "next": (
                    *(Go(name, when=guards.was_at(name), then=(go_on,)) for name in QUESTIONS),
                    Go("checks"),
                )
            },
        ),
        # --- the five questions ---
        Menu(
            "checks",  # short: if the carrier rings nobody, the caller is soon led on and dialled
            says=("checks",),
            timeout=1,
            meanwhile=True,
            on=RUNG | purposes | dict.fromkeys(("silence", "invalid", "too_many"), "purpose"),
        ),
        Menu(
            "purpose",
            says=("purpose", "in_writing"),
            meanwhile=True,
            on=RUNG | purposes | {"9": Go(says="form_sent", then=(send_form,))},
        ),
        Entry(
            "users",
            says=("users",),
            hints=("more_time",),
            reads=count("users", 1),
            meanwhile=True,
            refusals=frozenset({"bad_count"}),
            on=RUNG
            | {
                "accepted": Go("affected", then=(counted("users"),)),
                "bad_count": Go(says="bad_count"),
                **AGAIN,
            },
        ),
        Entry(
            "affected",
            says=("affected",),
            hints=("more_time",),
            reads=count("affected", 0, of="users"),
            meanwhile=True,
            refusals=frozenset({"bad_count", "too_many_affected"}),
            on=RUNG
            | {
                "accepted": Go("actions_key", then=(counted("affected"),)),
                "bad_count": Go(says="bad_count"),
                "too_many_affected": Go(says="too_many_affected"),
                **AGAIN,
            },
        ),
        Menu(
            "actions_key",  # whoever can't speak chooses
            says=("actions",),
            meanwhile=True,
            on=RUNG
            | {
                key: Go("down_hours", then=(answered("actions", done),))
                for key, done in ACTIONS.items()
            }
            | {SPEAK: "actions", "#": "down_hours"},
        ),
        RecordStep(
            "actions",
            says=("actions_said",),
            longest=120,
            meanwhile=True,
            on=RUNG | {"recorded": Go("down_hours", then=(recorded,))},
        ),
        Entry(
            "down_hours",
            says=("down_hours",),
            hints=("more_time",),
            reads=duration("hours", MOST_HOURS),
            meanwhile=True,
            refusals=frozenset({"bad_count"}),
            on=RUNG | {"accepted": "down_minutes", "bad_count": Go(says="bad_count"), **AGAIN},
        ),
        Entry(
            "down_minutes",
            says=("down_minutes",),
            hints=("more_time",),
            reads=duration("minutes", 59),
            meanwhile=True,
            refusals=frozenset({"bad_count"}),
            on=RUNG
            | {
                "accepted": Go("environment", then=(down_for,)),
                "bad_count": Go(says="bad_count"),
                **AGAIN,
            },
        ),
        # Asked whatever the records say: who calls must not hear what is in them.
        Menu(
            "environment",
            says=("environment",),
            meanwhile=True,
            on=RUNG
            | {
                str(key): (
                    Go(
                        "contact_number",
                        says="contact_needed",
                        when=guards.withheld,
                        then=(answered("environment", key),),
                    ),
                    Go("contact", then=(answered("environment", key),)),
                )
                for key in (rules.YES, rules.NO)
            },
        ),
        # --- who can be reached, around the clock ---
        Menu(
            "contact",
            says=("contact_needed", "contact"),
            meanwhile=True,
            on=RUNG
            | {
                "1": Go("reach", then=(contact_here,)),
                "2": "contact_number",
            },
        ),
        Entry(
            "contact_number",
            says=("contact_number",),
            hints=("more_time",),
            reads=do.read_phone,
            personal=True,
            meanwhile=True,
            refusals=frozenset({"number_bad"}),
            on=RUNG
            | {
                "accepted": Go("reach", then=(contact_keyed,)),
                "number_bad": Go(says="number_bad"),
                **AGAIN,
            },
        ),
        Menu(
            "reach",
            says=("reach",),
            meanwhile=True,
            on=RUNG
            | {
                str(key): Go("english", then=(contact("reach", how),))
                for key, how in enumerate(REACH, start=1)
            },
        ),
        Menu(
            "english",
            says=("english",),
            meanwhile=True,
            on=RUNG
            | {
                "1": Go("competent", then=(contact("english", True),)),
                "2": Go("competent", says="needs_english", then=(contact("english", False),)),
            },
        ),
        Menu(
            "competent",
            says=("competent",),
            meanwhile=True,
            on=RUNG
            | {
                "1": Go("search", then=(contact("competent", True),)),
                "2": Go("search", says="needs_competent", then=(contact("competent", False),)),
            },
        ),
    ]


def go_on(talk: CallerTalk, heard: Heard) -> None:
    talk.shared.caller.left_at = ""


def declare(talk: CallerTalk, heard: Heard) -> None:
    """The case hears of it at once; the answers follow as they are given."""
    do.emergency(talk)
    talk.order(TellCase("declare", key="declare"))


def send_form(talk: CallerTalk, heard: Heard) -> None:
    """The questions in writing, for the contact on file; what is said is the same without one."""
    talk.order(TellCase("send_form", key="form", data={"phone": talk.shared.caller.number}))


def _tell(talk: CallerTalk, name: str, **given: Any) -> None:
    talk.order(TellCase("answer", key=f"answer:{name}:{talk.turn}", data=given))


def _answer(talk: CallerTalk, name: str, value: Any) -> None:
    do.emergency(talk).answers[name] = value
    talk.emit("edown.answer", question=name, value=value)
    _tell(talk, name, answers={name: value})


def answered(name: str, value: Any) -> Callable[[CallerTalk, Heard], None]:
    return lambda talk, heard: _answer(talk, name, value)


def _number(keyed: str, least: int, most: int) -> int | None:
    number = int(keyed) if keyed.isdecimal() and len(keyed) <= 9 else -1
    return number if least <= number <= most else None


def count(name: str, least: int, of: str = "") -> Callable[[CallerTalk, str], str]:
    """So many people; never more of them than there are."""

    def read(talk: CallerTalk, keyed: str) -> str:
        number = _number(keyed, least, MOST_USERS)
        if number is None:
            return "bad_count"
        total = do.emergency(talk).answers.get(of)
        if isinstance(total, int) and number > total:
            return "too_many_affected"
        setattr(talk.own, name, number)
        return "accepted"

    return read


def counted(name: str) -> Callable[[CallerTalk, Heard], None]:
    return lambda talk, heard: _answer(talk, name, getattr(talk.own, name))


def duration(unit: str, most: int) -> Callable[[CallerTalk, str], str]:
    def read(talk: CallerTalk, keyed: str) -> str:
        number = _number(keyed, 0, most)
        if number is None:
            return "bad_count"
        setattr(talk.own, unit, number)
        return "accepted"

    return read


def down_for(talk: CallerTalk, heard: Heard) -> None:
    _answer(talk, "down_for", 60 * needed(talk.own.hours) + needed(talk.own.minutes))


def recorded(talk: CallerTalk, heard: Heard) -> None:
    """What was done so far, as spoken; the case keeps where the recording is."""
    _answer(talk, "actions", f"recording {heard.data['sid']}")


def _contact(talk: CallerTalk, **given: Any) -> None:
    do.emergency(talk).contact |= given
    talk.emit("edown.answer", question="contact", value=sorted(given))
    _tell(talk, "contact", contact=given)


def contact(name: str, value: Any) -> Callable[[CallerTalk, Heard], None]:
    return lambda talk, heard: _contact(talk, **{name: value})


def contact_here(talk: CallerTalk, heard: Heard) -> None:
    _contact(talk, number=talk.shared.caller.number)


def contact_keyed(talk: CallerTalk, heard: Heard) -> None:
    _contact(talk, number=talk.own.reading or "")
