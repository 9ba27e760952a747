"""What happened in a call, told again: what was said, pressed and decided, in order.

Theory of operation. The event log says what was heard and what came of it, but not what was spoken;
that is said by the documents of the turns, which `ivr.line.story.replay` takes again. So a story is
the log, and after each thing heard the words that it made somebody hear. Of a call that can't be
taken again the log alone is left, which has no words and nothing personal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from ivr.errors import CallError
from ivr.line.definition import Line
from ivr.line.desk.events import Event
from ivr.line.flow.steps import Hold
from ivr.line.records import Call
from ivr.line.story.replay import HEARD, from_the_start
from ivr.line.turns.call.state import CallState
from ivr.twiml import verbs
from ivr.twiml.reading import parse
from ivr.twiml.writing import render

ANYTHING = "…"  # stands for what isn't shown
# What moves nothing that anybody would notice.
MECHANICAL = frozenset({"placed", "room", "bridged", "lasted"})


Kind = Literal["said", "pressed", "heard", "decided"]


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened.

    ``kind`` is "said" (``words``, each in its one of ``tongues``; ``language`` is the leg's),
    "pressed" (``value``, "" is silence, "secret" a PIN, which is kept nowhere), "heard" (anything
    else that came from outside: ``what``, ``value``) or "decided" (``what`` is the event's kind,
    ``data`` the rest). ``leg`` is the caller's (``""``) or that of somebody who was rung,
    ``person``. ``before`` and ``step`` are where the leg was and is; ``caller_step`` is where the
    caller is. ``takes`` is the kind of step that heard it.
    """

    at: datetime
    kind: Kind
    leg: str = ""
    person: str = ""
    before: str = ""
    step: str = ""
    caller_step: str = ""
    what: str = ""
    value: str = ""
    words: tuple[str, ...] = ()
    tongues: tuple[str, ...] = ()
    language: str = ""
    takes: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    connected: frozenset[str] = frozenset()  # the legs that talk with the caller


@dataclass(frozen=True, slots=True)
class Story:
    """The moments of a call, in order. ``whole`` is False when only the log was left."""

    moments: tuple[Moment, ...]
    whole: bool = True


def story(
    line: Line, call: Call, events: Iterable[Event], names: Mapping[str, str] | None = None
) -> Story:
    """Tell a call; ``names`` are people's, by id. Never fails: see `Story.whole`."""
    log = list(events)
    try:
        return Story(tuple(_told(line, call, log, names or {})))
    except (CallError, KeyError, StopIteration, RuntimeError):
        # Taken by another version of the flow, or purged: nobody can say what was spoken.
        return Story(tuple(_logged(log)), whole=False)


def _told(
    line: Line, call: Call, log: Sequence[Event], names: Mapping[str, str]
) -> Iterator[Moment]:
    groups = _groups(log)
    telling = _Telling(line)
    for event, turn in from_the_start(line, call, log, names):
        yield from telling.turn(event, turn.state, next(groups))


def _groups(log: Sequence[Event]) -> Iterator[list[Event]]:
    """What was decided before anything was heard, then after each thing heard."""
    group: list[Event] = []
    for event in log:
        if event.kind in HEARD:
            yield group
            group = []
        else:
            group.append(event)
    yield group


def _logged(log: Sequence[Event]) -> Iterator[Moment]:
    """The log alone."""
    people = {e.data["leg"]: str(e.data.get("person", "")) for e in log if e.kind == "dial.started"}
    there = ""
    for event in log:
        leg = str(event.data.get("leg", ""))
        step = str(event.data.get("step", ""))
        there = step if step and not leg else there
        if event.data.get("what") in MECHANICAL:
            continue
        made = _decided(event, there) if event.kind not in HEARD else _heard(event, leg)
        yield replace(made, person=made.person or people.get(leg, ""), step=step, caller_step=there)


class _Telling:
    """Knows where every leg was, so that it is said what each thing heard has changed."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.turns: dict[str, tuple[int, str]] = {}
        self.held = False

    def turn(self, event: Event | None, state: CallState, decided: list[Event]) -> Iterator[Moment]:
        there = state.caller.state
        talking = connected(state)
        if event is not None and event.data["what"] not in MECHANICAL:
            yield self._stimulus(event, state)
        for each in decided:
            yield replace(_decided(each, there), connected=talking)
        spoken = [self._spoken(state, leg) for leg in ("", *state.legs.rows)]
        for said in (self._held(state), *spoken):
            if said is not None:
                yield replace(said, at=event.at if event else state.now, connected=talking)

    def _stimulus(self, event: Event, state: CallState) -> Moment:
        leg = str(event.data["leg"])
        flow = self.line.person if leg else self.line.caller
        return replace(
            _heard(event, leg),
            person=state.legs.rows[leg].person if leg else "",
            before=event.data["step"],
            step=state.legs.talk(leg).state if leg else state.caller.state,
            caller_step=state.caller.state,
            takes=type(flow.steps[event.data["step"]]).__name__,
            connected=connected(state),
        )

    def _spoken(self, state: CallState, leg: str) -> Moment | None:
        """What a leg hears now that it has moved; None when it hasn't, or isn't there."""
        talk = state.legs.talk(leg) if leg else state.caller
        now = (talk.turn, talk.state)
        before, self.turns[leg] = self.turns.get(leg), now
        new_leg = leg and before is None  # it rings: nobody listens yet
        if now == before or new_leg or not _is_there(state, leg):
            return None
        words = _words(_document(state, leg))
        meets = not leg and state.talking and talk.state != (before or now)[1]
        return _said(state, leg, words or (self._meanwhile(state, "connecting") if meets else ()))

    def _held(self, state: CallState) -> Moment | None:
        """What the caller hears while they are put on hold."""
        before, self.held = self.held, state.shared.held
        if before or not self.held or state.call.ended_at:
            return None
        return _said(state, "", self._meanwhile(state, "please_hold"))

    def _meanwhile(self, state: CallState, key: str) -> tuple[tuple[str, str], ...]:
        """What the conference's own documents say, see `ivr.line.web.webhooks.webhooks`."""
        flow, language = self.line.caller, state.caller.language
        if key not in flow.prompts.language(language).prompts:
            return ()
        return _words(render(flow.spoken([(key, "")], language)))


