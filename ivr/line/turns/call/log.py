"""How what was heard is logged, and read back.

`ivr.line.story.replay` takes the same turns again from the log alone. The words in it stay as they
are: there are logs that have them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, assert_never, cast

from ivr.errors import CallError
from ivr.line.desk.events import Event
from ivr.line.desk.hunt import EventName
from ivr.line.flow.conversation import keys
from ivr.line.flow.steps import Entry, Menu
from ivr.line.turns.call.heard import (
    Bridged,
    CallbackMissed,
    CallbackTried,
    CallbackWent,
    CallHeard,
    CandidatesRanked,
    Clicked,
    DialEnded,
    HuntTimedOut,
    InRoom,
    KeysPressed,
    LeftConference,
    LegEnded,
    LegPlaced,
    MeetingLasted,
    OutcomeHeard,
    PlacementRefused,
    PlacementUnsure,
    RingLapsed,
)
from ivr.line.turns.call.state import CallState, by_reference

Logged = tuple[str, str, str, Mapping[str, Any]]  # what, leg, value, data


def to_log(heard: CallHeard) -> Logged:
    """``what``, ``leg``, ``value`` and ``data`` of the logged event."""
    match heard:
        case KeysPressed(keys=keys, leg=leg):
            return "keys", leg, keys, {}
        case OutcomeHeard(name=name, leg=leg, data=data):
            return "outcome", leg, name, data
        case Clicked(click=click, leg=leg, value=value, data=data):
            return "click", leg, value, {"click": click, **data}
        case DialEnded(status=status):
            return "dialled", "", status, {}
        case LeftConference(leg=leg):
            return "out", leg, "", {}
        case InRoom(leg=leg, what=what, room=room, number=number):
            return "room", leg, what, {"room": room, "number": number}
        case Bridged(leg=leg):
            return "bridged", leg, "", {}
        case MeetingLasted(leg=leg, since=since):
            return "lasted", leg, since.isoformat(), {}
        case LegEnded(leg=leg, status=status):
            return "status", leg, status, {}
        case LegPlaced(leg=leg, sid=sid):
            return "placed", leg, sid, {}
        case PlacementRefused(leg=leg):
            return "refused", leg, "", {}
        case PlacementUnsure(leg=leg):
            return "unsure", leg, "", {}
        case RingLapsed(leg=leg):
            return "lapsed", leg, "", {}
        case HuntTimedOut(hunt=hunt):
            return "time_up", "", "", {"hunt": hunt}
        case CandidatesRanked(ranking=ranking):
            return "more", "", "", {"ranking": ranking}
        case CallbackTried(number=number):
            return "promise", "", "tried", {"number": number}
        case CallbackMissed(to=to):
            return "promise", "", "missed", {"to": to}
        case CallbackWent(how=how, by=by):
            return "promise", "", how, {"by": by}
        case _:
            assert_never(heard)


def from_log(what: str, leg: str, value: str, data: Mapping[str, Any]) -> CallHeard:
    """The thing heard that was logged like this. Raises `CallError` for a word that is unknown."""
    match what:
        case "keys":
            return KeysPressed(value, leg)
        case "outcome":
            return OutcomeHeard(value, leg, data)
        case "click":
            more = {name: each for name, each in data.items() if name != "click"}
            return Clicked(data["click"], leg, value, more)
        case "dialled":
            return DialEnded(cast(EventName, value))
        case "out":
            return LeftConference(leg)
        case "room":
            return InRoom(leg, value, data["room"], data["number"])
        case "bridged":
            return Bridged(leg)
        case "lasted":
            return MeetingLasted(leg, datetime.fromisoformat(value))
        case "status":
            return LegEnded(leg, cast(EventName, value))
        case "placed":
            return LegPlaced(leg, value)
        case "refused":
            return PlacementRefused(leg)
        case "unsure":
            return PlacementUnsure(leg)
        case "lapsed":
            return RingLapsed(leg)
        case "time_up":
            return HuntTimedOut(data["hunt"])
        case "more":
            return CandidatesRanked(data["ranking"])
        case "promise" if value == "tried":
            return CallbackTried(data["number"])
        case "promise" if value == "missed":
            return CallbackMissed(data["to"])
        case "promise":
            return CallbackWent(value, data["by"])
    raise CallError(f"the log says '{what}', which can't be heard of a call")


def log_entry(state: CallState, heard: CallHeard) -> Event:
    """What was heard as it is logged: nothing personal, nothing over-long."""
    what, leg, value, data = to_log(heard)
    flow = state.line.person if leg else state.line.caller
    talk = state.talk(leg)
    step, kind = flow.steps.get(talk.state), "heard"
    if what == "keys" and isinstance(step, Menu):
        kind = "menu.key"
    if what == "keys" and isinstance(step, Entry):
        name = step.outcome(talk, keys(value))
        kind = "entry.rejected" if name in step.refusals else kind
        kind = "entry.partial" if name in ("cleared", "slower") else kind
        if step.secret:
            value = "secret" if value else ""
        elif step.personal:
            state.shared.personal.append(value)
            value = "personal"
        elif name in step.unlogged:
            value = "".join("0" if key.isdecimal() else key for key in value)
    if isinstance(heard, Clicked) and heard.click in state.line.console.personal:
        state.shared.personal.append(value)
        value = "personal"
    entry: dict[str, Any] = {"leg": leg, "step": talk.state, "what": what, "value": value}
    if data:
        entry["data"] = plain(data)
    return Event(kind, state.now, "", entry)


def plain(data: Mapping[str, Any]) -> dict[str, Any]:
    """An answer as it is logged: of people, their ids."""
    if "ranking" in data:
        return {**data, "ranking": by_reference(data["ranking"])}
    return dict(data)
