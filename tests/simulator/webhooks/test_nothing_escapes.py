"""Whatever an application answers, the test hears of it in Twilio's words and never as an exception
of Python's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from ivr.simulator import Exchange
from tests.kit.twiml_app import CALLEE, CALLER, LINE, network

UNREQUESTABLE = [
    "http://[",
    "http://[::1",
    "http://exa mple/",
    "https://line.test/a b",
    "https://line.test/a\u00a0b",
    "https://line.test:99999/",
    "https://line.test:port/",
    "https://line.test:0/",
    "http:///x",
    "//",
    "///x",
    "http://.../",
    "http://a..example/",
    f"http://{64 * 'a'}.example/",
    "https://",
    "ftp://line.test/y",
    "mailto:a@line.test",
    "javascript:x",
    "data:text/plain,hi",
]
STRANGE = [  # no host elsewhere: nothing here may ask the network
    *("%", "%zz", "?", "#", "?a=[", "x" * 3000, "\\\\host\\x", "https:line.test"),
    *("https://user:pa:ss@line.test/", "https://line.test/\u2603", "https://line.test\\x"),
]


def where(text: str) -> Callable[[str], str]:
    """A document with the URL in each place that is written as ``%a`` or ``%t``."""
    return lambda url: f"<Response>{text}</Response>".replace("%a", quoteattr(url)).replace(
        "%t", escape(url)
    )


DOCUMENTS = {
    "Redirect": where("<Redirect>%t</Redirect>"),
    "Play": where("<Play>%t</Play>"),
    "Gather": where("<Gather action=%a timeout='1' actionOnEmptyResult='true'/>"),
    "partial result": where(
        "<Gather input='speech' partialResultCallback=%a timeout='1' actionOnEmptyResult='true'"
        " action='/ok'/>"
    ),
    "Record": where("<Record action=%a maxLength='2' timeout='1'/>"),
    "recording": where(
        "<Record action='/ok' recordingStatusCallback=%a transcribe='true' transcribeCallback=%a"
        " maxLength='2' timeout='1'/>"
    ),
    "wait": where("<Enqueue waitUrl=%a>q</Enqueue>"),
    "Dial": where(f"<Dial action=%a timeout='5'>{CALLEE}</Dial>"),
    "whisper": where(f"<Dial timeout='5'><Number url=%a>{CALLEE}</Number></Dial>"),
    "progress": where(
        "<Dial timeout='5' record='record-from-answer' recordingStatusCallback=%a><Number"
        f" statusCallback=%a statusCallbackEvent='initiated answered completed'>{CALLEE}</Number>"
        "</Dial>"
    ),
    "Conference": where("<Dial action=%a><Conference waitUrl=%a>room</Conference></Dial>"),
    "conference events": where(
        "<Dial><Conference statusCallback=%a statusCallbackEvent='join leave'>room</Conference>"
        "</Dial>"
    ),
    "Stream": where("<Start><Stream url=%a statusCallback=%a/></Start><Pause length='2'/>"),
    "Connect": where("<Connect action=%a><Stream url=%a/></Connect>"),
    "Sms": where(f"<Sms to='{CALLEE}' action=%a statusCallback=%a>hi</Sms>"),
    "Transcription": where(
        "<Start><Transcription statusCallbackUrl=%a/></Start><Pause length='2'/>"
    ),
    "Sip": where("<Dial timeout='3'><Sip url=%a>%t</Sip></Dial>"),
}


def called(pages: dict[str, Any], **options: Any) -> Exchange:
    """The network after a call, from the first ring to the last callback."""
    exchange, _, caller = network({"/ok": "<Response/>"} | pages, **options)
    exchange.phone(CALLEE).will("answer", after=1, press="1", hang_up=3)
    caller.call(LINE)
    if caller.audible:
        caller.say("hello")
    exchange.wait(15)
    if caller.in_call:
        caller.hang_up()
    exchange.wait(1)
    return exchange


# errors/11100: whatever can't be requested, wherever it stands
@pytest.mark.parametrize("place", sorted(DOCUMENTS.keys() - {"Stream", "Connect", "Sip"}))
def test_a_url_that_cannot_be_requested(place: str) -> None:
    for url in UNREQUESTABLE:
        noted = [each.code for each in called({"/voice": DOCUMENTS[place](url)}).debugger]
        assert 11100 in noted, (url, noted)


@pytest.mark.parametrize("place", DOCUMENTS)
def test_a_strange_url_does_no_harm(place: str) -> None:
    for url in (*STRANGE, *UNREQUESTABLE):
        called({"/voice": DOCUMENTS[place](url)})


@pytest.mark.parametrize("url", UNREQUESTABLE)
def test_a_location_that_cannot_be_requested(url: str) -> None:
    exchange = called({}, answers={"/voice": ("302 Found", [("Location", url)], b"")})

    assert exchange.debugger[0].code == 11100


# errors/11216: 300, 304, 305, 306, 308, and any without a Location
@pytest.mark.parametrize("status", [300, 304, 305, 306, 308, 302, 303])
def test_a_redirect_that_leads_nowhere(status: int) -> None:
    location = [] if status in (302, 303) else [("Location", "/ok")]
    exchange = called({}, answers={"/voice": (f"{status} Elsewhere", location, b"")})

    assert exchange.debugger[0].code == 11216


NAMES = ("Content-Type", "Location", "Set-Cookie", "WWW-Authenticate", "Content-Encoding")
TYPES = ("text/xml", "text/xml; charset=utf8", "text/xml; charset=none", "TEXT/PLAIN", "audio/wav")
LATIN = some.text(some.characters(max_codepoint=255, blacklist_characters="\r\n\0"), max_size=20)
HEADERS = some.lists(
    some.tuples(some.sampled_from(NAMES), some.sampled_from(TYPES) | LATIN), max_size=4
)
PIECES = some.sampled_from(
    (
        *(b"<Response>", b"</Response>", b"<Say>", b"</Say>", b"<Say", b"<Gather/>", b"\xff\xfe"),
        *(b"<?xml version='1.0' encoding='latin1'?>", b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"&b;"),
        *(
            b"&#0;",
            b"<Dial/>",
            b"<Enqueue/>",
            b"<Play/>",
            b"<a:b/>",
            b"xmlns='c'",
            b"\x00",
            b"<!--",
        ),
    )
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    status=some.sampled_from([200, 201, 204, 301, 302, 304, 401, 404, 500]),
    headers=HEADERS,
    body=some.binary(max_size=40) | some.lists(PIECES, max_size=8).map(b"".join),
)
def test_any_answer_at_all(status: int, headers: list[tuple[str, str]], body: bytes) -> None:
    called({}, answers={"/voice": (f"{status} ?", headers, body)})


def test_more_elements_in_one_another_than_can_be_read() -> None:
    deep = "<emphasis>" * 1300 + "Hello" + "</emphasis>" * 1300

    exchange = called({"/voice": f"<Response><Say>{deep}</Say></Response>"})

    assert exchange.debugger[0].code == 12100


# "XML declarations naming utf8, UTF8, latin1 and the like: read by their usual alias"
@pytest.mark.parametrize(
    ("named", "codec"),
    [
        *(
            ("utf8", "utf-8"),
            ("UTF8", "utf-8"),
            ("latin1", "latin-1"),
            ("ISO8859-15", "iso8859-15"),
        ),
        *(("windows-1252", "cp1252"), ("UTF-16", "utf-16"), ("us-ascii", "ascii")),
    ],
)
def test_an_encoding_goes_by_its_aliases(named: str, codec: str) -> None:
    words = "Hello" if codec == "ascii" else "Déjà vu"
    declared = f'<?xml version="1.0" encoding="{named}"?><Response><Say>{words}</Say></Response>'
    answer = ("200 OK", [("Content-Type", "text/xml")], declared.encode(codec))

    exchange = called({}, answers={"/voice": answer})

    assert (exchange.debugger, spoken(exchange)) == ([], words)
    header = [("Content-Type", f"text/xml; charset={named}")]
    plain = f"<Response><Say>{words}</Say></Response>".encode(codec)
    assert spoken(called({}, answers={"/voice": ("200 OK", header, plain)})) == words


def spoken(exchange: Exchange) -> str:
    return exchange.phones[CALLER].last_heard


def test_an_encoding_that_is_not_known_is_named() -> None:
    declared = b'<?xml version="1.0" encoding="klingon"?><Response/>'
    answer = ("200 OK", [("Content-Type", "text/xml")], declared)

    [noted, *_] = called({}, answers={"/voice": answer}).debugger

    assert noted.code == 12100
    assert "klingon" in noted.text
