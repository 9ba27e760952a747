"""The callback that a caller is owed: promised, tried, kept or missed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, assert_never

from ivr.line.desk.promises import promise_due, spoken_time
from ivr.line.turns.call import case_link
from ivr.line.turns.call.case_link import case_number, tell_case
from ivr.line.turns.call.heard import (
    CallbackMissed,
    CallbackTried,
    CallbackWent,
    HeardOfCallback,
)
from ivr.line.turns.call.state import CallState
from ivr.line.values import Owed, Promise, needed

BREACHES = 3  # after that nobody further could be told; the last one is, again and again …
REMIND = timedelta(days=1)  # … so often
CALLS_IN = 10  # minutes within which a manager calls who says that they will
MAX_CALLBACK_TRIES = 24  # then somebody has to call personally, and is reminded of it


def promise(state: CallState, number: str, why: str) -> None:
    """A call back, with an owner and a due time that counts from the request; one for a call.

    A caller who is owed one for this case and only hangs up isn't owed two; if they ask for one, it
    takes the other's place, and isn't due later.
    Two duties come of it: to try, again and again (``try_back``), and to see at the due time
    whether it was kept (``call_back``). How it went is heard by this call: `promise_hears`.
    """
    shared, config = state.shared, state.line.config
    if number and (config.uncallable(number) or _at_own_desk(state, number)):
        number = ""  # owed all the same: the owner is told that there is none
    earlier = _owed_for_this(state)
    known = shared.wish in [owed.level for owed in earlier]
    if shared.promise or (why == "hung up" and known):
        return
    for owed in earlier:
        came(state, "renewed", owed.call)
    requested = shared.requested
    counts_from = requested.at if requested else shared.hunt.since or state.now
    level = shared.wish
    due = promise_due(counts_from, config, shared.called.zone, level)
    if shared.hunt.calls_in:
        due = state.now + timedelta(minutes=shared.hunt.calls_in)
    due = min([due, *(owed.due for owed in earlier if owed.due)])
    owner = shared.hunt.owner or config.last_resort
    shared.promise = Promise(
        state="owed",
        due=due,
        spoken=spoken_time(due, shared.called.zone),
        reference=_reference(state.call.sid),
        owner=owner,
        number=number,
        why=why,
    )
    _due(state, shared.promise)
    if number:
        _try_in(state, shared.promise, _pause(state, "first"))
    state.tell("callback.promised", owner=owner, due=due.isoformat(), why=why)
    _notify(state, shared.promise, "callback_owed" if number else "callback_no_number", owner)
    if requested or level == "E-Down":
        tell_case(state, "promised", f"promised:{level}", level=level, owner=owner)


def _at_own_desk(state: CallState, number: str) -> bool:
    """Whether it is the telephone of somebody who works here, and calls from it as a customer."""
    caller = state.shared.caller
    return bool(caller.staff) and number == caller.number


def _owed_for_this(state: CallState) -> list[Owed]:
    """What the caller was promised in earlier calls for the same case, or without one as now. One
    number may be a whole company's: whoever speaks of another case may be somebody else."""
    case = case_number(state)
    return [owed for owed in state.shared.caller.owes if owed.case == case]


def _reference(sid: str) -> str:
    """Six digits to name a promise by."""
    digits = "".join(each for each in sid if each in "0123456789abcdef")
    return f"{int(digits[-6:], 16) % 1_000_000:06d}"


def _due(state: CallState, promise: Promise, again: datetime | None = None) -> None:
    """See whether it was kept, at its due time or ``again`` later."""
    state.duty(
        "call_back",
        f"call_back:{promise.breaches}" if promise.breaches else "call_back",
        after=((again or promise.due) - state.now).total_seconds(),
        owner=promise.owner,
        number=promise.number,
        why=promise.why,
        case=case_number(state),
        level=state.shared.wish,
        reference=promise.reference,
        breach=promise.breaches,
    )


def _try_in(state: CallState, promise: Promise, minutes: int) -> None:
    number = promise.tries + 1
    state.duty("try_back", f"try_back:{number}", after=60 * minutes, number=number)


