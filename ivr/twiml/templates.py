"""Documents with slots: written once, filled many times.

Writing a document through ``twilio`` is slow; filling in the values of one that was compiled
before is fast, and gives the same text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ivr.twiml import verbs as v
from ivr.twiml.writing import render, writable

_SLOT = re.compile("\ue000([^\ue000\ue001]+)\ue001")
_PLAIN = re.compile(r"[ !#-%'-;=?-~]+").fullmatch  # ASCII that is written as it is
_EMPTY = re.compile(r"<(\w+)((?: [^<>]*)?)></\1>")


def slot(name: str) -> str:
    """A marker for any text or attribute of a verb, which `Compiled.fill` replaces by a value."""
    return f"\ue000{name}\ue001"


class Compiled:
    """A document that was written once; `fill` puts escaped values into its slots."""

    __slots__ = ("_places", "_segments", "slots")

    def __init__(self, document: str) -> None:
        parts = _SLOT.split(document)
        self._segments = parts
        places: list[tuple[int, str, bool]] = []
        inside_tag = False
        for i, part in enumerate(parts):
            if i % 2:
                places.append((i, part, inside_tag))
            elif part:
                inside_tag = part.rfind("<") > part.rfind(">") or (
                    inside_tag and "<" not in part and ">" not in part
                )
        self._places = tuple(places)
        self.slots: frozenset[str] = frozenset(name for _, name, _ in places)

    def fill(self, values: Mapping[str, str]) -> str:
        """The document with the values in place: what `render` writes for verbs that hold them.

        Raises KeyError for a slot without a value; values without a slot are ignored.
        """
        pieces = self._segments.copy()
        empty = False
        for i, name, attribute in self._places:
            value = values[name]
            if not _PLAIN(value):
                value = _escape(value, attribute)
                empty = empty or not value
            pieces[i] = value
        document = "".join(pieces)
        return _EMPTY.sub(r"<\1\2 />", document) if empty else document


def _escape(value: str, attribute: bool) -> str:
    """The value as ElementTree would escape it."""
    if not value.isprintable():
        value = writable(value)
    if "&" in value:
        value = value.replace("&", "&amp;")
    if "<" in value:
        value = value.replace("<", "&lt;")
    if ">" in value:
        value = value.replace(">", "&gt;")
    if attribute:
        for raw, escaped in _IN_ATTRIBUTES:
            if raw in value:
                value = value.replace(raw, escaped)
    return value


_IN_ATTRIBUTES = (('"', "&quot;"), ("\r", "&#13;"), ("\n", "&#10;"), ("\t", "&#09;"))


def compile(verbs: Sequence[v.Verb]) -> Compiled:
    """Write verbs that hold `slot` markers, once."""
    return Compiled(render(verbs))
