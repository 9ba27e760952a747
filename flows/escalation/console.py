"""What a click does: the same as keys and a menu do by telephone, by the same rules.

Somebody who is rung, or talks, can work on a page instead of with their telephone's keys. Their leg
stays where it is; every click is heard here, and leads back here.
"""

from __future__ import annotations

from ivr.line.config import LineConfig
from ivr.line.flow.conversation import Effect, Go, Guard, Heard
from ivr.line.flow.flow import Flow
from ivr.line.flow.orders import (
    ClickKey,
    Escalate,
    HandOver,
    HangUp,
    HoldCaller,
    Order,
    PromiseCallback,
    ResumeCaller,
    RingNext,
    RingPerson,
    StopHunt,
    TakeCaller,
)
from ivr.line.flow.prompts import Prompts
from ivr.line.flow.steps import Clicks, LookUp, Step
from ivr.line.values import PersonTalk

from . import effects as do
from . import guards, recording, words
from .desk import OVERRIDES

OTHERWISE = {"hangup": "console"}  # of the person's leg, which isn't told here


def flow(config: LineConfig, prompts: Prompts) -> Flow:
    return Flow(
        "console",
        steps(config),
        file=__file__,
        version=config.version,
        start="console",
        otherwise=OTHERWISE,
        prompts=prompts,
        slots=words.person(config),
    )


def steps(config: LineConfig) -> list[Step]:
    levels = [level.code for level in config.levels]
    next_one = levels[1] if levels[1:] else levels[0]
    return [
        Clicks(
            "console",
            personal=frozenset({"promise"}),
            on={
                # --- while it rings ---
                "take": Go("taking", then=(come_forward,)),
                "accept": Go(when=may_answer, then=(order(ClickKey("1")),)),
                "pass": Go(when=may_answer, then=(order(ClickKey("2")),)),
                "later": Go(when=both(may_answer, guards.for_level), then=(order(ClickKey("3")),)),
                # --- with the caller ---
                "hold": Go(when=both(is_there, not_held), then=(order(HoldCaller()),)),
                "unhold": Go(when=both(is_there, held), then=(order(ResumeCaller()),)),
                "hang_up": Go(when=talks, then=(order(HangUp()),)),
                "blind": Go(when=directs, then=(order(HandOver()), order(HangUp()))),
                # --- whose case it is ---
                "case": Go("case_search", when=directs, then=(take_typed,)),
                "emergency": Go(when=directs, then=(is_emergency,)),
                # --- who takes it ---
                "request": Go("request_search", when=both(directs, guards.has_case), then=(want,)),
                "next_level": Go("next_search", when=both(directs, guards.has_case)),
                "override": Go(
                    "override_search",
                    when=both(directs, guards.has_case, known_reason),
                    then=(want_all_the_same(next_one),),
                ),
                "ring": Go("ring_search", when=directs, then=(choose,)),
                "next": Go(
                    when=both(directs, guards.somebody_left, not_ringing), then=(order(RingNext()),)
                ),
                "stop": Go(when=both(directs, guards.ringing), then=(order(StopHunt()),)),
                # --- a call that is owed ---
                "promise": Go("promise_search", when=directs, then=(number,)),
                # --- what is recorded ---
                "pause": Go(when=both(talks, recording.runs), then=(recording.pause,)),
                "resume": Go(when=both(talks, recording.paused), then=(recording.resume,)),
                "no_recording": Go(when=both(talks, recording.recorded), then=(recording.stop,)),
            },
        ),
        LookUp("taking", asks="taker", on=always("console", take)),
        LookUp("case_search", asks="desk_case", on=always("console", do.keep_case)),
        LookUp(
            "request_search",
            asks="managers",
            on=always("console", do.keep_ranking, request_wanted),
        ),
        LookUp(
            "next_search",
            asks="next_level",
            on={
                "found": Go("console", then=(do.keep_ranking, do.request_level)),
                "not_found": Go("console", then=(refused,)),
                "too_slow": Go("console", then=(refused,)),
            },
        ),
        LookUp(
            "override_search",
            asks="managers",
            on=always("console", do.keep_ranking, request_override),
        ),
        LookUp(
            "ring_search",
            asks="managers",
            on=always("console", do.keep_ranking, request_first(levels[0]), ring_chosen),
        ),
        LookUp("promise_search", asks="managers", on=always("console", do.keep_ranking, promise)),
    ]


def always(to: str, *effects: Effect) -> dict[str, Go]:
    """The same whatever the records say: what can't be looked up keeps nobody from anything."""
    return {name: Go(to, then=effects) for name in ("found", "not_found", "too_slow")}


