"""TaskRouter's expressions, such as ``languages HAS "en" AND level > 2``.

https://www.twilio.com/docs/taskrouter/expression-syntax
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

_TOKEN = re.compile(
    r"""\s*(?:(?P<string>"[^"]*"|'[^']*')|(?P<number>-?\d+(?:\.\d+)?)
    |(?P<sign>==|!=|<=|>=|=|<|>|\(|\)|\[|\]|,|&&|\|\|)|(?P<word>[A-Za-z_][\w.$-]*))""",
    re.VERBOSE,
)
Names = Mapping[str, Any]
Condition = Callable[[Names], bool]
_Value = Callable[[Names], Any]


class ExpressionError(ValueError):
    """An expression can't be read."""


def condition(text: str) -> Condition:
    """Read an expression; "" is always true. Raises `ExpressionError`.

    What it returns is given attributes by name; a name that isn't there makes a comparison false.
    """
    tokens = _tokens(text)
    if not tokens:
        return lambda _names: True
    reader = _Reader(text, tokens)
    found = reader.either()
    if reader.place < len(tokens):
        raise reader.error()
    return found


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, place = [], 0
    text = text.rstrip()
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None or found.lastgroup is None:
            raise ExpressionError(f"“{text}” can't be read from “{text[place:].strip()}” on")
        tokens.append((found.lastgroup, found[found.lastgroup]))
        place = found.end()
    return tokens


class _Reader:
    def __init__(self, text: str, tokens: list[tuple[str, str]]) -> None:
        self.text = text
        self.tokens = tokens
        self.place = 0

    def error(self) -> ExpressionError:
        there = self.tokens[self.place][1] if self.place < len(self.tokens) else "its end"
        return ExpressionError(f"“{self.text}” can't be read at {there}")

    def takes(self, *words: str) -> bool:
        """Whether one of these comes next; then it is used up."""
        if self.place < len(self.tokens) and self.tokens[self.place][1].upper() in words:
            self.place += 1
            return True
        return False

    def either(self) -> Condition:
        parts = [self.both()]
        while self.takes("OR", "||"):
            parts.append(self.both())
        return lambda names: any(part(names) for part in parts)

    def both(self) -> Condition:
        parts = [self.single()]
        while self.takes("AND", "&&"):
            parts.append(self.single())
        return lambda names: all(part(names) for part in parts)

    def single(self) -> Condition:
        if self.takes("("):
            inner = self.either()
            if not self.takes(")"):
                raise self.error()
            return inner
        left = self.value()
        compares = self.operator()
        right = self.value()
        return lambda names: _safely(compares, left(names), right(names))

    def operator(self) -> Callable[[Any, Any], bool]:
        if self.takes("NOT"):
            if not self.takes("IN"):
                raise self.error()
            return lambda a, b: a not in b
        for words, compares in _OPERATORS:
            if self.takes(*words):
                return compares
        raise self.error()

    def value(self) -> _Value:
        if self.takes("["):
            items: list[_Value] = []
            while not self.takes("]"):
                items.append(self.value())
                self.takes(",")
            return lambda names: [item(names) for item in items]
        if self.place >= len(self.tokens):
            raise self.error()
        kind, text = self.tokens[self.place]
        self.place += 1
        match kind:
            case "string":
                return lambda _names: text[1:-1]
            case "number":
                return lambda _names: float(text)
            case "word" if text.lower() in ("true", "false"):
                return lambda _names: text.lower() == "true"
            case "word":
                return lambda names: _named(names, text)
        self.place -= 1
        raise self.error()


_OPERATORS: tuple[tuple[tuple[str, ...], Callable[[Any, Any], bool]], ...] = (
    (("==", "="), lambda a, b: a == b),
    (("!=",), lambda a, b: a != b),
    (("<=",), lambda a, b: a <= b),
    ((">=",), lambda a, b: a >= b),
    (("<",), lambda a, b: a < b),
    ((">",), lambda a, b: a > b),
    (("IN",), lambda a, b: a in b),
    (("HAS",), lambda a, b: b in a),
    (("CONTAINS",), lambda a, b: b in a),
)


def _safely(compares: Callable[[Any, Any], bool], a: Any, b: Any) -> bool:
    if a is None or b is None:
        return False
    try:
        return compares(a, b)
    except TypeError:  # such as a number and a text
        return False


def _named(names: Names, path: str) -> Any:
    """The attribute of that name; "customer.level" is one inside another."""
    found: Any = names
    for part in path.split("."):
        if not isinstance(found, Mapping) or part not in found:
            return None
        found = found[part]
    return found
