"""A flow drawn for a page: boxes in layers, the present step lit, the way so far marked.

Theory of operation. `layout` puts every step into a layer, as far down as it is steps away from the
start (what leads back, or out of trouble, doesn't count for that), and orders each layer so that
few lines cross: a few sweeps in which every box moves towards the middle of its neighbours.
`diagram` draws that as SVG. Nothing in it needs a script or a style of its own: classes say what a
box is, and the page's own style sheet says how that looks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from itertools import pairwise

from ivr.line.flow.flow import Flow
from ivr.line.flow.mermaid import AWAY
from ivr.line.flow.steps import Goodbye, Hold, Talk

WIDE, HIGH = 128, 30  # of a box
ACROSS, DOWN = 144, 62  # from one box to the next
MARGIN = 12
SWEEPS = 12
ANYWHERE = 10  # a step that leads to so many others leads anywhere, and says nothing of their order
BACKWARDS = frozenset({"back", "too_many", "ended", "nobody", "invalid", "silence"})
KINDS = {Hold: "hold", Talk: "talk", Goodbye: "bye"}

Ways = Mapping[str, Mapping[str, tuple[str, ...]]]  # from -> to -> outcomes


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each step stands: ``places`` are its box's middle."""

    places: Mapping[str, tuple[float, float]]
    ways: Ways
    width: float
    height: float


def ways_of(flow: Flow) -> dict[str, dict[str, tuple[str, ...]]]:
    """Who leads where by which outcomes, without what leads away from everywhere."""
    ways: dict[str, dict[str, tuple[str, ...]]] = {name: {} for name in flow.steps}
    for name, leads in flow.leads.items():
        for outcome, goes in leads.items():
            for go in goes if outcome not in AWAY else ():
                if go.to is not None and go.to != name:
                    before = ways[name].get(go.to, ())
                    ways[name][go.to] = (*before, *({outcome} - set(before)))
    return ways


@lru_cache(maxsize=16)
def layout(flow: Flow) -> Layout:
    """Where everything stands; worked out once for a flow."""
    ways = ways_of(flow)
    layers = _layers(flow, ways)
    rows: list[list[str]] = [[] for _ in range(max(layers.values()) + 1)]
    for name in flow.steps:
        rows[layers.get(name, 0)].append(name)
    rows = [part for row in rows for part in _parts(row)]
    _untangle(rows, ways)
    widest = max(map(len, rows))
    places = {}
    for level, row in enumerate(rows):
        left = (widest - len(row)) / 2
        for column, name in enumerate(row):
            x = MARGIN + (left + column) * ACROSS + WIDE / 2
            places[name] = (x, MARGIN + level * DOWN + HIGH / 2)
    width = 2 * MARGIN + (widest - 1) * ACROSS + WIDE
    return Layout(places, ways, width, 2 * MARGIN + (len(rows) - 1) * DOWN + HIGH)


MOST = 8  # boxes beside each other; a layer with more goes on below


def _parts(row: list[str]) -> Iterable[list[str]]:
    return (row[at : at + MOST] for at in range(0, len(row), MOST))


def _layers(flow: Flow, ways: Ways) -> dict[str, int]:
    """How many steps away each is: by ways that lead on, else by any."""
    layers: dict[str, int] = {}
    onwards = {
        name: [to for to, outcomes in leads.items() if set(outcomes) - BACKWARDS]
        if len(leads) < ANYWHERE
        else []
        for name, leads in ways.items()
    }
    for leads in (onwards, {name: list(leads) for name, leads in ways.items()}):
        ahead = [*layers] or [flow.start, *flow.entries]
        layers |= {name: 0 for name in ahead if name not in layers}
        while ahead:
            name = ahead.pop(0)
            for to in leads[name]:
                if to not in layers:
                    layers[to] = layers[name] + 1
                    ahead.append(to)
    return layers


