"""Whose number a call may show: in <Dial callerId>, and as From in the REST API."""

from __future__ import annotations

from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException

from ivr.simulator import Exchange, Handset
from ivr.simulator.dialogues import CallRecord, exchange_for, play, write
from ivr.simulator.expectations.syntax import DialogueSyntaxError, parse
from ivr.twiml.verbs import Client, Dial, Gather, Number, Say, Sip
from tests.kit.twiml_app import CALLEE, CALLER, LINE, App, network

OTHER = "+33800000002"  # another number of the account
VERIFIED = "+33155500190"
STRANGER = "+33155500666"


def dialling(noun: Any, caller_id: str, caller: str = CALLER) -> tuple[Exchange, App, Handset]:
    """A call whose document dials; the callee's phone exists."""
    dial = Dial((noun,), action="/over", caller_id=caller_id)
    exchange, app, _ = network({"/voice": (dial,), "/over": (Say("Over"),)})
    exchange.number(OTHER, app, "/voice")
    exchange.verify(VERIFIED)
    for number in (CALLEE, "client:anna", "sip:anna@pbx.test"):
        exchange.phone(number)
    exchange.phone(caller).call(LINE)
    return exchange, app, exchange.phone(caller)


# "CallerId must be the calling number, called number, or a validated outgoing number"
@pytest.mark.parametrize("shown", [CALLER, LINE, OTHER, VERIFIED])
def test_a_dial_may_show_numbers_of_the_call_and_of_the_account(shown: str) -> None:
    exchange, _, _ = dialling(Number(CALLEE), shown)

    assert exchange.phone(CALLEE).caller_id == shown
    assert exchange.debugger == []


# errors/13214
@pytest.mark.parametrize("shown", [STRANGER, "client:bob", "Acme", "12", "+1"])
def test_a_dial_that_would_show_a_strangers_number_fails(shown: str) -> None:
    exchange, app, caller = dialling(Number(CALLEE), shown)

    assert exchange.phone(CALLEE).calls == []
    (told,) = app.asked("/over")
    assert (told["DialCallStatus"], told["DialBridged"]) == ("failed", "false")
    assert caller.last_heard == "Over"
    (notice,) = exchange.debugger
    assert (notice.level, notice.code, notice.call_sid) == ("error", 13214, caller.calls[0].sid)
    assert f'callerId="{shown}"' in notice.text
    with pytest.raises(AssertionError, match="13214"):
        exchange.strict()


def test_the_message_says_how_a_number_is_made_known() -> None:
    exchange, _, _ = dialling(Number(CALLEE), STRANGER)

    assert "exchange.number()" in exchange.debugger[0].text
    assert "exchange.verify()" in exchange.debugger[0].text


# "if the calling leg is a client leg, the caller ID is required"
@pytest.mark.parametrize("caller", ["client:bob", "sip:bob@pbx.test"])
def test_a_caller_without_a_number_needs_a_caller_id(caller: str) -> None:
    exchange, _, _ = dialling(Number(CALLEE), "", caller)
    assert [notice.code for notice in exchange.debugger] == [13214]

    exchange, _, _ = dialling(Number(CALLEE), VERIFIED, caller)
    assert exchange.phone(CALLEE).caller_id == VERIFIED


# "For SIP calls, the callerId attribute does not need to be a validated phone number: any
# alphanumeric string, +-_. but no whitespace"
@pytest.mark.parametrize("noun", [Sip("sip:anna@pbx.test"), Client("anna")])
@pytest.mark.parametrize("shown", [STRANGER, "front-desk_2", "client:bob"])
def test_a_call_to_a_sip_address_or_a_client_may_show_any_name(noun: Any, shown: str) -> None:
    exchange, _, _ = dialling(noun, shown)

    phones = (exchange.phone("sip:anna@pbx.test"), exchange.phone("client:anna"))
    assert [phone.caller_id for phone in phones if phone.ringing] == [shown]


def test_a_caller_who_withholds_their_number_can_be_put_through() -> None:
    exchange, _, _ = dialling(Number(CALLEE), "", "anonymous")

    assert exchange.phone(CALLEE).caller_id == "anonymous"


