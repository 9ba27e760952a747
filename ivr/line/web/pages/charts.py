"""Charts as SVG, drawn on the server: classes for the page's own style sheet, no script, no style.

What a colour tells is told by a pattern too, and every chart has a table with the same numbers
beside it on the page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

WIDE, HIGH = 720, 240
LEFT, RIGHT, TOP, BOTTOM = 44, 8, 12, 30
FEWEST_LABELS = 10  # columns that all get a label below


@dataclass(frozen=True, slots=True)
class Series:
    """One kind of thing that is counted; ``name`` is a class of the style sheet (s1 to s4)."""

    key: str
    words: str
    name: str


def top_of(most: float) -> int:
    """A round number that is at least ``most`` (and at least 4), for the top of an axis."""
    size = 1
    while True:
        for step in (4, 10, 20):
            if step * size >= most:
                return step * size
        size *= 10


def stacked(
    name: str,
    title: str,
    columns: Sequence[tuple[str, Mapping[str, int]]],
    series: Sequence[Series],
) -> str:
    """Columns side by side, each of parts on top of each other. ``name`` keeps the patterns of two
    charts on one page apart."""
    top = top_of(max((sum(parts.values()) for _, parts in columns), default=0))
    room = (WIDE - LEFT - RIGHT) / max(1, len(columns))
    deep = HIGH - TOP - BOTTOM
    drawn = [_patterns(name), *_axis(top, deep)]
    every = max(1, -(-len(columns) // FEWEST_LABELS))
    for place, (label, parts) in enumerate(columns):
        x, y = LEFT + place * room, float(HIGH - BOTTOM)
        said = ", ".join(f"{each.words} {parts[each.key]}" for each in series)
        drawn.append(f"<g><title>{escape(f'{label}: {said}')}</title>")
        for each in series:
            high = deep * parts[each.key] / top
            if high:
                y -= high
                drawn.append(_bar(name, each, x + room * 0.12, y, room * 0.76, high))
        drawn.append("</g>")
        if place % every == 0:
            middle, below = x + room / 2, HIGH - BOTTOM + 18
            drawn.append(f'<text class="at" x="{middle:.1f}" y="{below}">{escape(label)}</text>')
    return _svg(title, WIDE, HIGH, drawn)


def lying(name: str, title: str, rows: Sequence[tuple[str, int]]) -> str:
    """Bars below each other, each with its words and its number."""
    most = max((count for _, count in rows), default=0) or 1
    wide, one, label = 520, 30, 245
    drawn = [_patterns(name)]
    series = Series("", "", "s1")
    for place, (words, count) in enumerate(rows):
        y = 6 + place * one
        drawn.append(f'<text class="row" x="{label - 10}" y="{y + 16}">{escape(words)}</text>')
        long = (wide - label - 40) * count / most
        if long:
            drawn.append(_bar(name, series, label, y, long, one - 10))
        drawn.append(f'<text class="count" x="{label + long + 8:.1f}" y="{y + 16}">{count}</text>')
    return _svg(title, wide, 12 + one * len(rows), drawn)


def swatch(name: str, each: Series) -> str:
    """What a series looks like, for the words beside it."""
    drawn = [_patterns(f"{name}-{each.name}"), _bar(f"{name}-{each.name}", each, 0, 0, 18, 14)]
    return (
        '<svg class="swatch" viewBox="0 0 18 14" width="18" height="14" aria-hidden="true">'
        f"{''.join(drawn)}</svg>"
    )


def _svg(title: str, wide: float, high: float, drawn: Sequence[str]) -> str:
    size = f'viewBox="0 0 {wide:.0f} {high:.0f}" width="{wide:.0f}" height="{high:.0f}"'
    return (
        f'<svg class="chart" {size} role="img" aria-label="{escape(title)}">{"".join(drawn)}</svg>'
    )


def _axis(top: int, deep: float) -> list[str]:
    lines = []
    for part in (0, 1, 2):
        y, count = HIGH - BOTTOM - deep * part / 2, top * part // 2
        lines.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDE - RIGHT}"/>')
        lines.append(f'<text class="count up" x="{LEFT - 8}" y="{y + 4:.1f}">{count}</text>')
    return lines


def _bar(name: str, each: Series, x: float, y: float, wide: float, high: float) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{high:.1f}"'
    solid = f'<rect class="bar {each.name}" {place}/>'
    return solid + (f'<rect fill="url(#{name}-{each.name})" {place}/>' if each.name != "s1" else "")


def _patterns(name: str) -> str:
    """Hatched one way, the other way, and dotted; drawn over the colour."""
    marks = {"s2": "M0 8L8 0", "s3": "M0 0L8 8", "s4": "M4 3v2"}
    made = "".join(
        f'<pattern id="{name}-{each}" width="8" height="8" patternUnits="userSpaceOnUse">'
        f'<path class="hatch" d="{drawn}"/></pattern>'
        for each, drawn in marks.items()
    )
    return f"<defs>{made}</defs>"


__all__ = ["Series", "lying", "stacked", "swatch", "top_of"]