def _said(state: CallState, leg: str, words: tuple[tuple[str, str], ...]) -> Moment | None:
    if not words:
        return None
    talk = state.legs.talk(leg) if leg else state.caller
    return Moment(
        state.now,
        "said",
        leg,
        state.legs.rows[leg].person if leg else "",
        step=talk.state,
        caller_step=state.caller.state,
        words=tuple(text for text, _ in words),
        tongues=tuple(tongue for _, tongue in words),
        language=talk.language,
    )


def connected(state: CallState) -> frozenset[str]:
    """The legs that are in conversation with the caller."""
    if state.call.ended_at:
        return frozenset()
    return frozenset(leg for leg in state.legs.talking() if state.together(leg))


def _is_there(state: CallState, leg: str) -> bool:
    if not leg:
        return bool(state.leg_sid) and not state.call.ended_at
    where = state.leg_state(leg)
    # Whoever has passed, or handed over, hears so; a leg that is over has no more words but those.
    return where in ("listening", "joining", "talking", "beside") or state.legs.rows[leg].sid != ""


def _document(state: CallState, leg: str) -> str:
    flow = state.line.person if leg else state.line.caller
    talk = state.legs.talk(leg) if leg else state.caller
    step = flow.steps[talk.state]
    if not step.waits:
        return ""
    document = state.leg_document(leg) if leg else state.caller_document()
    if isinstance(step, Hold) and not leg:
        return document + "\n" + state.caller_waiting("", True)
    return document


def _words(documents: str) -> tuple[tuple[str, str], ...]:
    """What these documents say, and in which language."""
    found: list[tuple[str, str]] = []
    for document in filter(None, documents.split("\n<?xml")):
        whole = document if document.startswith("<?xml") else f"<?xml{document}"
        for verb in parse(whole).verbs:
            inside = verb.verbs if isinstance(verb, verbs.Gather) else (verb,)
            for each in inside:
                if isinstance(each, verbs.Say):
                    found.append((each.text, each.language))
                elif isinstance(each, verbs.Play) and each.url:
                    found.append((f"[{each.url.rpartition('/')[2]}]", ""))
    return tuple(found)


def _heard(event: Event, leg: str) -> Moment:
    data = event.data
    pressed = data["what"] == "keys"
    return Moment(
        event.at,
        "pressed" if pressed else "heard",
        leg,
        what=str(data["what"]),
        value=str(data["value"]),
        data={"kind": event.kind, **dict(data.get("data", {}))},
    )


def _decided(event: Event, there: str) -> Moment:
    return Moment(
        event.at,
        "decided",
        str(event.data.get("leg", "")),
        event.actor or str(event.data.get("person", "")),
        step=there,
        caller_step=there,
        what=event.kind,
        data=event.data,
    )


def without_numbers(told: Story, line: Line, numbers: Iterable[str]) -> Story:
    """The same story for somebody who may not see these telephone numbers: neither as they were
    keyed nor as they were read aloud."""
    hidden = [each for each in numbers if each]
    return replace(told, moments=tuple(_without(each, line, hidden) for each in told.moments))


def _without(moment: Moment, line: Line, numbers: Sequence[str]) -> Moment:
    if moment.kind == "pressed":
        keyed = "".join(key for key in moment.value if key.isdecimal())
        mine = len(keyed) > 5 and any(each.endswith(keyed.lstrip("0")) for each in numbers)
        return replace(moment, value=ANYTHING) if mine else moment
    if moment.kind != "said":
        return moment
    flow = line.person if moment.leg else line.caller
    language = flow.prompts.language(moment.language)
    read = [language.read_digits(each, 2) for each in numbers]
    return replace(moment, words=tuple(_cut(words, read) for words in moment.words))


def _cut(words: str, parts: Iterable[str]) -> str:
    for part in filter(None, parts):
        words = words.replace(part, ANYTHING)
    return words


def path(moments: Iterable[Moment]) -> list[str]:
    """The caller's steps on the way, each where they came to it."""
    way: list[str] = []
    for moment in moments:
        if moment.caller_step and way[-1:] != [moment.caller_step]:
            way.append(moment.caller_step)
    return way


__all__ = ["Moment", "Story", "connected", "path", "story", "without_numbers"]
