"""What a turn tells the case, a call that is owed, and what is recorded of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ivr.line.desk.promises import promise_due, spoken_time

if TYPE_CHECKING:
    from ivr.line.desk.cases import CaseNumbers
    from ivr.line.turns.call.turn import Turn

BREACHES = 3  # after that nobody further could be told; the last one is, again and again …
REMIND = timedelta(days=1)  # … so often
CALLS_IN = 10  # minutes within which a manager calls who says that he will
MOST = 24  # tries; then somebody has to call by himself, and is reminded of it


def case_number(turn: Turn) -> str:
    """The number of the case that this call is about, ``""`` before one was given."""
    return case_of(turn.shared, turn.line.config.case_numbers)


def case_of(shared: Mapping[str, Any], numbers: CaseNumbers) -> str:
    """The same, of a call's values."""
    keyed = shared.get("keyed", "")
    known = (shared.get("case") or {}).get("number")
    return str(known or (numbers.written(keyed) if keyed else ""))


def tell_case(turn: Turn, what: str, key: str, by: str = "caller", **data: Any) -> None:
    """Have the case hear something of this call, in the order in which it was said; once by
    ``key`` within the call."""
    turn.duty(
        "case",
        f"case:{key}",
        lane="case",
        what=what,
        case=case_number(turn),
        by=by,
        channel="phone",
        at=turn.now.isoformat(),
        call=turn.call.sid,
        **data,
    )


def escalate(turn: Turn, level: str, set_by: str, override: str = "") -> None:
    """The request counts from now, whatever becomes of the call; who must know is told now.

    Once for a call, case and level. ``set_by`` is the operator who recorded it, ``""`` the line;
    ``override`` his reason for a level whose turn it isn't yet.
    """
    shared, number = turn.shared, case_number(turn)
    asked = {"level": level, "case": number}
    shared["wish"] = level
    if asked.items() <= shared.get("requested", {}).items():
        return
    shared["requested"] = {**asked, "at": turn.now.isoformat()}
    turn.tell("escalation.requested", level=level, case=number, set_by=set_by)
    right = next((entry["person"] for entry in shared.get("ranking", [])), "")
    given = {"level": level, "set_by": set_by, "right": right, "override": override}
    tell_case(turn, "escalate", f"{number}:{level}", **given)


def accepted(turn: Turn, leg: str) -> None:
    """Somebody of the level that was asked for has met the caller."""
    asked, person = turn.shared.get("requested"), turn.legs.rows[leg]["person"]
    if not asked or turn.legs.rows[leg]["hunt"] != "manager":
        return
    turn.tell("escalation.accepted", by=person, level=asked["level"])
    tell_case(turn, "accept", f"accept:{asked['level']}:{leg}", person, level=asked["level"])


def promise(turn: Turn, number: str, why: str) -> None:
    """A call back, with an owner and a due time that counts from the request; one for a call.

    Who is owed one for this case already and only hangs up isn't owed two; if he asks for one, that
    takes the other's place.
    Two duties come of it: to try, again and again (``try_back``), and to see at the due time
    whether it was kept (``call_back``). How it went is heard by this call: `promise_hears`.
    """
    shared, config = turn.shared, turn.line.config
    owed = _owed_for_this(turn)
    if shared.get("promise") or (why == "hung up" and shared.get("wish", "") in owed.values()):
        return
    for call in owed:
        came(turn, "renewed", call)
    asked = shared.get("requested", {}).get("at")
    requested = turn.now if asked is None else datetime.fromisoformat(asked)
    level = shared.get("wish", "")
    due = promise_due(requested, config, shared["zone"], level)
    if "calls_in" in shared:
        due = turn.now + timedelta(minutes=shared["calls_in"])
    owner = shared.get("owner") or config.last_resort
    shared["promise"] = {
        "state": "owed",
        "due": due.isoformat(),
        "spoken": spoken_time(due, shared["zone"]).isoformat(),
        "reference": _reference(turn.call.sid),
        "owner": owner,
        "number": number,
        "why": why,
        "tries": 0,
        "unanswered": 0,
        "breaches": 0,
    }
    _due(turn, due)
    if number:
        _try_in(turn, config.callback.first_try)
    turn.tell("callback.promised", owner=owner, due=due.isoformat(), why=why)
    _notify(turn, "callback_owed", owner)
    if asked:
        tell_case(turn, "promised", f"promised:{level}", level=level, owner=owner)


def _owed_for_this(turn: Turn) -> dict[str, str]:
    """The earlier calls in which he was promised one for the same case, if either is known; with
    the level of each."""
    case = case_number(turn)
    return {
        owed["call"]: owed["level"]
        for owed in turn.shared.get("owes", ())
        if owed["case"] == case or not owed["case"] or not case
    }


def _reference(sid: str) -> str:
    """Six digits to name a promise by."""
    digits = "".join(each for each in sid if each in "0123456789abcdef")
    return f"{int(digits[-6:], 16) % 1_000_000:06d}"


def _due(turn: Turn, due: datetime) -> None:
    promise = turn.shared["promise"]
    turn.duty(
        "call_back",
        f"call_back:{promise['breaches']}" if promise["breaches"] else "call_back",
        after=(due - turn.now).total_seconds(),
        owner=promise["owner"],
        number=promise["number"],
        why=promise["why"],
        case=case_number(turn),
        level=turn.shared.get("wish", ""),
        reference=promise["reference"],
        breach=promise["breaches"],
    )


