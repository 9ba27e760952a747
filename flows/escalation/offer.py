"""Nobody was free: the caller keeps waiting, or is promised a call back."""

from __future__ import annotations

from ivr.line.config import LineConfig
from ivr.line.flow.conversation import Go
from ivr.line.flow.steps import Branch, Entry, Goodbye, LookUp, Menu, Step

from . import effects as do
from . import guards


def steps(config: LineConfig) -> list[Step]:
    uncallable = guards.uncallable(config)
    return [
        Menu(
            "offer",
            says=("offer",),
            on={
                "1": "search",
                "2": "callback",
                "too_many": (
                    Go("callback_number", when=uncallable),
                    Go("promised", then=(do.propose_own_number, do.promise)),
                ),
            },
        ),
        Branch(
            "callback",
            on={
                "next": (
                    Go("callback_number", when=uncallable),
                    Go("callback_confirm", then=(do.propose_own_number,)),
                )
            },
        ),
        Menu(
            "callback_confirm",
            says=("callback_confirm",),
            on={
                "1": Go("promised", then=(do.promise,)),
                "2": "callback_number",
                "too_many": Go("promised", then=(do.promise,)),
            },
        ),
        Entry(
            "callback_number",
            says=("callback_number",),
            hints=("more_time",),
            reads=do.read_phone,
            personal=True,
            refusals=frozenset({"number_bad"}),
            on={
                "accepted": Go("callback_search", then=(do.want_keyed_number,)),
                "number_bad": Go(says="number_bad"),
                "slower": Go(says="slower", then=(do.slow_down,)),
                "cleared": Go(),
                "back": Go(),
                "too_many": (
                    Go("search", says="too_many", when=guards.errs(config.limits.rounds)),
                    Go("unreachable", when=uncallable, then=(do.owe_a_call,)),
                    Go("promised", then=(do.propose_own_number, do.promise)),
                ),
            },
        ),
        LookUp(
            "callback_search",
            asks="callable",
            on={
                "found": Go("callback_confirm", then=(do.propose_keyed_number,)),
                "not_found": Go(
                    "callback_number", says="number_bad", then=(do.forget_keyed_number,)
                ),
                "too_slow": Go("callback_confirm", then=(do.propose_keyed_number,)),
            },
        ),
        Goodbye("promised", says=("promised",)),
        Goodbye("unreachable", says=("unreachable",)),
    ]
