"""How a call begins: somebody calls, or the line calls back."""

from __future__ import annotations

from copy import deepcopy
from datetime import datetime
from typing import Any

from ivr.line.definition import Line
from ivr.line.desk.phone_numbers import shown
from ivr.line.records import Call


def begin(line: Line, sid: str, caller: str, called: str, now: datetime) -> Call:
    """A call that nobody has heard anything of yet."""
    entry = line.config.number(called)
    number = shown(caller)
    shared: dict[str, Any] = {
        "sid": sid,
        "caller_number": number,
        "line_number": called,
        "offers": list(entry.languages),
        "works": {code: entry.works_in(code, now) for code in entry.languages},
        "zone": entry.zone,
        "region": entry.region,
        "country": entry.country,
        "countries": line.config.callable_from(number),
    }
    talk = line.caller.begin(entry.languages[0], shared)
    return Call(
        sid=sid,
        flow=line.name,
        flow_version=line.config.version,
        step=talk.state,
        language=talk.language,
        caller=caller,
        called=called,
        started_at=now,
        data={"shared": shared, "caller": talk.to_dict(), "legs": {}, "hunt": None},
    )


def call_back(line: Line, sid: str, of: Call, now: datetime) -> Call:
    """A call that we make, to keep what was promised in call ``of``; its customer comes later."""
    promise, before = of.data["shared"]["promise"], of.data["shared"]
    call = begin(line, sid, promise["number"], of.called, now)
    kept = ("keyed", "case", "wish", "requested", "emergency", "promise", "zone", "region")
    knows = {name: before[name] for name in kept if name in before}
    return _back(line, call, {"of": of.sid, "language": of.language, "knows": knows})


def anew(line: Line, call: Call) -> Call:
    """A stored call as it was when it began."""
    fresh = begin(line, call.sid, call.caller, call.called, call.started_at)
    back = call.data["shared"].get("back")
    return fresh if back is None else _back(line, fresh, back)


def _back(line: Line, call: Call, back: dict[str, Any]) -> Call:
    """``call`` as one that we make; ``knows`` stays as it is, so that it can be replayed."""
    began = {name: back[name] for name in ("of", "language", "knows")}
    call.data["shared"] |= deepcopy(back["knows"]) | {"back": deepcopy(began) | {"leg": ""}}
    call.data["caller"] |= {"state": line.callback, "language": back["language"]}
    call.step, call.language = line.callback, back["language"]
    return call
