"""Reading TwiML: XML to verbs, by the rule table.

`parse` refuses the documents that Twilio refuses, notes what Twilio warns about, and refuses by
name what Twilio supports and the simulator doesn't yet.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from xml.parsers import expat

from ivr.errors import TwiMLError
from ivr.twiml import verbs as v
from ivr.twiml.rules import (
    ELEMENTS,
    ERRORS,
    NOUNS,
    REFUSED_BECAUSE,
    SCHEMA,
    SSML,
    UNBUILT_CHILDREN,
    Element,
)


class Unbuilt(TwiMLError):
    """TwiML that Twilio supports and this simulator doesn't yet. ``code`` is 0."""

    def __init__(self, what: str, why: str = "") -> None:
        because = f": {why}" if why else " yet"
        super().__init__(0, f"{what} is TwiML, but this simulator doesn't support it{because}")

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something in a document that Twilio logs and ignores; ``line`` counts from 1."""

    code: int
    message: str
    line: int

    @property
    def level(self) -> str:
        """ "warning", or "error" for the few that Twilio calls errors. (…/docs/api/errors)"""
        return "error" if self.code in ERRORS else "warning"


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed ``<Response>``."""

    verbs: tuple[v.Verb, ...]
    warnings: tuple[Flaw, ...] = ()


class Node:
    """An element as it stands in the XML."""

    __slots__ = ("attributes", "children", "line", "tag", "text", "within")

    def __init__(self, tag: str, attributes: dict[str, str], line: int) -> None:
        self.tag = tag
        self.attributes = attributes
        self.line = line
        self.within = ""
        self.children: list[Node] = []
        self.text: list[str] = []


def parse(body: bytes | str, encoding: str | None = None) -> Document:
    """The verbs of a TwiML document, and what Twilio would warn about.

    ``encoding`` comes from the HTTP header, which wins over the XML declaration. Raises `Unbuilt`,
    and `TwiMLError`: 12100 when the document isn't well-formed XML or has a DOCTYPE or entities of
    its own, 12101 when its XML version isn't 1.0, 12102 when its root isn't ``<Response>``.
    (https://www.twilio.com/docs/api/errors/12100, /12101, /12102, /12200)
    """
    root = tree(body, encoding)
    if root.tag != "Response":
        raise TwiMLError(12102, f"the root element is <{root.tag}>, not <Response>")
    flaws: list[Flaw] = []
    if "".join(root.text).strip():
        flaws.append(Flaw(SCHEMA, "text directly inside <Response> is ignored", root.line))
    for name in root.attributes:
        flaws.append(Flaw(SCHEMA, f"<Response> has no attribute {name}", root.line))
    read = _Reader(flaws)
    return Document(tuple(read.children(root, TOP_LEVEL, SCHEMA)), tuple(flaws))


_DECLARATION = re.compile(rb"""\s*<\?xml[^>]*?encoding\s*=\s*["']([\w.:-]+)["']""", re.ASCII)
DEEPEST = 100  # elements within one another; more than any document needs
TOP_LEVEL = frozenset(ELEMENTS) - NOUNS


def tree(body: bytes | str, encoding: str | None) -> Node:
    """The elements of any XML document, unchecked. Raises `TwiMLError` 12100 or 12101."""
    if isinstance(body, str):
        body = body.encode("utf-8", "surrogatepass")
    else:
        body = _in_utf_8(body, encoding or _declared(body))
    parser = expat.ParserCreate("utf-8")
    top = Node("", {}, 0)
    stack = [top]

    def start(tag: str, attributes: dict[str, str]) -> None:
        if len(stack) > DEEPEST:
            raise TwiMLError(12100, f"more than {DEEPEST} levels of nested elements")
        node = Node(tag, attributes, parser.CurrentLineNumber)
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
    parser.XmlDeclHandler = _only_version_1
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.EntityDeclHandler = _refuse_doctype
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise TwiMLError(12100, f"not well-formed XML: {error}") from error
    return top.children[0]


