"""TwiML both ways: verbs to XML for the line, XML to verbs for the simulator.

What is allowed stands in `twiml_rules`. `parse` refuses what Twilio refuses, notes what Twilio
warns of, and refuses by name what Twilio knows and the simulator doesn't do yet. `render` and
`compile` write through ``twilio``'s own classes, which are imported only then.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from functools import cache
from typing import Any
from xml.parsers import expat

from ivr import verbs as v
from ivr.errors import TwiMLError
from ivr.twiml_rules import ELEMENTS, SCHEMA, SSML, UNBUILT_CHILDREN, Element


class Unbuilt(TwiMLError):
    """TwiML that Twilio knows and this simulator doesn't do yet, by name. ``code`` is 0."""

    def __init__(self, what: str) -> None:
        super().__init__(0, f"{what} is TwiML, but this simulator doesn't do it yet")

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something in a document that Twilio warns of and ignores; ``line`` counts from 1."""

    code: int
    message: str
    line: int


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed ``<Response>``."""

    verbs: tuple[v.Verb, ...]
    warnings: tuple[Flaw, ...] = ()


# ---- reading -----------------------------------------------------------------------------------


class _Node:
    """An element as it stands in the XML."""

    __slots__ = ("attributes", "children", "line", "tag", "text")

    def __init__(self, tag: str, attributes: dict[str, str], line: int) -> None:
        self.tag = tag
        self.attributes = attributes
        self.line = line
        self.children: list[_Node] = []
        self.text: list[str] = []


def parse(body: bytes | str, encoding: str | None = None) -> Document:
    """The verbs of a TwiML document, and what Twilio would warn of.

    ``encoding`` is that of the HTTP header, which wins over the XML declaration. Raises `Unbuilt`,
    and `TwiMLError`: 12100 when the document isn't well-formed (a DOCTYPE or an entity of its own
    counts as that), 12102 when its root isn't ``<Response>``.
    (https://www.twilio.com/docs/api/errors/12100, /12102, /12200)
    """
    root = _tree(body, encoding)
    if root.tag != "Response":
        raise TwiMLError(12102, f"the root element is <{root.tag}>, not <Response>")
    flaws: list[Flaw] = []
    if "".join(root.text).strip():
        flaws.append(Flaw(SCHEMA, "text directly inside <Response> is ignored", root.line))
    for name in root.attributes:
        flaws.append(Flaw(SCHEMA, f"<Response> has no attribute {name}", root.line))
    read = _Reader(flaws)
    return Document(tuple(read.children(root, _TOP_LEVEL, SCHEMA)), tuple(flaws))


_TOP_LEVEL = frozenset(ELEMENTS) - {"Number", "Client", "Sip", "Conference", "Queue"}


def _tree(body: bytes | str, encoding: str | None) -> _Node:
    if isinstance(body, str):
        body, encoding = body.encode("utf-8", "surrogatepass"), "utf-8"
    parser = expat.ParserCreate(encoding)
    top = _Node("", {}, 0)
    stack = [top]

    def start(tag: str, attributes: dict[str, str]) -> None:
        node = _Node(tag, attributes, parser.CurrentLineNumber)
        stack[-1].children.append(node)
        stack[-1].text.append("")
        stack.append(node)

    def end(_tag: str) -> None:
        stack.pop()

    def text(data: str) -> None:
        stack[-1].text.append(data)

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.EntityDeclHandler = _refuse_doctype
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise TwiMLError(12100, f"not well-formed XML: {error}") from error
    return top.children[0]


def _refuse_doctype(*_declaration: object) -> None:
    raise TwiMLError(12100, "a DOCTYPE has no place in TwiML")


