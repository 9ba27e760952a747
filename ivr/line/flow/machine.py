"""The only module that knows `transitions`.

A flow, the hunt and whatever else has states is one shared, flat `transitions.Machine` without a
model. The object that moves is never registered: it only has a ``state``. So a conversation stays
plain data, nothing leaks, and one machine serves all threads.

The library builds the machine and checks it, and resolves names again for every trigger. So what
it has made of each row is looked up once, and walked by `Machine.trigger`. The tests move random
machines both ways.

What is guarded against here, because the library finds it late or not at all: a destination or a
source that doesn't exist, a trigger that isn't in the present state's table, the two ways of not
moving (no such transition, a guard that says no), and logging on the path of every call.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, Protocol

from transitions import Machine as FlatMachine

from ivr.errors import IVRError
from ivr.line.errors import FlowError

logging.getLogger("transitions").setLevel(logging.WARNING)


class Moving(Protocol):
    """Anything with a state."""

    state: str


Callback = Callable[[Any, Any], object]
"""A guard, or what is done on the way: it is given who moves, and what they heard."""


class NotAllowed(IVRError):
    """The present state has no transition of that name."""


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of a table, tried in order; ``dest=None`` stays, and enters nothing again.

    ``then`` runs before the state changes, so what the arrival needs is there when it arrives.
    """

    trigger: str
    source: str | tuple[str, ...]
    dest: str | None
    when: Callback | None = None
    then: tuple[Callback, ...] = ()

    @property
    def sources(self) -> tuple[str, ...]:
        return (self.source,) if isinstance(self.source, str) else self.source


class _Way(NamedTuple):
    """What the library has made of a row, its callbacks in its order."""

    guards: tuple[Callback, ...]
    before: tuple[Callback, ...]
    dest: str | None
    on_enter: tuple[Callback, ...]


class Machine:
    """A table of transitions that any object with a ``state`` can move through.

    ``on_enter`` are callbacks per state, called when a transition arrives there from another
    state or from itself, never for the initial state and never when a transition stays.
    ``library`` is the machine that `transitions` has made of it. Raises `FlowError` for a row that
    names a state which doesn't exist.
    """

    def __init__(
        self,
        states: Iterable[str],
        initial: str,
        transitions: Iterable[Transition],
        on_enter: dict[str, tuple[Callback, ...]] | None = None,
    ) -> None:
        names, rows, entering = list(states), list(transitions), on_enter or {}
        self.initial = initial
        _refuse_unknown(names, initial, rows, entering)
        self.library = FlatMachine(
            model=None,
            states=[{"name": name, "on_enter": _for_library(entering.get(name))} for name in names],
            initial=initial,
            transitions=[_row(row, source) for row in rows for source in row.sources],
            auto_transitions=False,
            queued=False,
            send_event=True,
        )
        self._ways = {
            (source, row.trigger): _ways(self.library, row.trigger, source)
            for row in rows
            for source in row.sources
        }

    def allows(self, state: str, trigger: str) -> bool:
        """Whether ``state`` has a transition of that name; a guard may still refuse it."""
        return (state, trigger) in self._ways

    def trigger(self, model: Moving, name: str, heard: Any = None) -> bool:
        """Move ``model``; False when every guard refused. `NotAllowed`: there is no such row.

        ``heard`` is handed to guards and callbacks as it is.
        """
        ways = self._ways.get((model.state, name))
        if ways is None:
            raise NotAllowed(f"'{name}' isn't possible in '{model.state}'")
        for guards, before, dest, on_enter in ways:
            for guard in guards:
                if not guard(model, heard):
                    break
            else:
                for callback in before:
                    callback(model, heard)
                if dest is not None:
                    model.state = dest
                    for callback in on_enter:
                        callback(model, heard)
                return True
        return False


def _ways(library: FlatMachine, trigger: str, source: str) -> tuple[_Way, ...]:
    return tuple(
        _Way(
            _from_library(condition.func for condition in found.conditions),
            _from_library(found.before),
            found.dest,
            _from_library(library.get_state(found.dest).on_enter if found.dest is not None else ()),
        )
        for found in library.get_transitions(trigger, source)
    )


def _for_library(callbacks: Iterable[Callback] | None) -> list[Callback]:
    """They are called with an event of the library's, which has what they take."""
    return [partial(_called, callback) for callback in callbacks or ()]


def _called(callback: Callback, event: Any) -> object:
    return callback(event.model, *event.args)


def _from_library(found: Iterable[Any]) -> tuple[Callback, ...]:
    return tuple(each.args[0] for each in found)


def _row(row: Transition, source: str) -> dict[str, Any]:
    return {
        "trigger": row.trigger,
        "source": source,
        "dest": row.dest,
        "conditions": _for_library([row.when] if row.when else None),
        "before": _for_library(row.then),
    }


def _refuse_unknown(
    names: list[str],
    initial: str,
    rows: list[Transition],
    entering: dict[str, tuple[Callback, ...]],
) -> None:
    known = set(names)
    used = [initial, *entering]
    used += [state for row in rows for state in (*row.sources, row.dest or initial)]
    if wrong := sorted(set(used) - known):
        raise FlowError(f"states {', '.join(wrong)} don't exist; there are {', '.join(names)}")
    if len(known) != len(names):
        raise FlowError(f"a state stands twice in {', '.join(names)}")


__all__ = ["Callback", "Machine", "Moving", "NotAllowed", "Transition"]
