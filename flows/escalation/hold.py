"""Somebody is looked for and the caller waits: in the same place, with the same words, no matter
whether there is a case with the number that they have keyed, whether it is open, and who is there.

Whoever asks for the engineer, a manager or the next level is looked for those first, if the case
has them, and operators after them. 0 is an operator, and whoever is on duty where none comes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ivr.line.config import LineConfig
from ivr.line.desk.levels import WISHES, Level
from ivr.line.flow.conversation import Effect, Go, Guard, Heard, Leads, Phrase, outcome
from ivr.line.flow.orders import Escalate, TellCase
from ivr.line.flow.steps import Dialling, Hold, LookUp, Step
from ivr.line.values import LegTalk

from . import effects as do
from . import guards


def steps(config: LineConfig) -> list[Step]:
    wished, keep = guards.wishes_for_somebody(config.levels), (do.keep_ranking, keep_request)
    nobody = _nobody(config)
    waiting: dict[str, Leads] = {
        "joined": "talk",
        "nobody": nobody,
        "no_carrier": "dial",
        "2": "callback",
        "hangup": Go("owe", then=(do.abandon,)),
    }
    return [
        LookUp(
            "search",
            asks="people",
            on={
                "found": _into_hold(wished, *keep),
                "not_found": (Go("wish_hold", when=wished, then=keep), Go("offer", then=keep)),
                "too_slow": _into_hold(wished, *keep),
            },
        ),
        Hold(
            "wish_hold",
            queue="people",
            says=looking,
            progress=_progress(config, "still_trying"),
            enter=(do.hunt("wish"),),
            on=waiting | {"later": Go("callback", says="manager_calls")},
        ),
        Hold(
            "operator_hold",
            queue="operators",
            says=("to_operator",),
            progress=_progress(config, "still_in_line"),
            enter=(do.hunt("operator"),),
            on=waiting | {"zero": Go()},
        ),
        Hold(
            "emergency_hold",
            queue="emergencies",
            says=("trying_emergency",),
            progress=_progress(config, "still_trying"),
            enter=(do.hunt("emergency"),),
            on=waiting | {"zero": Go()},
        ),
        # --- the same by plain <Dial>, when the REST API is down ---
        Dialling(
            "dial",
            to_client=guards.dials_client,
            on={
                "next_one": Go(),
                "joined": "talk",  # somebody who had been rung before
                "talked": "after",
                "nobody_now": _into_hold(wished),
                "nobody": nobody,
                "hangup": Go("owe", then=(do.abandon,)),
            },
        ),
        # --- the caller is gone, and is owed a call: who would have been rung says by whom ---
        LookUp(
            "owe",
            asks="people",
            on=dict.fromkeys(
                ("found", "not_found", "too_slow"),
                Go("ended", then=(keep_owner, do.owe_a_call)),
            ),
        ),
    ]


def _nobody(config: LineConfig) -> tuple[Go, ...]:
    """Nobody could be found: the caller may wait on, but not for ever."""
    return (
        Go("offer", when=guards.may_wait_on(config.limits.rounds)),
        Go("callback_number", says="waited_long", when=guards.uncallable(config)),
        Go("promised", says="waited_long", then=(do.propose_own_number, do.promise)),
    )


def _progress(config: LineConfig, words: str) -> Callable[[LegTalk], tuple[Phrase, ...]]:
    """While the caller waits; who can't be called back where they are is told so."""

    def says(talk: LegTalk) -> tuple[Phrase, ...]:
        uncallable = guards.uncallable(config)(talk, outcome(""))
        return ((words, ""), *((("no_number", ""),) if uncallable else ()))

    return says


def _into_hold(wished: Guard, *then: Effect) -> tuple[Go, ...]:
    return (
        Go("emergency_hold", when=guards.is_emergency, then=then),
        Go("wish_hold", when=wished, then=then),
        Go("operator_hold", then=then),
    )


def looking(talk: LegTalk) -> tuple[Phrase, ...]:
    """The same words for the same wish, whoever is rung and whatever the case is."""
    engineer = talk.shared.asked_for == "engineer"
    return (("looking_for_engineer" if engineer else "looking_for_manager", ""),)


def keep_owner(talk: LegTalk, heard: Heard) -> None:
    """Who owes the call, unless somebody has said already that they will make it."""
    if not talk.shared.hunt.calls_in:
        do.keep_ranking(talk, heard)


def keep_request(talk: LegTalk, heard: Heard) -> None:
    """Ask for the level that the caller may ask for; any other stays their wish, which the case
    keeps, and staff may ask for it all the same."""
    shared, request = talk.shared, heard.data.get("request")
    shared.wish = heard.data.get("wish") or shared.wish
    wish, case = shared.wish, shared.case.keyed
    if request:
        talk.order(Escalate(request))
    elif case and wish == shared.asked_for and wish not in ("", *WISHES):
        talk.order(TellCase("wish_level", key=f"wish:{case}:{wish}", data={"level": wish}))


def ask_for_a_manager(levels: Sequence[Level]) -> Callable[[LegTalk, Heard], None]:
    """An operator leaves the rest to the line: on to the level that is wished for, or the first."""
    codes = [level.code for level in levels]

    def effect(talk: LegTalk, heard: Heard) -> None:
        if guards.known_and_open(talk, heard):
            talk.shared.asked_for = talk.shared.wish if talk.shared.wish in codes else codes[0]

    return effect