def _try_in(turn: Turn, minutes: int) -> None:
    number = turn.shared["promise"]["tries"] + 1
    turn.duty("try_back", f"try_back:{number}", after=60 * minutes, number=number)


def _notify(turn: Turn, what: str, *people: str, **slots: Any) -> None:
    """Tell each of these something about the promise."""
    promise = turn.shared["promise"]
    for person in dict.fromkeys(people):
        turn.duty(
            "notify",
            f"notify:{what}:{promise['breaches']}:{person}",
            owner=person,
            what=what,
            list="",
            case=case_number(turn),
            level=turn.shared.get("wish", ""),
            reference=promise["reference"],
            due=promise["due"],
            **slots,
        )


def promise_hears(turn: Turn, what: str, by: str = "", number: int = 0, **more: Any) -> None:
    """How it goes with the call that is owed: ``tried`` (number ``number`` begins), ``kept``,
    ``unanswered`` (by the customer), ``unplaced`` (the carrier didn't ring him), ``nobody`` (of
    us), ``later`` (the customer asks), ``operator`` (he went to one instead), ``himself`` (``by``
    calls in his own way), ``renewed`` (another took its place), or ``missed`` (it is due, and
    ``to`` has it now)."""
    promise: dict[str, Any] | None = turn.shared.get("promise")
    if promise is None or promise["state"] != "owed":
        return
    turn.changed = True
    match what:
        case "tried":
            promise["tries"] = max(promise["tries"], number)
        case "kept":
            _over(turn, by, "met")
            asked = turn.shared.get("requested")
            if asked and by:
                key = f"accept:{asked['level']}:{by}"
                tell_case(turn, "accept", key, by, level=asked["level"])
        case "renewed":
            _over(turn, by, "renewed")
        case "missed":
            _breach(turn, str(more["to"]))
        case _:
            _attempted(turn, what, by)


def _attempted(turn: Turn, what: str, by: str) -> None:
    """It will be tried again, unless the customer hasn't answered often enough."""
    promise, terms = turn.shared["promise"], turn.line.config.callback
    turn.tell("callback.attempted", by=by, outcome=what, number=promise["tries"])
    promise["unanswered"] += what == "unanswered"
    if what == "himself":
        promise["owner"] = by
    if promise["unanswered"] >= terms.tries:
        _over(turn, by, "unreachable")
        _notify(turn, "callback_done", promise["owner"], outcome="no answer")
    elif promise["tries"] < MOST:
        _try_in(turn, {"later": terms.later, "himself": CALLS_IN}.get(what, terms.again))


def _over(turn: Turn, by: str, outcome: str) -> None:
    turn.shared["promise"] |= {"state": "done", "outcome": outcome}
    turn.tell("callback.done", by=by, outcome=outcome)


def _breach(turn: Turn, to: str) -> None:
    """It should have been kept by now: the next level has it from here, and both know."""
    promise, before = turn.shared["promise"], turn.shared["promise"]["owner"]
    promise |= {"owner": to, "breaches": promise["breaches"] + 1}
    turn.tell("callback.breached", before=before, after=to)
    _notify(turn, "callback_missed", to, before)
    soon = timedelta(minutes=turn.line.config.callback.breach)
    _due(turn, turn.now + (soon if promise["breaches"] < BREACHES else REMIND))


def keep_promise(turn: Turn, leg: str) -> None:
    """Whoever is owed a call and meets somebody of the level by himself isn't owed it any more."""
    if "back" in turn.shared:
        return _keep_back(turn)
    row, owed = turn.legs.rows[leg], _owed_for_this(turn)
    if turn.shared.get("promise"):
        owed[turn.call.sid] = turn.shared.get("wish", "")
    levels = [level.code for level in turn.line.config.levels]
    manages = not row["operator"] and row["hunt"] != "engineer"
    for call, level in owed.items():
        if manages or level not in levels:  # others only put him through
            came(turn, "kept", call, by=row["person"])


def _keep_back(turn: Turn) -> None:
    """An operator took the customer whom we called; has he met whoever was to call him, too?"""
    rows = [turn.legs.rows[leg] for leg in turn.legs.talking()]
    met = [row["person"] for row in rows if not row["operator"]]
    if turn.leg_sid and met:
        came(turn, "kept", by=met[0])


def came(turn: Turn, what: str, of: str = "", by: str = "") -> None:
    """The call in which it was promised (by default the one that this call is to keep) hears how
    it went, once."""
    by = by or next((turn.legs.rows[leg]["person"] for leg in turn.legs.talking()), "")
    back = {} if of else turn.shared["back"]
    if back.setdefault("came", what) == what:
        turn.duty("came", f"came:{what}:{of}", of=of or back["of"], outcome=what, by=by)
    if back.get("came") == "kept":  # whatever he asks for now is something new
        turn.shared.pop("promise", None)
        turn.shared.pop("requested", None)


def conversation(turn: Turn) -> None:
    """Have the caller's leg recorded while he talks with somebody, if he lets it be; never else."""
    shared = turn.shared
    talks = turn.talking and not turn.call.ended_at
    wanted = shared.get("recording", "off") if talks else "off"
    if wanted == shared.get("recorded", "off"):
        return
    shared["recorded"] = wanted
    count = shared["recordings"] = shared.get("recordings", 0) + 1
    if not turn.call.ended_at:
        turn.duty("record", f"record:{count}", lane="record", wanted=wanted)
