"""The callback that a caller is owed: promised, tried, kept or missed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, assert_never

from ivr.line.desk.promises import promise_due, spoken_time
from ivr.line.turns.call.case_link import case_number, tell_case
from ivr.line.turns.call.heard import (
    CallbackMissed,
    CallbackTried,
    CallbackWent,
    HeardOfCallback,
)
from ivr.line.turns.call.state import CallState
from ivr.line.values import Promise, needed

BREACHES = 3  # after that nobody further could be told; the last one is, again and again …
REMIND = timedelta(days=1)  # … so often
CALLS_IN = 10  # minutes within which a manager calls who says that they will
MAX_CALLBACK_TRIES = 24  # then somebody has to call personally, and is reminded of it


def promise(state: CallState, number: str, why: str) -> None:
    """A call back, with an owner and a due time that counts from the request; one for a call.

    A caller who is owed one for this case and only hangs up isn't owed two; if they ask for one, it
    takes the other's place.
    Two duties come of it: to try, again and again (``try_back``), and to see at the due time
    whether it was kept (``call_back``). How it went is heard by this call: `promise_hears`.
    """
    shared, config = state.shared, state.line.config
    if number and (config.uncallable(number) or _at_own_desk(state, number)):
        number = ""  # owed all the same: the owner is told that there is none
    owed = _owed_for_this(state)
    if shared.promise or (why == "hung up" and shared.wish in owed.values()):
        return
    for call in owed:
        came(state, "renewed", call)
    requested = shared.requested
    counts_from = requested.at if requested else shared.hunt.since or state.now
    level = shared.wish
    due = promise_due(counts_from, config, shared.called.zone, level)
    if shared.hunt.calls_in:
        due = state.now + timedelta(minutes=shared.hunt.calls_in)
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


def _owed_for_this(state: CallState) -> dict[str, str]:
    """The earlier calls in which the caller was promised one for the same case, if either is
    known; with the level of each."""
    case = case_number(state)
    return {
        owed.call: owed.level
        for owed in state.shared.caller.owes
        if owed.case == case or not owed.case or not case
    }


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
    """A caller who reaches someone at that level no longer needs the promised callback."""
    if state.shared.back is not None:
        return _keep_back(state)
    row, owed = state.legs.rows[leg], _owed_for_this(state)
    if state.shared.promise:
        owed[state.call.sid] = state.shared.wish
    levels = [level.code for level in state.line.config.levels]
    manages = not row.operator and row.hunt != "engineer"
    for call, level in owed.items():
        if manages or level not in levels:  # others only put the caller through
            came(state, "kept", call, by=row.person)


def _keep_back(state: CallState) -> None:
    """An operator took the customer who was called back: has the right person met them, too?"""
    rows = [state.legs.rows[leg] for leg in state.legs.talking()]
    met = [row.person for row in rows if not row.operator]
    if state.leg_sid and met:
        came(state, "kept", by=met[0])


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
    if how == "kept":  # whatever the caller asks for now is something new
        state.shared.promise = None
        state.shared.requested = None
