"""A call back that is owed: first a person of the desk accepts, then the customer is rung.

One is promised to a caller, or to somebody who asked for a person on a page. In an Enterprise Down
the operators and the people on duty are rung, two at a time.

Nobody hears the first steps: the customer's leg isn't there yet. The customer comes in at
`back_confirm`, and from there on it is a call like any other.
"""

from __future__ import annotations

from collections.abc import Callable

from ivr.line.flow.conversation import Go, Heard
from ivr.line.flow.orders import HangUpCustomer, PromiseCallback, ReportCallback, RingCustomer
from ivr.line.flow.steps import Customer, Goodbye, Hold, LookUp, Menu, Step
from ivr.line.values import CallerTalk

from . import effects as do
from . import guards

START = "back_search"
ON_THE_WEB = "web_asked"


def steps() -> list[Step]:
    return [
        LookUp(
            START,
            asks="owner",
            on={
                "found": (
                    Go("back_emergency", when=guards.is_emergency, then=(do.keep_ranking,)),
                    Go("back_hold", then=(do.keep_ranking,)),
                ),
                "not_found": Go("back_over", then=(came("nobody"),)),
                "too_slow": Go("back_over", then=(came("nobody"),)),
                "trouble": Go("back_over", then=(came("nobody"),)),
            },
        ),
        _hold("back_hold", "callback"),
        _hold("back_emergency", "emergency"),
        Customer(
            "back_ring",
            on={
                "answered": "back_confirm",
                "unanswered": Go("back_over", then=(came("unanswered"),)),
                "unplaced": Go("back_over", then=(came("unplaced"),)),
                # the person to meet has gone
                "ended": Go("back_later", then=(came("nobody"), let_customer_go)),
                "hangup": Go("back_over", then=(came("unanswered"),)),
            },
        ),
        Menu(
            "back_confirm",
            says=("back_confirm",),
            on={
                "1": "talk",
                "2": Go("back_later", then=(came("later"),)),
                "ended": "search",  # the person to meet has gone, and the customer is here
                "too_many": Go("back_over", then=(came("unanswered"),)),  # a machine
                "hangup": Go("back_over", then=(came("unanswered"),)),
            },
        ),
        Goodbye("back_later", says=("back_later",)),
        Goodbye("back_over"),
        LookUp(
            ON_THE_WEB,
            asks="desk_case",
            on=dict.fromkeys(
                ("found", "not_found", "too_slow", "trouble"),
                Go("web_owed", then=(do.keep_case, owe_on_the_web)),
            ),
        ),
        Goodbye("web_owed"),
    ]


def _hold(name: str, hunt: str) -> Hold:
    """People of the desk are rung; the customer isn't there yet."""
    return Hold(
        name,
        queue="callbacks",
        enter=(do.hunt(hunt),),
        on={
            "joined": Go("back_ring", then=(ring_customer,)),
            "nobody": Go("back_over", then=(came("nobody"),)),
            "no_carrier": Go("back_over", then=(came("nobody"),)),
            "later": Go("back_over", then=(calls_himself,)),
            "zero": Go(),
            "hangup": "back_over",
        },
    )


def owe_on_the_web(talk: CallerTalk, heard: Heard) -> None:
    talk.order(PromiseCallback(talk.shared.caller.number, why="on the web"))


def ring_customer(talk: CallerTalk, heard: Heard) -> None:
    talk.order(RingCustomer())


def came(what: str) -> Callable[[CallerTalk, Heard], None]:
    """The call that the promise was made in hears how it went."""

    def effect(talk: CallerTalk, heard: Heard) -> None:
        talk.order(ReportCallback(what))

    return effect


def calls_himself(talk: CallerTalk, heard: Heard) -> None:
    talk.order(ReportCallback("himself", by=talk.shared.hunt.owner or ""))


def let_customer_go(talk: CallerTalk, heard: Heard) -> None:
    talk.order(HangUpCustomer())