class _Reader:
    """Nodes to verbs, by the rule table; what is wrong is noted and left out."""

    __slots__ = ("flaws",)

    def __init__(self, flaws: list[Flaw]) -> None:
        self.flaws = flaws

    def warn(self, node: _Node, code: int, message: str) -> None:
        self.flaws.append(Flaw(code, message, node.line))

    def children(self, parent: _Node, allowed: frozenset[str], code: int) -> list[Any]:
        made = []
        for node in parent.children:
            if node.tag in allowed:
                verb = self.verb(node)
                if verb is not None:
                    made.append(verb)
            elif node.tag in UNBUILT_CHILDREN.get(parent.tag, "").split():
                raise Unbuilt(_element(parent, node))
            else:
                self.warn(node, code, f"{_element(parent, node)} isn't TwiML, ignored")
        return made

    def verb(self, node: _Node) -> Any:
        """The verb of a node, or None when Twilio would skip it."""
        rule = ELEMENTS[node.tag]
        values = self.attributes(node, rule)
        special = _SPECIAL.get(node.tag)
        if special is not None:
            return special(self, node, rule, values)
        if rule.text:
            values[rule.text] = "".join(node.text).strip()
        elif rule.holds:
            code = 13311 if node.tag == "Gather" else SCHEMA
            values[rule.holds] = tuple(self.children(node, _words(rule.children), code))
            return rule.verb(**values)
        self.children(node, _NOTHING, SCHEMA)
        return rule.verb(**values)

    def attributes(self, node: _Node, rule: Element) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, raw in node.attributes.items():
            attribute = rule.attributes.get(name)
            if attribute is None:
                self.other(node, rule, name, raw)
                continue
            try:
                values[attribute.name] = attribute.read(raw.strip())
            except (ValueError, KeyError):
                self.warn(node, attribute.code, f'<{node.tag}> {name}="{raw}" is ignored')
        return values

    def other(self, node: _Node, rule: Element, name: str, raw: str) -> None:
        if name in rule.unbuilt:
            if raw not in (*rule.unbuilt[name].split(), ""):
                raise Unbuilt(f'<{node.tag} {name}="{raw}">')
        elif name not in rule.moot.split():
            self.warn(node, SCHEMA, f"<{node.tag}> has no attribute {name}")

    def say(self, node: _Node, rule: Element, values: dict[str, Any]) -> v.Say | None:
        text = self.speech(node).strip()
        if not text:
            self.warn(node, 13520, "<Say> without a text is skipped")
            return None
        if len(text) > 4096:
            self.warn(node, 13521, f"<Say> has {len(text)} characters, more than 4096")
        return v.Say(text, **values)

    def speech(self, node: _Node) -> str:
        """The words of a Say; SSML changes how they sound, and is heard as its words."""
        pieces = list(node.text)
        places = [i for i, piece in enumerate(pieces) if piece == ""]
        for place, child in zip(places, node.children, strict=True):
            if child.tag in SSML:
                pieces[place] = child.attributes.get("alias") or self.speech(child)
            else:
                self.warn(child, SCHEMA, f"{_element(node, child)} isn't TwiML, ignored")
        return "".join(pieces)

    def play(self, node: _Node, rule: Element, values: dict[str, Any]) -> v.Play | None:
        self.children(node, _NOTHING, SCHEMA)
        values["url"] = "".join(node.text).strip()
        if not values["url"] and not values.get("digits"):
            self.warn(node, 13420, "<Play> without a URL is skipped")
            return None
        return v.Play(**values)

    def dial(self, node: _Node, rule: Element, values: dict[str, Any]) -> v.Dial:
        nouns = self.children(node, _words(rule.children), SCHEMA)
        text = "".join(node.text).strip()
        if text and nouns:
            self.warn(node, SCHEMA, f'the text "{text}" beside nouns in <Dial> is ignored')
        elif text:
            nouns = [v.Number(text)]
        alone = [noun for noun in nouns if isinstance(noun, (v.Conference, v.Queue))]
        if alone and len(nouns) > 1:
            raise TwiMLError(13000, "a Conference or Queue can't share its <Dial>")
        if alone and values.get("record"):
            name = type(alone[0]).__name__
            raise Unbuilt(f'<Dial record="{values["record"]}"> with <{name}>')
        if len(nouns) > 10:
            self.warn(node, SCHEMA, "<Dial> takes ten nouns, the rest is ignored")
        return v.Dial(tuple(nouns[:10]), **values)

    def client(self, node: _Node, rule: Element, values: dict[str, Any]) -> v.Client:
        values["identity"] = "".join(node.text).strip()
        for child in node.children:
            if child.tag == "Identity":
                values["identity"] = "".join(child.text).strip()
            elif child.tag in UNBUILT_CHILDREN["Client"].split():
                raise Unbuilt(_element(node, child))
            else:
                self.warn(child, SCHEMA, f"{_element(node, child)} isn't TwiML, ignored")
        return v.Client(**values)


