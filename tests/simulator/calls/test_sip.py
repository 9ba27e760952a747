"""SIP addresses, the headers that travel with a call, and what the action is told."""

from __future__ import annotations

from typing import Any

import pytest

from ivr.simulator import Exchange, Handset
from ivr.simulator.network.routes import dialled, e164
from ivr.twiml.verbs import Gather, Say
from tests.kit.twiml_app import CALLEE, CALLER, LINE, App, network

ANNA = "sip:anna@pbx.test"


def dialling(sip: str, **options: Any) -> tuple[Exchange, App, Handset, Handset]:
    """A call whose document dials a SIP address; Anna's phone exists."""
    dial = f"<Response><Dial action='/over'>{sip}</Dial></Response>"
    exchange, app, caller = network({"/voice": dial, "/over": (Say("Over."),), "/status": ()})
    return exchange, app, caller, exchange.phone(ANNA, **options)


# "port, ;transport, ;region and ?headers belong to the request, not to the identity"
SAME = [
    ANNA,
    "anna@pbx.test",
    "sip:anna@PBX.test:5061",
    "sips:anna@pbx.test;transport=tls",
    "sip:anna@pbx.test:5060;transport=tcp;region=ie1?x-case=C1",
    "SIP:anna:secret@pbx.test",
]


@pytest.mark.parametrize("uri", SAME)
def test_one_address_is_one_telephone(uri: str) -> None:
    exchange, _, caller, anna = dialling(f"<Sip>{uri}</Sip>")
    caller.call(LINE)

    assert anna.ringing
    assert anna.calls[0].receiver == ANNA
    assert exchange.debugger == []


def test_addresses_that_differ_are_different_telephones() -> None:
    exchange, _, caller, anna = dialling("<Sip>sip:Anna@pbx.test</Sip>")
    caller.call(LINE)

    assert not anna.ringing
    assert exchange.phone("sip:anna@pbx.test;transport=tls") is anna


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("sip:a@[::1]:5060", "sip:a@[::1]"),
        ("sip:a", ""),
        ("sip:@b", ""),
        ("sip:a b@c", ""),
        ("client:anna?x=1", "client:anna"),
        ("client:", ""),
        ("app:AP1?a=b", "app:AP1"),
    ],
)
def test_what_an_address_is(text: str, address: str) -> None:
    assert e164(text) == dialled(text).address == address


# errors/13243: "The provided SIP URI is not formatted properly"
@pytest.mark.parametrize("uri", ["sip:anna", "", "sip:an na@pbx.test"])
def test_an_address_that_is_none_is_a_warning_and_the_dial_fails(uri: str) -> None:
    exchange, app, caller, _ = dialling(f"<Sip>{uri}</Sip>")
    caller.call(LINE)

    assert app.asked("/over")[0]["DialCallStatus"] == "failed"
    assert [(each.level, each.code) for each in exchange.debugger] == [("warning", 13243)]


# docs/voice/twiml/sip#custom-headers
def test_headers_reach_the_telephone() -> None:
    exchange, _, caller, anna = dialling(
        "<Sip>sip:anna@pbx.test?x-case=C1&amp;User-to-User=0A%3Bencoding%3Dhex"
        "<Headers><Header name='X-Level' value='2'/></Headers></Sip>"
    )
    caller.call(LINE)

    assert anna.headers == {"x-case": "C1", "User-to-User": "0A;encoding=hex", "X-Level": "2"}
    assert exchange.debugger == []


# errors/13252: "custom headers: use the x- prefix; only SIP-safe characters"
@pytest.mark.parametrize("header", ["case=C1", "x-c%20ase=C1", "Via=me"])
def test_a_header_that_twilio_does_not_take_is_left_out(header: str) -> None:
    exchange, _, caller, anna = dialling(f"<Sip>sip:anna@pbx.test?{header}</Sip>")
    caller.call(LINE)

    assert anna.ringing
    assert anna.headers == {}
    assert [(each.level, each.code) for each in exchange.debugger] == [("warning", 13252)]


