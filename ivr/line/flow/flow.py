"""The flow engine: a table of steps becomes one machine and a set of compiled documents.

Theory of operation. A `Flow` is made once, from a table; a wrong table is refused then, with what
to do about it. A `Conversation` is one leg's place in it, plain data. `Flow.hear` gives one thing
heard to the present step, which names an outcome; the outcome is the trigger of a transition.
Effects only append to ``conversation.happened``: the machine doesn't roll back, so nothing outside
may have changed when a turn fails. `Flow.document` then says what is to be sent. Nothing here does
I/O or knows a call's number, a database or Flask.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from ivr.line.errors import FlowError
from ivr.line.flow.checks import complaints
from ivr.line.flow.conversation import (
    AnyConversation,
    Conversation,
    Effect,
    Go,
    Heard,
    Leads,
    Phrase,
)
from ivr.line.flow.machine import Machine, NotAllowed, Transition
from ivr.line.flow.prompts import Language, Prompts, slots
from ivr.line.flow.steps import ALWAYS, FAILURES, Clicks, Entry, Hold, Step, phrases_of
from ivr.twiml import verbs
from ivr.twiml.templates import Compiled, slot
from ivr.twiml.templates import compile as compile_verbs

SlotValue = Callable[[AnyConversation, Language], str]

STEPS_PER_TURN = 20

_Shared = TypeVar("_Shared")
_Own = TypeVar("_Own")


class Flow:
    """A call flow, checked.

    ``start`` is the first step, ``entries`` others at which a call may begin; ``zero`` where 0
    leads from anywhere; ``otherwise`` gives outcomes to every step that doesn't name them and can
    have them. ``patience`` is how many failures, one here and one there, are ``too_many`` in a step
    that has no such way of its own, and in which nobody is being rung yet; 0 is never. ``slots``
    fill what the prompts leave open. Raises `FlowError` naming file, step and what to do.
    """

    def __init__(
        self,
        name: str,
        steps: Iterable[Step],
        *,
        file: str,
        version: str,
        start: str,
        prompts: Prompts,
        zero: str | Go | None = None,
        patience: int = 0,
        otherwise: Mapping[str, Leads] | None = None,
        entries: Iterable[str] = (),
        slots: Mapping[str, SlotValue] | None = None,
        also_says: Iterable[str] = (),
    ) -> None:
        self.name, self.version, self.start, self.file = name, version, start, file
        self.prompts = prompts
        self.entries = tuple(entries)
        self.slots = dict(slots or {})
        self.patience = patience
        table = list(steps)
        self.steps = {step.name: step for step in table}
        self.leads = {step.name: _leads(step, zero, otherwise or {}) for step in table}
        self.also_says = frozenset(also_says)
        clicks = [step.personal for step in table if isinstance(step, Clicks)]
        self.personal = frozenset[str]().union(*clicks)  # the clicks whose argument isn't logged
        faults = complaints(
            table,
            self.leads,
            start=start,
            entries=self.entries,
            prompts=prompts,
            also_says=self.also_says,
            slot_names=self.slots,
        )
        if text := "\n".join(f"{file}: {fault}" for fault in faults):
            raise FlowError(text)
        self.machine = Machine(
            self.steps,
            start,
            _transitions(self.leads),
            {step.name: step.enter for step in table},
        )
        self._documents: dict[Any, Compiled] = {}

    def begin(self, language: str, shared: _Shared, own: _Own) -> Conversation[_Shared, _Own]:
        """A leg at the first step; that step's ``enter`` has not run."""
        return Conversation(state=self.start, language=language, shared=shared, own=own)

    def hear(self, talk: AnyConversation, heard: Heard) -> bool:
        """Move by one thing heard; False when the present step has no use for it."""
        step, before = self.steps[talk.state], talk.state
        name = self._counted(step, talk, step.outcome(talk, heard))
        if not self.machine.allows(talk.state, name):
            return False
        if step.waits:  # what was to be said on the way here has been said
            talk.notes = ()
        if not self.machine.trigger(talk, name, heard):
            self._refused(step, talk, name, heard)
        talk.turn += 1
        if talk.state != before:
            talk.tries = talk.silences = 0
        reached = self.steps[talk.state]
        if talk.failures and reached.waits and not reached.tries:  # a queue or a person
            talk.failures = 0
        return True

    def expects(self, talk: AnyConversation, heard: Heard) -> bool:
        """Whether the present step has a use for this outcome."""
        step = self.steps[talk.state]
        return self.machine.allows(talk.state, step.outcome(talk, heard))

    def _refused(self, step: Step, talk: AnyConversation, name: str, heard: Heard) -> None:
        """A key that isn't offered just now is like any other key without a meaning."""
        if heard.kind != "keys" or "invalid" not in step.needs:
            raise NotAllowed(f"no guard of '{name}' agrees in step '{talk.state}' of '{self.name}'")
        self.machine.trigger(talk, self._counted(step, talk, "invalid"), heard)

    def _counted(self, step: Step, talk: AnyConversation, name: str) -> str:
        talk.silences = talk.silences + 1 if name == "silence" else 0
        failed = name in FAILURES or (isinstance(step, Entry) and name in step.refusals)
        if not failed or not step.tries:
            return name
        talk.tries += 1
        talk.failures += 1
        enough = talk.tries >= step.tries or talk.silences >= step.patience
        return "too_many" if enough or self._too_many_in_all(step, talk) else name

    def _too_many_in_all(self, step: Step, talk: AnyConversation) -> bool:
        own_way = "too_many" in step.on or step.meanwhile
        return bool(self.patience) and not own_way and talk.failures >= self.patience

    def document(self, talk: AnyConversation, values: Mapping[str, str]) -> str:
        """The present step's TwiML. ``values`` are the slots that the flow itself can't know."""
        step = self.steps[talk.state]
        phrases = step.opening(talk)
        key = (talk.state, talk.language, phrases, step.variant(talk))
        compiled = self._documents.get(key)
        if compiled is None:
            spoken = tuple(self._say(phrase, talk.language) for phrase in phrases)
            compiled = self._documents[key] = compile_verbs(step.document(talk, spoken))
        return compiled.fill(self._values(compiled, talk, values))

    def waiting(
        self, talk: AnyConversation, first: bool, values: Mapping[str, str], coming: bool = False
    ) -> str:
        """The wait document of a `Hold`; ``first`` when the caller has only just come, ``coming``
        when somebody has taken the call and is on the way."""
        step = self.steps[talk.state]
        if not isinstance(step, Hold):
            raise TypeError(f"nobody waits in step '{talk.state}'")
        phrases = step.phrases(talk) if first else phrases_of(step.progress, talk)
        if coming:
            phrases = phrases_of(step.coming, talk)
        if first:
            phrases = (*step.notes(talk), *phrases)
        key = ("waiting", talk.state, talk.language, phrases)
        compiled = self._documents.get(key)
        if compiled is None:
            spoken = tuple(self._say(phrase, talk.language) for phrase in phrases)
            compiled = self._documents[key] = compile_verbs(step.waiting(talk, spoken))
        return compiled.fill(self._values(compiled, talk, values))

    def spoken(self, phrases: Iterable[Phrase], language: str) -> tuple[verbs.Spoken, ...]:
        """The verbs that say these phrases, slots standing."""
        return tuple(self._say(phrase, language) for phrase in phrases)

    def _say(self, phrase: Phrase, language: str) -> verbs.Spoken:
        key, own = phrase
        words = self.prompts.language(own or language)
        if key in words.recordings:
            return verbs.Play(words.recordings[key])
        own = f"@{own}" if own else ""  # said in a language of its own, and so are its slots
        text = words.prompts[key].format_map(
            {name: slot(name + own) for name in slots(words.prompts[key])}
        )
        return verbs.Say(text, voice=words.voice.name, language=words.voice.language)

    def _values(
        self, compiled: Compiled, talk: AnyConversation, values: Mapping[str, str]
    ) -> dict[str, str]:
        filled = {}
        for name in compiled.slots:
            if name == "turn":
                filled[name] = str(talk.turn)
            elif name in values:
                filled[name] = values[name]
            else:
                bare, _, own = name.partition("@")
                filled[name] = self.slots[bare](talk, self.prompts.language(own or talk.language))
        return filled


