"""A call again, from its event log alone: the same things heard, the same turns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial

from msgspec.structs import replace

from ivr.errors import CallError
from ivr.line.definition import Line
from ivr.line.desk.events import Event
from ivr.line.desk.people import Person
from ivr.line.flow.conversation import Heard
from ivr.line.records import Call
from ivr.line.turns.call.begin import anew
from ivr.line.turns.call.log import from_log
from ivr.line.turns.call.state import CallState
from ivr.line.turns.call.turn import CallTurn

HEARD = frozenset({"heard", "menu.key", "entry.rejected", "entry.partial"})


def replay(line: Line, call: Call, events: Iterable[Event]) -> Iterator[tuple[Event, CallTurn]]:
    """Take the turns of ``call`` again; yields each thing heard, and the turn that heard it.

    ``call`` says who called where and when, and holds what was kept out of the log; nothing else of
    what it has become is looked at. Look-ups are answered from the log, in which people are ids.
    Raises `CallError` for a log that this line could not have written, and for a call of which
    what was keyed has been erased, or was kept long enough.
    """
    for event, turn in from_the_start(line, call, events):
        if event is not None:
            yield event, turn


def from_the_start(
    line: Line, call: Call, events: Iterable[Event], names: Mapping[str, str] | None = None
) -> Iterator[tuple[Event | None, CallTurn]]:
    """The same, with what the first request made before it: then nothing was heard yet. ``names``
    are people's, by id, where they are to be said.

    An event whose value was kept out of the log comes with that value.
    """
    if call.data.purged:
        raise CallError(f"call {call.sid} can't be taken again: what was keyed in it is gone")
    log = list(events)
    answers = iter([event for event in log if event.kind == "answered"])
    rings = iter([event for event in log if event.kind == "dial.started"])
    personal = iter(call.data.shared.personal)
    turn = CallTurn(
        line,
        anew(line, call),
        call.started_at,
        lambda asks, shared: _answer(answers, asks),
        partial(_rung, rings, _spoken(log), names or {}),
    )
    turn.begin()
    yield None, turn
    for event in log:
        if event.kind not in HEARD:
            continue
        data, turn.state.now = dict(event.data), event.at
        value = next(personal) if data["value"] == "personal" else data["value"]
        more = data.get("data", {})
        if _step(turn.state, data["leg"]) != data["step"]:
            raise CallError(f"call {call.sid} can't have been in '{data['step']}' at {event.at}")
        if not turn.hear(from_log(data["what"], data["leg"], value, more)):
            raise CallError(f"call {call.sid} has no use for {data} at {event.at}")
        yield replace(event, data=data | {"value": value}), turn


def _step(state: CallState, leg: str) -> str:
    if leg and leg not in state.legs.rows:
        raise CallError(f"call {state.call.sid} has no leg {leg}")
    return state.legs.talk(leg).state if leg else state.caller.state


def _answer(answers: Iterator[Event], asks: str) -> Heard:
    """The log's next answer."""
    data = next(answers).data
    if data["asks"] != asks:
        raise CallError(f"the log answers '{data['asks']}' where '{asks}' was asked")
    return Heard("outcome", data["value"], data["data"])


def _rung(
    rings: Iterator[Event],
    spoken: Mapping[str, Sequence[str]],
    names: Mapping[str, str],
    person: str,
) -> Person:
    """The next one who was rung; people's numbers aren't in a log. Earlier versions logged their
    languages with each ranking."""
    language = next(rings).data.get("language")
    languages = spoken.get(person, ()) if language is None else (language,)
    return Person(person, names.get(person, person), languages=tuple(languages))


def _spoken(log: Iterable[Event]) -> dict[str, Sequence[str]]:
    """Everybody's languages, by id, if the rankings of this log say them."""
    told = [event.data for event in log]
    told += [data["data"] for data in told if "data" in data]
    ranked = [each for data in told for each in data.get("ranking", ())]
    return {each["person"]: each.get("languages", ()) for each in ranked}
