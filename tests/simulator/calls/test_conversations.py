"""Conversations: <Connect><Conversation> rings the worker who has the caller's conversation."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kit.twiml_app import CALLER, LINE, network, said

SERVICE = "IS0123456789abcdef0123456789abcdef"
AFTER = "<Response><Say>Leave a message.</Say></Response>"


def voice(attributes: str = "") -> dict[str, Any]:
    return {
        "/voice": f"""<Response><Connect action="/after"><Conversation
 serviceInstanceSid="{SERVICE}" {attributes}/></Connect></Response>""",
        "/after": AFTER,
        "/told": "",
        "/recorded": "",
        "/whisper": "<Response><Say>A customer.</Say></Response>",
    }


def test_the_worker_of_the_conversation_is_rung_whispered_to_and_connected() -> None:
    events = "call-initiated call-ringing call-answered call-completed"
    exchange, app, caller = network(
        voice(
            f'url="/whisper" record="record-from-answer" recordingStatusCallback="/recorded"'
            f' statusCallback="/told" statusCallbackEvent="{events}"'
        )
    )
    exchange.conversation(CALLER, worker="client:joey", service=SERVICE)
    joey = exchange.phone("client:joey")
    caller.call(LINE)
    assert joey.ringing
    assert joey.caller_id == CALLER
    joey.answer()
    exchange.wait(3)
    assert said(joey) == ["A customer."]
    assert caller.connected_to == {joey}
    exchange.wait(20)
    joey.hang_up()
    exchange.wait(3)

    assert [each["CallStatus"] for each in app.asked("/told")] == [
        "initiated",
        "ringing",
        "in-progress",
        "completed",
    ]
    (recorded,) = app.asked("/recorded")
    assert recorded["RecordingStatus"] == "completed"
    assert said(caller) == ["Leave a message."]
    assert "DialCallStatus" not in app.asked("/after")[0]
    exchange.strict()


# changelog 2022-07-20: "a customer is prompted to leave a voicemail message in the event no
# Frontline worker answers their call"
def test_nobody_answers_in_time() -> None:
    exchange, app, caller = network(voice('inboundTimeout="10"'))
    exchange.conversation(CALLER, worker="+33155500011")
    exchange.phone("+33155500011")
    caller.call(LINE)
    exchange.wait(14)
    assert app.asked("/after") == []
    exchange.wait(5)

    assert said(caller) == ["Leave a message."]
    exchange.strict()


# errors/32506: "Failed to get worker assigned to a newly created Conversation"
@pytest.mark.parametrize(("after", "rings"), [(5.0, True), (15.0, False)])
def test_a_new_conversation_is_routed_in_time_or_fails(after: float, rings: bool) -> None:
    exchange, app, caller = network(
        voice('inboundAutocreation="true" routingAssignmentTimeout="10"')
    )
    exchange.conversation(worker="client:joey", assigned_after=after)
    joey = exchange.phone("client:joey")
    caller.call(LINE)
    exchange.wait(10.5)

    assert joey.ringing == rings
    assert [each.code for each in exchange.debugger] == ([] if rings else [32506])
    assert len(app.asked("/after")) == (0 if rings else 1)
    caller.hang_up()
    assert not joey.ringing


# errors/32504: "Existing Conversation did not have a Frontline worker participant"
@pytest.mark.parametrize(
    ("known", "code", "why"),
    [
        ({"customer": CALLER}, 32504, "no worker has been assigned to the conversation"),
        ({}, 0, "there is no conversation, and inboundAutocreation isn't true"),
        (
            {"customer": CALLER, "worker": "client:joey", "service": "IS" + "f" * 32},
            0,
            "there is no conversation, and inboundAutocreation isn't true",
        ),
    ],
)
def test_without_a_worker_the_debugger_says_why_and_the_action_follows(
    known: dict[str, str], code: int, why: str
) -> None:
    exchange, _, caller = network(voice())
    if known:
        exchange.conversation(**known)
    caller.call(LINE)
    exchange.wait(5)

    assert said(caller) == ["Leave a message."]
    (notice,) = exchange.debugger
    assert notice.code == code
    assert notice.text == (
        f"{why} (caller {CALLER}); exchange.conversation adds conversations and workers"
    )


# errors/32501: "Invalid attributes found in <Conversation> noun"
def test_an_attribute_that_cannot_be_read_is_an_error() -> None:
    exchange, _, caller = network(voice('inboundTimeout="soon"'))
    exchange.conversation(CALLER, worker="client:joey")
    caller.call(LINE)

    assert exchange.debugger[0].code == 32501
