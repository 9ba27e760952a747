"""From an application's answer to a document, by Twilio's rules for content types and errors.

https://www.twilio.com/docs/voice/twiml#twilio-understands-mime-types
"""

from __future__ import annotations

from functools import lru_cache

from ivr.errors import TwiMLError
from ivr.simulator.interpreter.requests import Page
from ivr.simulator.webhooks.answers import content_type, first_words, in_words, is_page
from ivr.simulator.webhooks.request import MAX_BODY, HTTPReply
from ivr.twiml import verbs as v
from ivr.twiml.reading import Document, Flaw, Unbuilt, parse

APPLICATION_ERROR = Page(
    "", (v.Say("We are sorry, an application error has occurred. Goodbye."), v.Hangup())
)
TWIML_TYPES = frozenset({"text/xml", "application/xml", "text/html"})
AUDIO_TYPES = frozenset(
    {
        "audio/mpeg",
        "audio/wav",
        "audio/wave",
        "audio/x-wav",
        "audio/aiff",
        "audio/x-aifc",
        "audio/x-aiff",
        "audio/x-gsm",
        "audio/gsm",
        "audio/ulaw",
    }
)

_parse = lru_cache(maxsize=2048)(parse)


def unbuilt_page(refusal: Unbuilt) -> Page:
    """What the caller hears when a document needs something that isn't supported."""
    return Page("", (v.Say(f"{refusal.message}."), v.Hangup()))


def check(reply: HTTPReply) -> None:
    """Raises `TwiMLError` for an answer that isn't usable (11200 and its neighbors)."""
    if reply.code:
        raise TwiMLError(reply.code, reply.error)
    if reply.status >= 400 or reply.status < 200:
        raise TwiMLError(11200, in_words(reply))
    if len(reply.body) > MAX_BODY:
        raise TwiMLError(11750, f"the answer is longer than {MAX_BODY} bytes")


def document_of(reply: HTTPReply, url: str) -> Document:
    """The document of an answer from ``url``. Raises `TwiMLError`, `Unbuilt` among them."""
    check(reply)
    if not reply.body:
        return Document((), (Flaw(11770, "the answer is empty", 0),))
    content, encoding = content_type(reply)
    if content in TWIML_TYPES:
        return _twiml(reply, encoding)
    if content == "text/plain":
        return _plain(reply.body, encoding)
    if content in AUDIO_TYPES:
        return Document((v.Play(url),))
    if not content:
        raise TwiMLError(502, "the answer has no Content-Type")
    raise TwiMLError(
        12300, f"Content-Type {content} is neither TwiML nor audio: “{first_words(reply.body)}”"
    )


def _twiml(reply: HTTPReply, encoding: str | None) -> Document:
    try:
        return _parse(reply.body, encoding)
    except Unbuilt:
        raise
    except TwiMLError as error:
        if not is_page(reply.body):
            raise
        text = f"the answer is an HTML page, not TwiML: {in_words(reply)}"
        raise TwiMLError(error.code, text) from None


def _plain(body: bytes, encoding: str | None) -> Document:
    """text/plain is TwiML if it parses; otherwise it is read aloud, and the call ends."""
    try:
        return _parse(body, encoding)
    except Unbuilt:
        raise
    except TwiMLError:
        return Document((v.Say(body.decode(encoding or "utf-8", "replace").strip()),))
