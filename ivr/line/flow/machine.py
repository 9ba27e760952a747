"""The only module that knows `transitions`.

A flow, the hunt and whatever else has states is one shared, flat `transitions.Machine` without a
model. The object that moves is never registered: it only has a ``state``. So a conversation stays
plain data, nothing leaks, and one machine serves all threads.

What is guarded against here, because the library finds it late or not at all: a destination or a
source that doesn't exist, a trigger that isn't in the present state's table, the two ways of not
moving (no such transition, a guard that says no), and logging on the path of every call.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from transitions import Machine as FlatMachine

from ivr.errors import IVRError
from ivr.line.errors import FlowError

logging.getLogger("transitions").setLevel(logging.WARNING)


class Moving(Protocol):
    """Anything with a state."""

    state: str


class Trigger(Protocol):
    """What a guard or a callback is given: who moves, and what `Machine.trigger` was given."""

    model: Any
    kwargs: dict[str, Any]


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
    when: Callable[[Trigger], bool] | None = None
    then: tuple[Callable[[Trigger], None], ...] = ()

    @property
    def sources(self) -> tuple[str, ...]:
        return (self.source,) if isinstance(self.source, str) else self.source


class Machine:
    """A table of transitions that any object with a ``state`` can move through.

    ``on_enter`` are callbacks per state, called when a transition arrives there from another
    state or from itself, never for the initial state and never when a transition stays.
    Raises `FlowError` for a row that names a state which doesn't exist.
    """

    def __init__(
        self,
        states: Iterable[str],
        initial: str,
        transitions: Iterable[Transition],
        on_enter: dict[str, tuple[Callable[[Trigger], None], ...]] | None = None,
    ) -> None:
        names, rows, entering = list(states), list(transitions), on_enter or {}
        self.initial = initial
        _refuse_unknown(names, initial, rows, entering)
        self._machine = FlatMachine(
            model=None,
            states=[{"name": name, "on_enter": list(entering.get(name, ()))} for name in names],
            initial=initial,
            transitions=[_row(row, source) for row in rows for source in row.sources],
            auto_transitions=False,
            queued=False,
            send_event=True,
        )
        self._allowed = frozenset((source, row.trigger) for row in rows for source in row.sources)

    def allows(self, state: str, trigger: str) -> bool:
        """Whether ``state`` has a transition of that name; a guard may still refuse it."""
        return (state, trigger) in self._allowed

    def trigger(self, model: Moving, name: str, **kwargs: Any) -> bool:
        """Move ``model``; False when every guard refused. `NotAllowed`: there is no such row."""
        if (model.state, name) not in self._allowed:
            raise NotAllowed(f"'{name}' isn't possible in '{model.state}'")
        moved: bool = self._machine.events[name].trigger(model, **kwargs)
        return moved


def _row(row: Transition, source: str) -> dict[str, Any]:
    return {
        "trigger": row.trigger,
        "source": source,
        "dest": row.dest,
        "conditions": row.when or [],
        "before": list(row.then),
    }


def _refuse_unknown(
    names: list[str],
    initial: str,
    rows: list[Transition],
    entering: dict[str, tuple[Callable[[Trigger], None], ...]],
) -> None:
    known = set(names)
    used = [initial, *entering]
    used += [state for row in rows for state in (*row.sources, row.dest or initial)]
    if wrong := sorted(set(used) - known):
        raise FlowError(f"states {', '.join(wrong)} don't exist; there are {', '.join(names)}")
    if len(known) != len(names):
        raise FlowError(f"a state stands twice in {', '.join(names)}")


__all__ = ["Machine", "Moving", "NotAllowed", "Transition", "Trigger"]
