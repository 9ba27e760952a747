"""What can be wrong with a flow's table, found when it is made and said so that it can be
mended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING

from ivr.line.flow.prompts import slots
from ivr.line.flow.steps import ALWAYS, Hold, Step

if TYPE_CHECKING:
    from ivr.line.flow.flow import Flow

ENGINE_SLOTS = frozenset({"turn", "here", "room", "leg", "phone", "line_number", "position"})


def complaints(flow: Flow, table: list[Step]) -> Iterator[str]:
    """Every fault of the table, a sentence each."""
    yield from _twice(table)
    yield from _start(flow)
    for step in table:
        yield from _outcomes(flow, step)
        yield from _destinations(flow, step)
    yield from _unreachable(flow)
    yield from _endless(flow)
    yield from _prompts(flow, table)


def _twice(table: list[Step]) -> Iterator[str]:
    for name, count in Counter(step.name for step in table).items():
        if count > 1:
            yield f"step '{name}' stands {count} times in the table; give each its own name"


def _start(flow: Flow) -> Iterator[str]:
    if flow.start not in flow.steps:
        yield f"the flow starts at '{flow.start}', which isn't a step{_hint(flow.start, flow)}"


def _outcomes(flow: Flow, step: Step) -> Iterator[str]:
    given = flow.leads[step.name]
    for name in sorted(step.needs - given.keys()):
        yield (
            f"step '{step.name}' doesn't say where '{name}' leads; "
            f"add it to the step's `on` or to the flow's `otherwise`"
        )
    for name in sorted(given.keys() - step.needs - step.may - ALWAYS):
        can = ", ".join(sorted(step.needs | step.may))
        yield f"step '{step.name}' can't have the outcome '{name}'; it can have: {can}"


def _destinations(flow: Flow, step: Step) -> Iterator[str]:
    for outcome, ways in flow.leads[step.name].items():
        for way in ways:
            if way.to is not None and way.to not in flow.steps:
                hint = _hint(way.to, flow)
                yield f"step '{step.name}': '{outcome}' leads to '{way.to}', no such step{hint}"
        if not step.waits and any(way.to is None for way in ways) and outcome != "hangup":
            yield f"step '{step.name}': '{outcome}' must lead on, since nobody waits there"


def _hint(name: str, flow: Flow) -> str:
    close = get_close_matches(name, flow.steps, 1)
    return f"; did you mean '{close[0]}'?" if close else ""


def _ways(flow: Flow, name: str, but: frozenset[str] = frozenset()) -> Iterator[str]:
    for outcome, ways in flow.leads[name].items():
        if outcome not in but:
            yield from (way.to for way in ways if way.to is not None and way.to in flow.steps)


def _unreachable(flow: Flow) -> Iterator[str]:
    reached, ahead = set[str](), [flow.start, *flow.entries]
    while ahead:
        name = ahead.pop()
        if name in flow.steps and name not in reached:
            reached.add(name)
            ahead.extend(_ways(flow, name))
    for name in flow.steps:
        if name not in reached:
            yield f"no way leads to step '{name}'; lead there, or take it out"


def _endless(flow: Flow) -> Iterator[str]:
    """A cycle of steps that nobody waits in would never end a turn."""
    passing = {name for name, step in flow.steps.items() if not step.waits}
    while passing:
        ways = {name: set(_ways(flow, name, ALWAYS | {"hangup"})) for name in passing}
        done = {name for name in passing if not passing & ways[name]}
        if not done:
            names = " → ".join(sorted(passing))
            yield f"a cycle without a wait: {names}; put a step that listens into it"
            return
        passing -= done


def _prompts(flow: Flow, table: Iterable[Step]) -> Iterator[str]:
    said = set(flow.also_says)
    for step in table:
        said.update(_said(step))
        said.update(way.says for ways in flow.leads[step.name].values() for way in ways if way.says)
    yield from flow.prompts.missing(said)
    for code in flow.prompts.codes:
        texts = flow.prompts.language(code).texts
        for key in sorted(said & texts.keys()):
            for name in sorted(slots(texts[key]) - ENGINE_SLOTS - flow.slots.keys()):
                yield f"prompt '{key}' has the slot '{{{name}}}', which the flow doesn't fill"


def _said(step: Step) -> Iterator[str]:
    fixed = [step.says, step.progress if isinstance(step, Hold) else ()]
    for says in fixed:
        if not callable(says):
            yield from says