def both(*guards: Guard) -> Guard:
    return lambda talk, heard: all(guard(talk, heard) for guard in guards)


def order(what: Order) -> Effect:
    return lambda talk, heard: talk.order(what)


# --- what may be clicked ---


def may_answer(talk: PersonTalk, heard: Heard) -> bool:
    """Whether the person is being rung. One dialled by a document presses a key, once it is up."""
    state = heard.data["state"]
    return state == "ringing" or (
        state == "listening" and not guards.dialled_by_document(talk, heard)
    )


def talks(talk: PersonTalk, heard: Heard) -> bool:
    """Whether the person has taken the call, and is with the caller or on the way."""
    return heard.data["state"] in ("joining", "talking", "beside")


def is_there(talk: PersonTalk, heard: Heard) -> bool:
    """Whether they are in the conference, and not in the menu of their telephone: the caller would
    come off hold and be alone."""
    return bool(heard.data["state"] == "talking")


def directs(talk: PersonTalk, heard: Heard) -> bool:
    """Whether the person has the caller, and may decide what happens next."""
    return talks(talk, heard) and guards.is_operator(talk)


def held(talk: PersonTalk, heard: Heard) -> bool:
    return talk.shared.held


def not_held(talk: PersonTalk, heard: Heard) -> bool:
    return not held(talk, heard)


def not_ringing(talk: PersonTalk, heard: Heard) -> bool:
    return not guards.ringing(talk, heard)


def known_reason(talk: PersonTalk, heard: Heard) -> bool:
    return heard.data["value"] in OVERRIDES


# --- what comes of it ---


def come_forward(talk: PersonTalk, heard: Heard) -> None:
    talk.shared.hunt.taker = heard.data["value"]


def take(talk: PersonTalk, heard: Heard) -> None:
    """An operator takes a caller who waits, before being rung for them."""
    for entry in heard.data.get("ranking", ()):
        talk.order(TakeCaller(entry))


def take_typed(talk: PersonTalk, heard: Heard) -> None:
    """The right case number, as it was typed; a PIN was another case's."""
    do.keep_keyed(talk, heard.data["value"])
    talk.emit("entry.accepted", digits=heard.data["value"], tries=1)


def is_emergency(talk: PersonTalk, heard: Heard) -> None:
    """Who is rung from here on is rung for Enterprise Down, and told of what was answered."""
    talk.shared.wish = "E-Down"
    do.emergency(talk).answers |= heard.data.get("answers", {})
    talk.emit("menu.wish", wish="E-Down")


def want(talk: PersonTalk, heard: Heard) -> None:
    """The level that is asked for."""
    talk.shared.wish = heard.data["value"]


def want_all_the_same(level: str) -> Effect:
    """The level whose turn it isn't yet, with a reason; ``level`` where nobody could say which."""

    def effect(talk: PersonTalk, heard: Heard) -> None:
        talk.own.why = OVERRIDES[heard.data["value"]]
        talk.shared.wish = talk.own.next_level or level

    return effect


def request_wanted(talk: PersonTalk, heard: Heard) -> None:
    talk.order(Escalate(talk.shared.wish, set_by=talk.own.person))


def request_override(talk: PersonTalk, heard: Heard) -> None:
    level, why = talk.shared.wish, talk.own.why
    talk.order(Escalate(level, set_by=talk.own.person, override=why))


def refused(talk: PersonTalk, heard: Heard) -> None:
    """It isn't that level's turn; the page asks for a reason."""
    talk.own.needs_reason = True
    talk.own.next_level = heard.data.get("level", "")


def choose(talk: PersonTalk, heard: Heard) -> None:
    talk.own.chosen = heard.data["value"]


def request_first(level: str) -> Effect:
    """Nobody is rung for a level that wasn't asked for, if there is a case."""

    def effect(talk: PersonTalk, heard: Heard) -> None:
        if guards.has_case(talk, heard) and talk.shared.requested is None:
            talk.order(Escalate(level, set_by=talk.own.person))

    return effect


def ring_chosen(talk: PersonTalk, heard: Heard) -> None:
    talk.order(RingPerson(talk.own.chosen))


def number(talk: PersonTalk, heard: Heard) -> None:
    talk.own.callback_number = heard.data["value"]


def promise(talk: PersonTalk, heard: Heard) -> None:
    """The operator has promised it, to a number that the caller has confirmed."""
    talk.order(PromiseCallback(talk.own.callback_number, why="asked"))
