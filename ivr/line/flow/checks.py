"""What can be wrong with a flow's table: found when the flow is built, with what to do about it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import NamedTuple

from ivr.line.flow.conversation import Go
from ivr.line.flow.prompts import Prompts, slots
from ivr.line.flow.steps import ALWAYS, Entry, Hold, Menu, Step

ENGINE_SLOTS = frozenset({"turn", "here", "room", "leg", "phone", "line_number", "position"})

Table = Mapping[str, Step]  # by name
Ways = Mapping[str, Mapping[str, tuple[Go, ...]]]  # by step and outcome


def complaints(
    steps: Iterable[Step],
    leads: Ways,
    *,
    start: str,
    entries: Iterable[str],
    prompts: Prompts,
    also_says: Iterable[str],
    slot_names: Iterable[str],
) -> Iterator[str]:
    """Every fault of the table, a sentence each.

    ``leads`` are each step's outcomes with the flow's own added. ``entries`` are further steps at
    which a call may begin. ``also_says`` are the prompts that code says, ``slot_names`` what the
    flow fills in them.
    """
    rows = list(steps)
    table = {step.name: step for step in rows}
    yield from _twice(rows)
    yield from _start(table, start)
    for step in rows:
        yield from _outcomes(leads, step)
        yield from _destinations(table, leads, step)
    yield from _unreachable(table, leads, [start, *entries])
    yield from _endless(table, leads)
    yield from _prompts(rows, leads, prompts, also_says, slot_names)


class Unannounced(NamedTuple):
    """A key of a step that ``prompt`` doesn't tell of; ``file`` is that of the language."""

    file: str
    step: str
    key: str
    prompt: str


def unannounced(steps: Table, leads: Ways, prompts: Prompts) -> Iterator[Unannounced]:
    """The keys of menus that no prompt tells a caller of, by language.

    A key may be announced by the step that follows by itself. What a slot may announce, and what a
    step says that decides it during the call, isn't judged.
    """
    for step in steps.values():
        says = list(_announced(step, steps, leads))
        if not isinstance(step, Menu) or not says:
            continue
        for key in sorted(name for name in step.on if name.isdecimal()):
            for code in prompts.codes if _means(leads[step.name][key]) else ():
                language = prompts.language(code)
                text = " ".join(language.prompts.get(each, "") for each in says)
                if not slots(text) and not re.search(rf"(?<!\d){key}(?!\d)", text):
                    yield Unannounced(language.file, step.name, key, says[0])


def _announced(step: Step, steps: Table, leads: Ways) -> Iterator[str]:
    """The prompts of a menu, and of the one to which its silence leads."""
    silent = [steps[way.to] for way in leads[step.name].get("silence", ()) if way.to]
    for each in (step, *silent):
        if callable(each.says):
            return
    yield from _said(step)
    for each in silent:
        yield from _said(each)


def _means(ways: tuple[Go, ...]) -> bool:
    """Whether a key does more than say that it is none."""
    return any(way.to or way.then or way.says != "invalid" for way in ways)


def _twice(rows: list[Step]) -> Iterator[str]:
    for name, count in Counter(step.name for step in rows).items():
        if count > 1:
            yield f"step '{name}' stands {count} times in the table; give each its own name"


def _start(table: Table, start: str) -> Iterator[str]:
    if start not in table:
        yield f"the flow starts at '{start}', which isn't a step{_hint(start, table)}"


def _outcomes(leads: Ways, step: Step) -> Iterator[str]:
    given = leads[step.name]
    for name in sorted(step.needs - given.keys()):
        yield (
            f"step '{step.name}' doesn't say where '{name}' leads; "
            f"add it to the step's `on` or to the flow's `otherwise`"
        )
    for name in sorted(given.keys() - step.needs - step.may - ALWAYS):
        can = ", ".join(sorted(step.needs | step.may))
        yield f"step '{step.name}' can't have the outcome '{name}'; it can have: {can}"


def _destinations(table: Table, leads: Ways, step: Step) -> Iterator[str]:
    for outcome, ways in leads[step.name].items():
        for way in ways:
            if way.to is not None and way.to not in table:
                hint = _hint(way.to, table)
                yield f"step '{step.name}': '{outcome}' leads to '{way.to}', no such step{hint}"
        if not step.waits and any(way.to is None for way in ways) and outcome != "hangup":
            yield f"step '{step.name}': '{outcome}' must lead on, since nobody waits there"


def _hint(name: str, table: Table) -> str:
    close = get_close_matches(name, table, 1)
    return f"; did you mean '{close[0]}'?" if close else ""


def _next(table: Table, leads: Ways, name: str, but: frozenset[str] = frozenset()) -> Iterator[str]:
    for outcome, ways in leads[name].items():
        if outcome not in but:
            yield from (way.to for way in ways if way.to is not None and way.to in table)


def _unreachable(table: Table, leads: Ways, ahead: list[str]) -> Iterator[str]:
    reached = set[str]()
    while ahead:
        name = ahead.pop()
        if name in table and name not in reached:
            reached.add(name)
            ahead.extend(_next(table, leads, name))
    for name in table:
        if name not in reached:
            yield f"no way leads to step '{name}'; lead there, or take it out"


def _endless(table: Table, leads: Ways) -> Iterator[str]:
    """A cycle of steps that nobody waits in would never end a turn."""
    passing = {name for name, step in table.items() if not step.waits}
    while passing:
        ways = {name: set(_next(table, leads, name, ALWAYS | {"hangup"})) for name in passing}
        done = {name for name in passing if not passing & ways[name]}
        if not done:
            names = " → ".join(sorted(passing))
            yield f"a cycle without a wait: {names}; put a step that listens into it"
            return
        passing -= done


def _prompts(
    rows: list[Step],
    leads: Ways,
    prompts: Prompts,
    also_says: Iterable[str],
    slot_names: Iterable[str],
) -> Iterator[str]:
    said = set(also_says)
    for step in rows:
        said.update(_said(step))
        said.update(way.says for ways in leads[step.name].values() for way in ways if way.says)
    yield from prompts.missing(said)
    filled = ENGINE_SLOTS | set(slot_names)
    for code in prompts.codes:
        texts = prompts.language(code).prompts
        for key in sorted(said & texts.keys()):
            for name in sorted(slots(texts[key]) - filled):
                yield f"prompt '{key}' has the slot '{{{name}}}', which the flow doesn't fill"


def _said(step: Step) -> Iterator[str]:
    fixed = [step.says, step.progress if isinstance(step, Hold) else ()]
    fixed.append(step.hints if isinstance(step, Entry) else ())
    for says in fixed:
        if not callable(says):
            yield from says