_SPECIAL: Mapping[str, Callable[[_Reader, _Node, Element, dict[str, Any]], Any]] = {
    "Say": _Reader.say,
    "Play": _Reader.play,
    "Dial": _Reader.dial,
    "Client": _Reader.client,
}
_NOTHING: frozenset[str] = frozenset()


@cache
def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _element(parent: _Node, node: _Node) -> str:
    return f"<{node.tag}>" if parent.tag == "Response" else f"<{parent.tag}><{node.tag}>"


# ---- writing -----------------------------------------------------------------------------------


def render(verbs: Sequence[v.Verb]) -> str:
    """The document, as ``twilio``'s VoiceResponse writes it; what is at Twilio's default is left
    out.

    Characters that XML can't carry are left out too: one of them would make the whole document
    12100.
    """
    from twilio.twiml.voice_response import VoiceResponse

    response = VoiceResponse()
    for verb in verbs:
        response.append(_element_of(verb))
    text: str = response.to_xml()
    return text


def _element_of(verb: Any) -> Any:
    """A verb or noun as an object of ``twilio.twiml.voice_response``."""
    from twilio.twiml import voice_response

    rule = ELEMENTS[type(verb).__name__]
    given = {}
    for attribute, name, default in _WRITING[type(verb)]:
        value = getattr(verb, name)
        if value != default:
            given[attribute] = _clean(value) if isinstance(value, str) else value
    text = [_clean(getattr(verb, rule.text))] if rule.text else []
    made = getattr(voice_response, type(verb).__name__)(*text, **given)
    for child in getattr(verb, rule.holds) if rule.holds else ():
        made.append(_element_of(child))
    return made


def _attributes_of(rule: Element) -> tuple[tuple[str, str, Any], ...]:
    """(attribute, field, Twilio's default) of each attribute."""
    defaults = {f.name: None if f.default is MISSING else f.default for f in fields(rule.verb)}
    return tuple((name, a.name, defaults[a.name]) for name, a in rule.attributes.items())


_WRITING = {rule.verb: _attributes_of(rule) for rule in ELEMENTS.values()}
# XML 1.0 has no way of writing these.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def _clean(text: str) -> str:
    return _UNWRITABLE.sub("", text)


# ---- documents with slots ----------------------------------------------------------------------

_SLOT = re.compile("\ue000([^\ue000\ue001]+)\ue001")
_EMPTY = re.compile(r"<(\w+)((?: [^<>]*)?)></\1>")


def slot(name: str) -> str:
    """A marker to put into any text or attribute of a verb; `Compiled.fill` puts a value there."""
    return f"\ue000{name}\ue001"


class Compiled:
    """A document rendered once; `fill` escapes the values into their places."""

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
        """The document with the values in place: what `render` says for verbs that hold them.

        Raises KeyError for a slot without a value; further values are ignored.
        """
        pieces = self._segments.copy()
        empty = False
        for i, name, attribute in self._places:
            value = values[name]
            if not value.isalnum():
                value = _escape(value, attribute)
                empty = empty or not value
            pieces[i] = value
        document = "".join(pieces)
        return _EMPTY.sub(r"<\1\2 />", document) if empty else document


def _escape(value: str, attribute: bool) -> str:
    """As ElementTree escapes it."""
    if not value.isprintable():
        value = _clean(value)
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
    """Render once what holds `slot` markers."""
    return Compiled(render(verbs))
