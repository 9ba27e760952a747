"""Virtual agents: a script of the test listens and answers instead of Dialogflow."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any

import pytest

from ivr.errors import CallError
from ivr.simulator import AgentSession
from tests.kit.twiml_app import LINE, network, said

AGENT = """<Response><Connect action="/after"><VirtualAgent connectorName="owl-bank"
 language="en-GB" statusCallback="/agent"><Config name="voice" value="wren"/>
 <Parameter name="customer" value="C1"/></VirtualAgent></Connect></Response>"""
PAGES: dict[str, Any] = {
    "/voice": AGENT,
    "/after": "<Response><Say>Back on the line.</Say></Response>",
    "/agent": "",
}


def owl(session: AgentSession) -> Generator[str, str, None]:
    words = yield f"Welcome, {session.parameters['customer']}. How can I help?"
    if not words:
        words = yield "Are you there?"
    if "person" in words:
        session.hand_off(department="loans", asked=words)
    elif words == "42":
        session.fail("the project has no such agent")
    else:
        yield "Your balance is ten dollars. Goodbye."


# virtualagent: "A session ends in the following ways: the agent session ends successfully; the
# conversation requires a live agent handoff; the caller hangs up; an error occurred"
@pytest.mark.parametrize(
    ("does", "status", "heard"),
    [
        (lambda p: p.say("my balance"), "completed", ["Your balance is ten dollars. Goodbye."]),
        (lambda p: p.say("a person"), "live-agent-handoff", []),
        (lambda p: p.press("42#"), "failed", []),
        (lambda p: p.hang_up(), "hangup", []),
    ],
)
def test_a_script_listens_answers_and_ends(does: Any, status: str, heard: list[str]) -> None:
    exchange, app, caller = network(PAGES)
    exchange.virtual_agent("owl-bank", owl)
    caller.call(LINE)
    exchange.wait(4)
    does(caller)
    exchange.wait(20)

    left = [] if status == "hangup" else ["Back on the line."]
    assert said(caller) == ["Welcome, C1. How can I help?", *heard, *left]
    (params,) = app.asked("/after")
    assert params["VirtualAgentStatus"] == status
    assert params["VirtualAgentProvider"] == "DialogflowCX"
    data = json.loads(params["VirtualAgentProviderData"])
    handoff = {"department": "loans", "asked": "a person"}
    assert data.get("AgentHandoffParameters") == (handoff if "live" in status else None)
    if status == "failed":
        # errors/32601: "Check the VirtualAgentProviderError included in the webhook"
        assert params["VirtualAgentErrorCode"] == "32601"
        assert params["VirtualAgentProviderError"] == "the project has no such agent"
        assert [each.code for each in exchange.debugger] == [32601]
    else:
        exchange.strict()


def test_the_script_notices_silence_and_each_answer_is_reported() -> None:
    exchange, app, caller = network(PAGES)
    exchange.virtual_agent("owl-bank", owl)
    caller.call(LINE)
    caller.hears("Welcome, C1. How can I help?")
    caller.hears("Are you there?", within=10)
    caller.say("my balance")
    caller.hears("… Goodbye. Back on the line.")
    exchange.wait(5)

    told = [json.loads(each["VirtualAgentProviderData"]) for each in app.asked("/agent")]
    assert [each["ReplyText"] for each in told][-1] == "Your balance is ten dollars. Goodbye."
    assert {each["LanguageCode"] for each in told} == {"en-GB"}
    assert caller.heard[0].language == "en-GB"
    exchange.strict()


# errors/32602: "The connector referenced by the supplied connectorName does not exist"
@pytest.mark.parametrize(
    ("noun", "why"),
    [
        (
            '<VirtualAgent connectorName="owl"/>',
            'no connector is called "owl"; exchange.virtual_agent("owl", script) adds one',
        ),
        (
            "<VirtualAgent/>",
            'there is no connectorName; exchange.virtual_agent("NAME", script) adds one',
        ),
    ],
)
def test_without_a_script_the_session_fails_and_the_debugger_says_how_to_add_one(
    noun: str, why: str
) -> None:
    voice = f"<Response><Connect action='/after'>{noun}</Connect></Response>"
    exchange, app, caller = network({**PAGES, "/voice": voice})
    caller.call(LINE)
    exchange.wait(5)

    (params,) = app.asked("/after")
    assert (params["VirtualAgentStatus"], params["VirtualAgentErrorCode"]) == ("failed", "32602")
    assert [(each.code, each.text) for each in exchange.debugger] == [(32602, why)]


# virtualagent-dialogflow-cx: "Lacking an action attribute, Twilio requests TwiML instructions from
# the current TwiML document"
def test_without_an_action_the_current_document_is_requested_again() -> None:
    def voice(params: dict[str, str]) -> str:
        if params.get("VirtualAgentStatus") == "completed":
            return "<Response><Say>Welcome back.</Say></Response>"
        return (
            "<Response><Connect><VirtualAgent connectorName='owl'/></Connect>"
            "<Say>Never said.</Say></Response>"
        )

    def short(session: AgentSession) -> Generator[str, str, None]:
        session.patience = 1
        yield "Hello."

    exchange, _, caller = network({"/voice": voice})
    exchange.virtual_agent("owl", short)
    caller.call(LINE)
    exchange.wait(10)

    assert said(caller) == ["Hello.", "Welcome back."]
    exchange.strict()


def mute(_session: AgentSession) -> Any:
    yield


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (mute, "the script of owl-bank has yielded None: it yields each text"),
        (lambda _session: "Hello.", "the script of owl-bank has no yield: it yields each text"),
    ],
)
def test_a_script_that_says_nothing_is_told_how_to(script: Any, message: str) -> None:
    exchange, _, caller = network(PAGES)
    exchange.virtual_agent("owl-bank", script)

    with pytest.raises(CallError, match=message):
        caller.call(LINE)