def _untangle(rows: list[list[str]], ways: Ways) -> None:
    """Move every box towards the middle of those it is tied to, row by row, down and up."""
    tied: dict[str, set[str]] = {name: set() for name in ways}
    for name, leads in ways.items():
        for to in leads if len(leads) < ANYWHERE else ():
            tied[name].add(to)
            tied[to].add(name)
    at = {name: place / len(row) for row in rows for place, name in enumerate(row)}
    for sweep in range(SWEEPS):
        for row in rows if sweep % 2 == 0 else reversed(rows):
            middle = {
                name: sum(at[each] for each in tied[name]) / len(tied[name])
                if tied[name]
                else at[name]
                for name in row
            }
            row.sort(key=lambda name: (middle[name], name))
            for place, name in enumerate(row):
                at[name] = (place + 0.5) / len(row)


def diagram(flow: Flow, present: str = "", path: Iterable[str] = (), label: str = "") -> str:
    """The flow as an SVG element.

    ``present`` is the step that is lit (class ``here``, and ``aria-current``), ``path`` the steps
    on the way there (class ``been``), in order; the ways taken are drawn strongly, and those that
    lead on from ``present`` carry the outcomes that take them. ``label`` says what it is a picture
    of.
    """
    made, been = layout(flow), list(path)
    taken = set(pairwise([*been, present]))
    lines, words = [], []
    for name, leads in made.ways.items():
        for to, outcomes in leads.items():
            kind = "taken" if (name, to) in taken else "next" if name == present else ""
            if kind or (len(leads) < ANYWHERE and set(outcomes) - BACKWARDS):
                lines.append(_line(made, name, to, kind))
            if name == present:
                words.append(_words(made, name, to, outcomes))
    boxes = [_box(flow, made, name, name == present, name in been) for name in flow.steps]
    size = f"{made.width:.0f} {made.height:.0f}"
    title = escape(label or flow.name)
    return (
        f'<svg class="flow" viewBox="0 0 {size}" width="{made.width:.0f}" '
        f'height="{made.height:.0f}" role="img" aria-label="{title}">'
        f"{''.join(sorted(lines))}{''.join(boxes)}{''.join(words)}</svg>"
    )


def _line(made: Layout, name: str, to: str, kind: str) -> str:
    (x1, y1), (x2, y2) = made.places[name], made.places[to]
    down = y2 > y1
    y1, y2 = (y1 + HIGH / 2, y2 - HIGH / 2) if down else (y1 - HIGH / 2, y2 + HIGH / 2)
    bend = (DOWN - HIGH) if down else (HIGH - DOWN)
    curve = (
        f"M{x1:.0f} {y1:.0f}C{x1:.0f} {y1 + bend:.0f} {x2:.0f} {y2 - bend:.0f} {x2:.0f} {y2:.0f}"
    )
    order = {"": 0, "next": 1, "taken": 2}[kind]  # the strong ones are drawn last
    return f'<path data-order="{order}" class="way {kind}" d="{curve}"/>'


def _words(made: Layout, name: str, to: str, outcomes: tuple[str, ...]) -> str:
    """What takes one on from here, beside the box where it leads."""
    x, y = made.places[to]
    above = made.places[name][1] < y
    said = escape(" / ".join(each.replace("_", " ") for each in outcomes[:4]))
    return f'<text class="by" x="{x:.0f}" y="{y - 20 if above else y + 27:.0f}">{said}</text>'


def _box(flow: Flow, made: Layout, name: str, here: bool, been: bool) -> str:
    x, y = made.places[name]
    step = flow.steps[name]
    kind = KINDS.get(type(step), "listens" if step.waits else "passes")
    classes = " ".join(filter(None, ("step", kind, "here" if here else "", "been" if been else "")))
    current = ' aria-current="step"' if here else ""
    said = escape(name.replace("_", " "))
    return (
        f'<g id="step-{escape(name)}" class="{classes}"{current}>'
        f'<rect x="{x - WIDE / 2:.0f}" y="{y - HIGH / 2:.0f}" width="{WIDE}" height="{HIGH}" '
        f'rx="{15 if kind in ("talk", "bye") else 5}"/>'
        f'<text x="{x:.0f}" y="{y + 4:.0f}">{said}</text></g>'
    )


__all__ = ["Layout", "diagram", "layout", "ways_of"]