def _notify(state: CallState, promise: Promise, what: str, *people: str, **slots: Any) -> None:
    """Tell each of these something about the promise."""
    for person in dict.fromkeys(people):
        state.duty(
            "notify",
            f"notify:{what}:{promise.breaches}:{person}",
            owner=person,
            what=what,
            list="",
            case=case_number(state),
            level=state.shared.wish,
            reference=promise.reference,
            due=promise.due.isoformat(),
            **slots,
        )


def promise_hears(state: CallState, heard: HeardOfCallback) -> None:
    """How it goes with the call that is owed."""
    promise = state.shared.promise
    if promise is None or promise.state != "owed":
        return
    state.changed = True
    match heard:
        case CallbackTried(number=number):
            promise.tries = max(promise.tries, number)
        case CallbackMissed(to=to):
            _breach(state, promise, to)
        case CallbackWent(how="kept", by=by):
            _over(state, promise, by, "met")
            asked = state.shared.requested
            if state.shared.wish == "E-Down" and by:
                tell_case(state, "take_emergency", f"take:{by}", by)
            if asked and by:
                tell_case(state, "accept", f"accept:{asked.level}:{by}", by, level=asked.level)
        case CallbackWent(how="renewed" | "over" as how, by=by):
            _over(state, promise, by, how)
        case CallbackWent(how=how, by=by):
            _attempted(state, promise, how, by)
        case _:
            assert_never(heard)


def _attempted(state: CallState, promise: Promise, what: str, by: str) -> None:
    """It will be tried again, unless the customer hasn't answered often enough."""
    terms = state.line.config.callback
    state.tell("callback.attempted", by=by, outcome=what, number=promise.tries)
    promise.unanswered += what == "unanswered"
    if what == "himself":
        promise.owner = by
    if promise.unanswered >= terms.tries:
        _over(state, promise, by, "unreachable")
        _notify(state, promise, "callback_done", promise.owner, outcome="no answer")
    elif promise.tries < MAX_CALLBACK_TRIES:
        _try_in(state, promise, _pause(state, what))


def _pause(state: CallState, what: str) -> int:
    """Minutes until the next try, after ``what`` came of the one before ("first": there was none).
    In an emergency people are rung at once, and again and again."""
    terms, emergency = state.line.config.callback, state.shared.wish == "E-Down"
    if what in ("later", "himself"):
        return {"later": terms.later, "himself": CALLS_IN}[what]
    if what == "first":
        return 0 if emergency else terms.first_try
    return state.line.config.emergency.again if emergency else terms.again


def _over(state: CallState, promise: Promise, by: str, outcome: str) -> None:
    promise.state = "done"
    promise.outcome = outcome
    state.tell("callback.done", by=by, outcome=outcome)


def _breach(state: CallState, promise: Promise, to: str) -> None:
    """It should have been kept by now: the next level has it from here, and both know."""
    before = promise.owner
    promise.owner = to
    promise.breaches += 1
    state.tell("callback.breached", before=before, after=to)
    _notify(state, promise, "callback_missed", to, before)
    soon = timedelta(minutes=state.line.config.callback.breach)
    _due(state, promise, state.now + (soon if promise.breaches < BREACHES else REMIND))


def keep_promise(state: CallState, leg: str) -> None:
    """The caller has met this leg's person: what was promised of such a meeting is kept."""
    shared, by = state.shared, state.legs.person(leg)
    if shared.back is not None:
        if case_link.answers_for(state, leg, shared.wish):
            came(state, "kept", by=by)
        return
    owed = {each.call: each.level for each in _owed_for_this(state)}
    if shared.promise and shared.promise.state == "owed":
        owed[state.call.sid] = shared.wish
    for call, level in owed.items():
        if case_link.answers_for(state, leg, level):
            came(state, "kept", call, by=by)


def came(state: CallState, what: str, of: str = "", by: str = "") -> None:
    """The call in which it was promised (by default the one that this call is to keep) hears how
    it went, once."""
    by = by or next((state.legs.rows[leg].person for leg in state.legs.talking()), "")
    how, promised_in = what, of
    if not of:
        back = needed(state.shared.back)
        back.came = back.came or what
        how, promised_in = back.came, back.of
    if how == what:
        state.duty("came", f"came:{what}:{of}", of=promised_in, outcome=what, by=by)
    if how == "kept" and not of:  # whatever the caller asks for now is something new
        state.shared.promise = None
        state.shared.requested = None