def _declared(body: bytes) -> str:
    """The encoding that a document names itself, or that its first bytes show."""
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    found = _DECLARATION.match(body)
    return found[1].decode("ascii") if found else "utf-8"


def _in_utf_8(body: bytes, encoding: str) -> bytes:
    """The same document in UTF-8, by whatever alias its encoding goes. Raises `TwiMLError` 12100
    for one that isn't known, or isn't the document's."""
    try:
        codec = codecs.lookup(encoding).name
        return body if codec == "utf-8" else body.decode(codec).encode()
    except (LookupError, ValueError) as error:
        raise TwiMLError(12100, f"not readable as '{encoding}': {error}") from error


def _only_version_1(version: str, _encoding: str | None, _standalone: int) -> None:
    if version != "1.0":
        raise TwiMLError(12101, f"XML version {version} isn't supported; TwiML is 1.0")


def _refuse_doctype(*_declaration: object) -> None:
    raise TwiMLError(12100, "TwiML can't have a DOCTYPE")


class _Reader:
    """Turns nodes into verbs, by the rule table; what is wrong is noted and left out."""

    __slots__ = ("flaws",)

    def __init__(self, flaws: list[Flaw]) -> None:
        self.flaws = flaws

    def warn(self, node: Node, code: int, message: str) -> None:
        self.flaws.append(Flaw(code, message, node.line))

    def children(self, parent: Node, allowed: frozenset[str], code: int) -> list[Any]:
        verbs = []
        for node in parent.children:
            if node.tag in allowed:
                verb = self.verb(node)
                if verb is not None:
                    verbs.append(verb)
            elif node.tag in UNBUILT_CHILDREN.get(parent.tag, "").split():
                raise Unbuilt(_element(parent, node), REFUSED_BECAUSE.get(node.tag, ""))
            elif parent.tag not in ELEMENTS or f"<{node.tag}>" not in ELEMENTS[parent.tag].moot:
                self.warn(node, code, f"{_element(parent, node)} isn't TwiML, ignored")
        return verbs

    def verb(self, node: Node) -> Any:
        """The verb of a node, or None when Twilio would skip it."""
        rule = ELEMENTS[node.tag]
        values = self.attributes(node, rule)
        special = _SPECIAL.get(node.tag)
        if special is not None:
            return special(self, node, rule, values)
        if rule.text:
            values[rule.text] = "".join(node.text).strip()
        elif rule.holds:
            values[rule.holds] = tuple(self.children(node, _words(rule.children), rule.nested))
            return rule.verb(**values)
        self.children(node, _NOTHING, SCHEMA)
        return rule.verb(**values)

    def attributes(self, node: Node, rule: Element) -> dict[str, Any]:
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

    def other(self, node: Node, rule: Element, name: str, raw: str) -> None:
        if name in rule.unbuilt:
            if raw not in (*rule.unbuilt[name].split(), ""):
                raise Unbuilt(f'<{node.tag} {name}="{raw}">')
        elif name not in rule.moot:
            self.warn(node, SCHEMA, f"<{node.tag}> has no attribute {name}")

    def say(self, node: Node, rule: Element, values: dict[str, Any]) -> v.Say | None:
        text = self.speech(node).strip()
        if not text:
            self.warn(node, 13520, "<Say> without text is skipped")
            return None
        if len(text) > 4096:
            self.warn(node, 13521, f"<Say> has {len(text)} characters, more than 4096")
        if node.children:
            values["silence"], values["stretch"] = self.length(node)
        return v.Say(text, **values)

    def speech(self, node: Node) -> str:
        """The words of a Say; SSML changes how they sound, and is heard as its words."""
        pieces = list(node.text)
        places = [i for i, piece in enumerate(pieces) if piece == ""]
        for place, child in zip(places, node.children, strict=True):
            if child.tag in SSML:
                pieces[place] = child.attributes.get("alias") or self.speech(child)
            else:
                self.warn(child, SCHEMA, f"{_element(node, child)} isn't TwiML, ignored")
        return "".join(pieces)

    def length(self, node: Node) -> tuple[float, float]:
        """Seconds of breaks in a Say, and the time of so many characters that rates add."""
        silence = stretch = 0.0
        for child in node.children:
            if child.tag == "break":
                silence += _break(child.attributes)
            elif child.tag == "prosody":
                rate = _rate(child.attributes.get("rate", ""))
                stretch += sum(map(len, child.text)) * (1 / rate - 1)
            more = self.length(child)
            silence, stretch = silence + more[0], stretch + more[1]
        return silence, stretch

    def play(self, node: Node, rule: Element, values: dict[str, Any]) -> v.Play | None:
        self.children(node, _NOTHING, SCHEMA)
        values["url"] = "".join(node.text).strip()
        if values.get("digits") and node.within == "Gather":
            self.warn(node, 13320, "<Play digits> isn't allowed in <Gather>, ignored")
            return None
        if not values["url"] and not values.get("digits"):
            self.warn(node, 13420, "<Play> without a URL is skipped")
            return None
        return v.Play(**values)

    def dial(self, node: Node, rule: Element, values: dict[str, Any]) -> v.Dial:
        nouns = self.children(node, _words(rule.children), rule.nested)
        text = "".join(node.text).strip()
        if text and nouns:
            self.warn(node, SCHEMA, f'the text "{text}" beside nouns in <Dial> is ignored')
        elif text:
            nouns = [v.Number(text)]
        alone = next((noun for noun in nouns if isinstance(noun, ALONE)), None)
        if alone is not None and len(nouns) > 1:
            raise TwiMLError(13000, f"<{type(alone).__name__}> must be alone in its <Dial>")
        if len(nouns) > 10:
            self.warn(node, SCHEMA, "<Dial> takes at most ten nouns, the rest are ignored")
        return v.Dial(tuple(nouns[:10]), **values)

    def enqueue(self, node: Node, rule: Element, values: dict[str, Any]) -> v.Enqueue:
        """ "<Task> must contain a valid JSON object", and only stands where workflowSid does."""
        tasks = self.children(node, _words(rule.children), rule.nested)
        if tasks and not values.get("workflow_sid"):
            self.warn(node, SCHEMA, "<Task> needs a workflowSid in its <Enqueue>, ignored")
            tasks = []
        name = "".join(node.text).strip()
        if not (name or values.get("workflow_sid")):
            self.warn(node, 14204, "<Enqueue> without the name of a queue")
        if len(name) > MAX_QUEUE_NAME:
            self.warn(node, 14205, f"<Enqueue> {name}: longer than {MAX_QUEUE_NAME} characters")
        return v.Enqueue(name, tasks=tuple(tasks[:1]), **values)

    def callee(self, node: Node, rule: Element, values: dict[str, Any]) -> v.Client | v.Application:
        """Whom it names is its text or, beside <Parameter>s, the text of an element of its own."""
        name = rule.children.split()[0]
        values[rule.text] = "".join(node.text).strip()
        parameters = []
        for child in node.children:
            if child.tag == name:
                values[rule.text] = "".join(child.text).strip()
            elif child.tag == "Parameter":
                parameters.append(self.verb(child))
            else:
                self.warn(child, SCHEMA, f"{_element(node, child)} isn't TwiML, ignored")
        callee: v.Client | v.Application = rule.verb(parameters=tuple(parameters), **values)
        return callee

    def sip(self, node: Node, rule: Element, values: dict[str, Any]) -> v.Sip:
        """Its text, or the <Uri> with the lowest priority and, of those, the highest weight."""
        uris, headers = [], []
        for child in node.children:
            if child.tag == "Uri":
                uris.append((_order(child.attributes), "".join(child.text).strip()))
            elif child.tag == "Headers":
                headers += [each.attributes for each in child.children if each.tag == "Header"]
            else:
                self.warn(child, SCHEMA, f"{_element(node, child)} isn't TwiML, ignored")
        values["uri"] = "".join(node.text).strip() or (min(uris)[1] if uris else "")
        values["headers"] = tuple(
            v.Parameter(each.get("name", "").strip(), each.get("value", "")) for each in headers
        )
        return v.Sip(**values)

    def gather(self, node: Node, rule: Element, values: dict[str, Any]) -> v.Gather:
        for child in node.children:
            child.within = "Gather"
        values["verbs"] = tuple(self.children(node, _words(rule.children), rule.nested))
        if values.get("speech_timeout") == "auto" and node.attributes.get("speechModel"):
            self.warn(node, 13335, 'speechTimeout="auto" can\'t be used with a speechModel')
        return v.Gather(**values)

    def record(self, node: Node, rule: Element, values: dict[str, Any]) -> v.Record:
        """ "transcribe: the recording must be 2 to 120 seconds long." """
        self.children(node, _NOTHING, SCHEMA)
        if values.get("transcribe"):
            if values.get("max_length", MAX_TRANSCRIBED) > MAX_TRANSCRIBED:
                self.warn(node, 13615, "<Record transcribe> lasts 120 seconds at most")
            values["max_length"] = min(values.get("max_length", MAX_TRANSCRIBED), MAX_TRANSCRIBED)
        return v.Record(**values)


