"""Writing TwiML: verbs to XML, through ``twilio``'s own classes.

``twilio`` is imported when the first document is written, so that reading doesn't need it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import MISSING, fields
from typing import Any

from ivr.twiml import verbs as v
from ivr.twiml.rules import ELEMENTS, Element


def render(verbs: Sequence[v.Verb]) -> str:
    """The verbs as a TwiML document, as ``twilio``'s VoiceResponse writes it.

    Attributes at Twilio's default are left out, and so are characters that XML can't carry: a
    single one would make Twilio refuse the whole document. (Error 12100)
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
    attributes = {}
    for attribute, name, default in _WRITING[type(verb)]:
        value = getattr(verb, name)
        if value != default:
            attributes[attribute] = writable(value) if isinstance(value, str) else value
    text = [writable(getattr(verb, rule.text))] if rule.text else []
    element = getattr(voice_response, type(verb).__name__)(*text, **attributes)
    for child in getattr(verb, rule.holds) if rule.holds else ():
        element.append(_element_of(child))
    if isinstance(verb, v.Sip) and verb.headers:
        headers = element.headers()
        for header in verb.headers:
            headers.header(name=writable(header.name), value=writable(header.value))
    return element


def _attributes_of(rule: Element) -> tuple[tuple[str, str, Any], ...]:
    """(attribute, field, Twilio's default) of each attribute."""
    defaults = {f.name: None if f.default is MISSING else f.default for f in fields(rule.verb)}
    return tuple((name, a.name, defaults[a.name]) for name, a in rule.attributes.items())


_WRITING = {rule.verb: _attributes_of(rule) for rule in ELEMENTS.values()}
# Characters that XML 1.0 has no way to write.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def writable(text: str) -> str:
    """The text without the characters that XML can't carry."""
    return _UNWRITABLE.sub("", text)