# ---- the REST API ------------------------------------------------------------------------------


def calling(sender: str, receiver: str = CALLEE, **options: Any) -> Handset:
    exchange, _, _ = network({"/voice": (Gather(timeout=60),)})
    exchange.verify(VERIFIED)
    phone = exchange.phone(receiver)
    url = "https://line.test/voice"
    exchange.client.calls.create(to=receiver, from_=sender, url=url, **options)
    exchange.wait(0)
    return phone


@pytest.mark.parametrize("shown", [LINE, VERIFIED])
def test_a_call_made_by_rest_shows_a_number_of_the_account(shown: str) -> None:
    assert calling(shown).caller_id == shown


# errors/21210, /21212; "If To is a phone number, From must also be a phone number"
@pytest.mark.parametrize(
    ("shown", "code"), [(STRANGER, 21210), ("client:bob", 21212), ("01 55 50 01 90", 21212)]
)
def test_a_call_made_by_rest_cannot_show_anything_else(shown: str, code: int) -> None:
    with pytest.raises(TwilioRestException) as refused:
        calling(shown)

    assert (refused.value.status, refused.value.code) == (400, code)


@pytest.mark.parametrize("shown", ["client:bob", "front-desk", LINE])
def test_a_client_and_a_sip_address_can_be_shown_a_name(shown: str) -> None:
    assert calling(shown, "client:anna").caller_id == shown
    assert calling(shown, "sip:anna@pbx.test").caller_id == shown


def test_participants_follow_the_same_rule() -> None:
    exchange, _, _ = network({"/voice": (Gather(timeout=60),)})

    with pytest.raises(TwilioRestException) as refused:
        exchange.client.conferences("Room").participants.create(from_=STRANGER, to=CALLEE)

    assert refused.value.code == 21210


# "CallToken: a token string needed to invoke a forwarded call; the From value of the inbound call"
def test_a_call_token_lets_a_call_show_the_caller_of_another() -> None:
    exchange, app, caller = network({"/voice": (Gather(timeout=60),)})
    callee = exchange.phone(CALLEE)
    caller.call(LINE)
    token = app.asked("/voice")[0]["CallToken"]
    create = exchange.client.calls.create
    made = {"to": CALLEE, "from_": CALLER, "twiml": "<Response/>"}

    create(**made, call_token=token)
    exchange.wait(0)
    assert callee.caller_id == CALLER

    for wrong in ("", "token-CA0"):
        with pytest.raises(TwilioRestException) as refused:
            create(**made, call_token=wrong)
        assert refused.value.code == 21210


# ---- verified numbers --------------------------------------------------------------------------


def test_a_number_is_verified_once() -> None:
    exchange = Exchange()

    first = exchange.verify("+1 (415) 555-0100", "Front desk")

    assert exchange.verify("415-555-0100") is first
    assert (first.number, first.friendly_name) == ("+14155550100", "Front desk")
    assert first.sid.startswith("PN")
    with pytest.raises(ValueError, match="isn't a phone number"):
        exchange.verify("client:anna")


def test_a_dialogue_says_which_numbers_are_verified() -> None:
    text = (
        f"from {CALLER} to {LINE}\nverified {VERIFIED}\nphone duty {CALLEE}\n> call\nduty < (rings)"
    )
    dialogue = parse(text, "shown.call")
    exchange = exchange_for(dialogue)
    app = App({"/voice": (Dial((Number(CALLEE),), caller_id=VERIFIED),)})
    exchange.number(LINE, app, "/voice")
    record = CallRecord(exchange, CALLER, LINE, dialogue.phones)

    play(dialogue, exchange, record)

    assert exchange.phone(CALLEE).caller_id == VERIFIED
    assert f"\nverified {VERIFIED}\n" in write(record)
    with pytest.raises(DialogueSyntaxError, match="isn't a phone number"):
        parse(f"from {CALLER} to {LINE}\nverified sip:anna@pbx.test\n> call")
