"""Somebody is looked for and the caller waits: in the same place, with the same words, no matter
whether there is a case with the number that they have keyed, whether it is open, and who is there.

Whoever asks for the engineer, a manager or the next level is looked for those first, if the case
has them, and operators after them. 0 is an operator, and whoever is on duty where none comes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ivr.line.config import LineConfig
from ivr.line.desk.levels import Level
from ivr.line.flow.conversation import Effect, Go, Guard, Heard, Leads, Phrase
from ivr.line.flow.orders import Escalate
from ivr.line.flow.steps import Dialling, Hold, LookUp, Step
from ivr.line.values import LegTalk

from . import effects as do
from . import guards


def steps(config: LineConfig) -> list[Step]:
    wished, keep = guards.wishes_for_somebody(config.levels), (do.keep_ranking, keep_request)
    waiting: dict[str, Leads] = {
        "joined": "talk",
        "nobody": "offer",
        "no_carrier": "dial",
        "2": "callback",
        "hangup": Go("ended", then=(do.owe_a_call, do.abandon)),
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
            progress=("still_trying",),
            enter=(do.hunt("wish"),),
            on=waiting | {"later": Go("callback", says="manager_calls")},
        ),
        Hold(
            "operator_hold",
            queue="operators",
            says=("to_operator",),
            progress=("still_in_line",),
            enter=(do.hunt("operator"),),
            on=waiting | {"zero": Go()},
        ),
        Hold(
            "emergency_hold",
            queue="emergencies",
            says=("trying_emergency",),
            progress=("still_trying",),
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
                "nobody": "offer",
                "hangup": Go("ended", then=(do.owe_a_call, do.abandon)),
            },
        ),
    ]


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


def keep_request(talk: LegTalk, heard: Heard) -> None:
    """Ask for the level that the caller may ask for; one whose turn hasn't come stays their wish,
    and staff may ask for it all the same."""
    if request := heard.data.get("request"):
        talk.order(Escalate(request))
    talk.shared.wish = heard.data.get("wish") or talk.shared.wish


def ask_for_a_manager(levels: Sequence[Level]) -> Callable[[LegTalk, Heard], None]:
    """An operator leaves the rest to the line: on to the level that is wished for, or the first."""
    codes = [level.code for level in levels]

    def effect(talk: LegTalk, heard: Heard) -> None:
        if guards.known_and_open(talk, heard):
            talk.shared.asked_for = talk.shared.wish if talk.shared.wish in codes else codes[0]

    return effect