# "passing along the SIP Call-ID, the response code of the invite attempt, any X-headers passed back
# on the final SIP response"
def test_the_action_is_told_what_sip_said() -> None:
    _, app, caller, anna = dialling("<Sip>sip:anna@pbx.test</Sip>", sends={"X-Agent": "7"})
    caller.call(LINE)
    anna.answer()
    anna.hang_up()

    (over,) = app.asked("/over")
    assert over["DialSipResponseCode"] == "200"
    assert over["DialSipCallId"].endswith("@pbx.test")
    assert over["DialSipHeader_X-Agent"] == "7"


@pytest.mark.parametrize(
    ("habit", "status", "code"),
    [
        ("busy", "busy", "486"),
        ("decline", "busy", "486"),
        ("ring", "no-answer", "487"),
        ("unreachable", "failed", "480"),
    ],
)
def test_the_response_code_of_who_is_not_reached(habit: str, status: str, code: str) -> None:
    sip = f"<Sip statusCallback='/status'>{ANNA}</Sip>"
    exchange, app, caller, anna = dialling(sip)
    anna.will(habit)
    caller.call(LINE)
    exchange.wait(60)

    (over,) = app.asked("/over")
    assert (over["DialCallStatus"], over["DialSipResponseCode"]) == (status, code)
    assert app.asked("/status")[0]["SipResponseCode"] == code


def test_an_address_where_nobody_is_answers_404() -> None:
    exchange, app, caller, _ = dialling("<Sip>sip:nobody@pbx.test</Sip>")
    caller.call(LINE)

    (over,) = app.asked("/over")
    assert (over["DialCallStatus"], over["DialSipResponseCode"]) == ("failed", "404")
    assert 'exchange.phone("sip:nobody@pbx.test")' in exchange.debugger[0].text


# docs/voice/api/sip-interface: SipHeader_X-…, SipDomain, SipUsername
def test_a_sip_phone_that_calls_brings_its_headers() -> None:
    exchange, app, _ = network({"/voice": (Gather(timeout=60),)})
    exchange.phone(ANNA, sends={"X-Desk": "3"}).call(LINE)

    (asked,) = app.asked("/voice")
    assert asked["From"] == ANNA
    assert asked["SipHeader_X-Desk"] == "3"
    assert (asked["SipUsername"], asked["SipDomain"]) == ("anna", "pbx.test")


def test_headers_reach_an_application_that_has_a_sip_address() -> None:
    exchange, _, caller, _ = dialling("<Sip>sip:shop@acme.sip.twilio.com?X-Case=C1</Sip>")
    shop = App({"/": (Say("The shop."), Gather(timeout=60))})
    exchange.number("sip:shop@acme.sip.twilio.com", shop, origin="https://shop.test")
    caller.call(LINE)

    (asked,) = shop.asked("/")
    assert (asked["From"], asked["To"]) == (CALLER, "sip:shop@acme.sip.twilio.com")
    assert asked["SipHeader_X-Case"] == "C1"
    assert asked["SipDomain"] == "acme.sip.twilio.com"
    assert caller.last_heard == "The shop."


def test_headers_of_a_call_made_by_rest() -> None:
    exchange, _, _, anna = dialling("")
    exchange.client.calls.create(
        to="sip:anna@pbx.test:5070?x-case=C1", from_="desk", twiml="<Response/>"
    )
    exchange.wait(0)

    assert (anna.headers, anna.caller_id) == ({"x-case": "C1"}, "desk")


def test_a_sip_caller_shows_a_number_to_reach_a_telephone() -> None:
    exchange, _, _, anna = dialling(CALLEE)
    exchange.phone(CALLEE)
    anna.call(LINE)

    assert [each.code for each in exchange.debugger] == [13214]
