"""How a call begins: somebody calls, the line calls back, or a page asks for a call."""

from __future__ import annotations

from copy import deepcopy
from datetime import datetime

from ivr.line.definition import Line
from ivr.line.desk.phone_numbers import shown
from ivr.line.records import Call
from ivr.line.values import (
    CallBack,
    CallData,
    CalledNumber,
    Caller,
    CallerValues,
    CallValues,
    Known,
    Place,
    Requested,
    WebRequest,
    needed,
)


def begin(line: Line, sid: str, caller: str, called: str, now: datetime) -> Call:
    """A call that nobody has heard anything of yet."""
    entry = line.config.number(called)
    shared = CallValues(
        sid=sid,
        called=CalledNumber(
            languages=list(entry.languages),
            works_in={code: entry.works_in(code, now) for code in entry.languages},
            zone=entry.zone,
            region=entry.region,
            country=entry.country,
        ),
        caller=Caller(number=shown(caller)),
    )
    talk = line.caller.begin(entry.languages[0], shared, CallerValues())
    return Call(
        sid=sid,
        flow=line.name,
        flow_version=line.config.version,
        step=talk.state,
        language=talk.language,
        caller=caller,
        called=called,
        started_at=now,
        data=CallData(shared=shared, caller=Place.of(talk)),
    )


def call_back(line: Line, sid: str, of: Call, now: datetime) -> Call:
    """A call that we make, to keep what was promised in call ``of``; its customer comes later."""
    before = of.data.shared
    promise = needed(before.promise)
    knows = Known(
        promise=promise,
        zone=before.called.zone,
        region=before.called.region,
        keyed=before.case.keyed,
        other=before.case.other,
        record=before.case.record,
        wish=before.wish,
        requested=before.requested,
        emergency=before.emergency,
    )
    call = begin(line, sid, promise.number, of.called, now)
    return _back(line, call, CallBack(of=of.sid, language=of.language, knows=knows))


def on_web(line: Line, sid: str, web: WebRequest, now: datetime) -> Call:
    """A call that nobody made: it stands for a request on a page, and holds what that is owed."""
    called = line.config.entry_for(web.language, web.region)
    call = begin(line, sid, web.number, called, now)
    shared = call.data.shared
    shared.web = deepcopy(web)
    shared.called.zone = web.zone
    shared.called.region = web.region
    shared.case.keyed = web.keyed
    shared.wish = shared.asked_for = web.level
    if web.level != "E-Down":
        shared.requested = Requested(web.level, web.case, web.at)
    shared.hunt.owner = web.owner
    shared.caller.owes = list(web.owes)
    shared.emergency = deepcopy(web.emergency)
    call.data.caller.state = call.step = line.web
    call.data.caller.language = call.language = web.language
    return call


def anew(line: Line, call: Call) -> Call:
    """A stored call as it was when it began."""
    if web := call.data.shared.web:
        return on_web(line, call.sid, web, call.started_at)
    fresh = begin(line, call.sid, call.caller, call.called, call.started_at)
    back = call.data.shared.back
    return fresh if back is None else _back(line, fresh, back)


def _back(line: Line, call: Call, back: CallBack) -> Call:
    """``call`` as one that we make; what it knows is a copy, so that it can be replayed."""
    shared, knows = call.data.shared, needed(deepcopy(back.knows))
    shared.back = CallBack(of=back.of, language=back.language, knows=deepcopy(back.knows))
    shared.promise = knows.promise
    shared.called.zone = knows.zone
    shared.called.region = knows.region
    shared.case.keyed = knows.keyed
    shared.case.other = knows.other
    shared.case.record = knows.record
    shared.wish = knows.wish
    shared.requested = knows.requested
    shared.emergency = knows.emergency
    call.data.caller.state = line.callback
    call.data.caller.language = back.language
    call.step = line.callback
    call.language = back.language
    return call