_SPECIAL: Mapping[str, Callable[[_Reader, Node, Element, dict[str, Any]], Any]] = {
    "Say": _Reader.say,
    "Play": _Reader.play,
    "Dial": _Reader.dial,
    "Client": _Reader.callee,
    "Sip": _Reader.sip,
    "Application": _Reader.callee,
    "Enqueue": _Reader.enqueue,
    "Gather": _Reader.gather,
    "Record": _Reader.record,
}
ALONE = (v.Conference, v.Queue, v.Sim, v.Application)  # "can't be mixed with others"
MAX_QUEUE_NAME = 64  # https://www.twilio.com/docs/voice/twiml/enqueue, /docs/api/errors/14205
MAX_TRANSCRIBED = 120  # seconds: https://www.twilio.com/docs/voice/twiml/record#transcribe
_NOTHING: frozenset[str] = frozenset()


@cache
def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# https://www.w3.org/TR/speech-synthesis11/ leaves the length of each named break and rate to the
# voice; these are usual values.
_BREAKS = {"none": 0.0, "x-weak": 0.1, "weak": 0.25, "medium": 0.5, "strong": 0.75, "x-strong": 1.0}
_RATES = {"x-slow": 0.5, "slow": 0.75, "medium": 1.0, "fast": 1.25, "x-fast": 1.75}
_TIME = re.compile(r"\+?(\d+(?:\.\d+)?)(ms|s)")
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)%")


def _break(attributes: Mapping[str, str]) -> float:
    """Seconds of ``<break>``."""
    time = _TIME.fullmatch(attributes.get("time", "").strip())
    if time:
        unit = 1000 if time[2] == "ms" else 1
        return min(float(time[1]) / unit, 10.0)
    return _BREAKS.get(attributes.get("strength", ""), 0.5)


def _rate(value: str) -> float:
    """How many times as fast as usual; 1 for what can't be read."""
    percent = _PERCENT.fullmatch(value.strip())
    rate = float(percent[1]) / 100 if percent else _RATES.get(value.strip(), 1.0)
    return min(max(rate, 0.2), 2.0)


def _order(attributes: Mapping[str, str]) -> tuple[float, float]:
    """A <Uri>'s place: the lowest priority first, of those the highest weight."""

    def number(name: str) -> float:
        text = attributes.get(name, "").strip()
        return float(text) if text.isdecimal() else 0.0

    return number("priority"), -number("weight")


def _element(parent: Node, node: Node) -> str:
    return f"<{node.tag}>" if parent.tag == "Response" else f"<{parent.tag}><{node.tag}>"
