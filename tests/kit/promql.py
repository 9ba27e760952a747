"""As much of Prometheus' language as the alerts use, over the scrapes of a test.

    expression = difference [("==" | ">" | "<") number]
    difference = term {"-" term}
    term       = aggregation | "increase" "(" selector "[" duration "]" ")" | selector | "(" … ")"
    aggregation = ("sum" | "max" | "min" | "count") ["by" "(" label, … ")"] "(" expression ")"

The whole time between the two scrapes counts as the duration of an increase. Anything else raises
`AssertionError`.
"""

from __future__ import annotations

import operator
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tests.kit.scrapes import Labels, Scrape

Vector = dict[Labels, float]
TOKEN = re.compile(r'\s*([\w:]+(?:\.\d+)?|"[^"]*"|==|=~|!=|[-(){}\[\],=<>])')
AGGREGATES: dict[str, Callable[[list[float]], float]] = {
    "sum": sum,
    "max": max,
    "min": min,
    "count": len,
}
COMPARED = {"==": operator.eq, ">": operator.gt, "<": operator.lt}
MATCHED: dict[str, Callable[[str, str], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "=~": lambda value, pattern: re.fullmatch(pattern, value) is not None,
}


class Series:
    """What two scrapes of each instance say, with the labels that Prometheus adds."""

    def __init__(self, instances: Mapping[str, tuple[Scrape | None, Scrape | None]]) -> None:
        self.before, self.now = (
            self._gathered({name: pair[place] for name, pair in instances.items()})
            for place in (0, 1)
        )

    def _gathered(self, said: Mapping[str, Scrape | None]) -> dict[tuple[str, Labels], float]:
        """``None``: the instance could not be scraped, which Prometheus tells by ``up``."""
        found: dict[tuple[str, Labels], float] = {}
        for instance, scrape in said.items():
            place = frozenset({("job", "ivr"), ("instance", instance)})
            found["up", place] = float(scrape is not None)
            for (name, labels), value in (scrape.samples if scrape else {}).items():
                found[name, labels | place] = value
        return found


def evaluate(expression: str, series: Series) -> Vector:
    """What the expression gives now."""
    reading = _Reading(expression, series)
    result = reading.expression()
    assert reading.rest == [], f"{expression}: {reading.rest} can't be read"
    return result


class _Reading:
    def __init__(self, expression: str, series: Series) -> None:
        self.series = series
        self.rest = TOKEN.findall(expression)
        left_out = TOKEN.sub("", expression).strip()
        assert not left_out, f"{expression}: '{left_out}' can't be read"

    def take(self, *expected: str) -> str:
        token: str = self.rest.pop(0)
        assert not expected or token in expected, f"'{token}' instead of {expected}"
        return token

    def next_is(self, *tokens: str) -> bool:
        return bool(self.rest) and self.rest[0] in tokens

    def expression(self) -> Vector:
        found = self.difference()
        if not self.next_is(*COMPARED):
            return found
        compare, limit = COMPARED[self.take()], float(self.take())
        return {labels: value for labels, value in found.items() if compare(value, limit)}

    def difference(self) -> Vector:
        found = self.term()
        while self.next_is("-"):
            self.take()
            other = self.term()
            found = {key: value - other[key] for key, value in found.items() if key in other}
        return found

    def term(self) -> Vector:
        if self.next_is("("):
            return self.enclosed(self.expression)
        name = self.take()
        if name in AGGREGATES:
            return self.aggregate(AGGREGATES[name])
        if name == "increase":
            return self.enclosed(self.increase)
        return self.selected(name, self.series.now, self.matchers())

    def enclosed(self, what: Callable[[], Any]) -> Any:
        self.take("(")
        found = what()
        self.take(")")
        return found

    def names(self) -> set[str]:
        names = {self.take()}
        while self.next_is(","):
            self.take()
            names.add(self.take())
        return names

    def aggregate(self, how: Callable[[list[float]], float]) -> Vector:
        by: set[str] = set()
        if self.next_is("by"):
            self.take()
            by = self.enclosed(self.names)
        groups: dict[Labels, list[float]] = defaultdict(list)
        for labels, value in self.enclosed(self.expression).items():
            groups[frozenset(each for each in labels if each[0] in by)].append(value)
        return {labels: float(how(values)) for labels, values in groups.items()}

    def increase(self) -> Vector:
        name, matchers = self.take(), self.matchers()
        self.take("[")
        self.take()
        self.take("]")
        before = self.selected(name, self.series.before, matchers)
        now = self.selected(name, self.series.now, matchers)
        return {key: value - before[key] for key, value in now.items() if key in before}

    def matchers(self) -> list[tuple[str, str, str]]:
        found: list[tuple[str, str, str]] = []
        if not self.next_is("{"):
            return found
        self.take("{")
        while not self.next_is("}"):
            label, how, value = self.take(), self.take(*MATCHED), self.take().strip('"')
            found.append((label, how, value))
            if self.next_is(","):
                self.take()
        self.take("}")
        return found

    def selected(
        self,
        name: str,
        series: Mapping[tuple[str, Labels], float],
        matchers: Iterable[tuple[str, str, str]],
    ) -> Vector:
        return {
            labels: value
            for (each, labels), value in series.items()
            if each == name
            and all(
                MATCHED[how](dict(labels).get(label, ""), what) for label, how, what in matchers
            )
        }