def goes(leads: Leads) -> tuple[Go, ...]:
    """The ways an outcome may lead, in the order in which their guards are asked."""
    match leads:
        case str():
            return (Go(leads),)
        case Go():
            return (leads,)
        case _:
            return tuple(leads)


def _leads(
    step: Step, zero: str | Go | None, otherwise: Mapping[str, Leads]
) -> dict[str, tuple[Go, ...]]:
    """The step's outcomes by its own word, else by the flow's."""
    possible = step.needs | step.may | ALWAYS
    leads = {name: goes(way) for name, way in otherwise.items() if name in possible}
    if zero is not None and "zero" in possible:
        leads["zero"] = goes(zero)
    leads.update({name: goes(way) for name, way in step.on.items()})
    return leads


def _transitions(table: Mapping[str, Mapping[str, tuple[Go, ...]]]) -> Iterator[Transition]:
    for source, leads in table.items():
        for name, ways in leads.items():
            for way in ways:
                yield Transition(
                    trigger=name,
                    source=source,
                    dest=way.to,
                    when=way.when,
                    then=(*way.then, _note(way.says)) if way.says else way.then,
                )


def _note(key: str) -> Effect:
    def add(talk: AnyConversation, heard: Heard) -> None:
        talk.notes = (*talk.notes, key)

    return add
