"""How faithfully each element of TwiML is carried out: a table for people, from the rules."""

from __future__ import annotations

from collections.abc import Iterable

from ivr.twiml.rules import ELEMENTS, REFUSED_BECAUSE, UNBUILT_CHILDREN, Element

HEAD = "| Element | As at Twilio | Simplified | Refused by name |\n|---|---|---|---|"


def markdown() -> str:
    """One row for each element, verbs first, in Markdown."""
    verbs = [name for name, rule in ELEMENTS.items() if not rule.noun]
    nouns = [name for name, rule in ELEMENTS.items() if rule.noun]
    rows = [_row(name, ELEMENTS[name]) for name in (*verbs, *nouns)]
    top = f"| `Response` | | | {_names(_children('Response'))} |"
    return "\n".join([HEAD, *rows, top])


def _row(name: str, rule: Element) -> str:
    whole = [attribute for attribute, rule in rule.attributes.items() if not rule.how]
    parts = [rule.how] if rule.how else []
    parts += [f"`{a}`: {each.how}" for a, each in rule.attributes.items() if each.how]
    for reason in dict.fromkeys(rule.moot.values()):
        same = [attribute for attribute, why in rule.moot.items() if why == reason]
        parts.append(f"{_names(same)}: {reason}")
    done = _names([*(["text"] if rule.text else []), *whole]) or "all"
    refusals = " ".join(filter(None, [_names(rule.unbuilt), *map(_refusal, _children(name))]))
    return f"| `{name}` | {done} | {'; '.join(parts)} | {refusals} |"


def _refusal(child: str) -> str:
    why = REFUSED_BECAUSE.get(child.strip("<>"))
    return f"`{child}` ({why})" if why else f"`{child}`"


def _children(name: str) -> list[str]:
    return [f"<{child}>" for child in UNBUILT_CHILDREN.get(name, "").split()]


def _names(names: Iterable[str]) -> str:
    return " ".join(f"`{name}`" for name in names)
