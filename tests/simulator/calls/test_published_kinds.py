"""One document of each kind that Twilio publishes for <Connect> and TaskRouter, run by phone.

They are made with Twilio's own classes. None is refused but those of which it is said.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest
from twilio.twiml.voice_response import Connect, Enqueue, VoiceResponse

from ivr.simulator import AgentSession
from tests.kit.twiml_app import CALLER, LINE, network

SERVICE = "IS0123456789abcdef0123456789abcdef"
WORKFLOW = "WW0123456789abcdef0123456789abcdef"
URL = "https://line.test/told"


def conversation(**more: Any) -> tuple[str, dict[str, Any]]:
    return "conversation", {"service_instance_sid": SERVICE, **more}


def agent(**more: Any) -> tuple[str, dict[str, Any]]:
    return "virtual_agent", {"connector_name": "project", **more}


KINDS: list[tuple[str, dict[str, Any]]] = [
    ("room", {"name": "DailyStandup"}),
    ("room", {"name": "DailyStandup", "participant_identity": "alice"}),
    conversation(),
    conversation(inbound_autocreation=True),
    conversation(inbound_autocreation=True, routing_assignment_timeout=10),
    conversation(inbound_timeout=15),
    conversation(url="https://line.test/whisper"),
    conversation(url="https://line.test/whisper", method="GET"),
    conversation(record="record-from-answer-dual"),
    conversation(record="true", trim="trim-silence"),
    conversation(record="record-from-ringing", recording_status_callback=URL),
    conversation(
        record="true",
        recording_status_callback=URL,
        recording_status_callback_method="GET",
        recording_status_callback_event="in-progress completed absent",
    ),
    conversation(status_callback=URL),
    conversation(status_callback=URL, status_callback_method="GET"),
    conversation(
        status_callback=URL,
        status_callback_event="call-initiated call-ringing call-answered call-completed",
    ),
    agent(),
    agent(status_callback=URL),
    agent(status_callback=URL, status_callback_method="GET"),
    agent(language="de-DE"),
    agent(sentiment_analysis=True),
]


def calls(document: str) -> tuple[Any, Any, Any]:
    """A caller whose line says so, with everything there that it may lead to."""
    exchange, app, caller = network(
        {
            "/voice": document,
            "/told": "",
            "/whisper": "<Response><Say>A customer.</Say></Response>",
            "/after": "<Response><Say>Goodbye.</Say></Response>",
            "/wait": "<Response><Pause length='10'/></Response>",
        }
    )
    exchange.phone("client:bob").join("DailyStandup")
    exchange.phone("client:joey").will("answer", after=3, hang_up=20)
    exchange.conversation(CALLER, worker="client:joey")
    exchange.workflow(sid=WORKFLOW)
    exchange.virtual_agent("project", short)
    caller.call(LINE)
    return exchange, app, caller


def short(session: AgentSession) -> Generator[str, str, None]:
    yield "Hello, how can I help?"


@pytest.mark.parametrize("action", ["", "/after"])
@pytest.mark.parametrize(("kind", "attributes"), KINDS)
def test_a_published_document_runs(kind: str, attributes: dict[str, Any], action: str) -> None:
    response, connect = VoiceResponse(), Connect(**({"action": action} if action else {}))
    getattr(connect, kind)(**attributes)
    response.append(connect)

    exchange, app, caller = calls(str(response))
    exchange.wait(2)
    assert caller.in_call
    exchange.wait(60)
    if kind == "room":
        assert exchange.phone("client:bob") in caller.connected_to
        exchange.room("DailyStandup").end()
        exchange.wait(5)
    if kind == "virtual_agent" and not action:  # its document is requested again
        assert len(app.asked("/voice")) > 1
        caller.hang_up()
        exchange.wait(1)
    else:
        assert not caller.in_call
        assert len(app.asked("/after")) == bool(action)
    if exchange.phone("client:bob").in_call:
        exchange.phone("client:bob").hang_up()
    exchange.strict()


def test_an_agent_gets_its_settings() -> None:
    got: list[AgentSession] = []

    def script(session: AgentSession) -> Generator[str, str, None]:
        got.append(session)
        yield "Hello."

    response, connect = VoiceResponse(), Connect(action="/after")
    noun = connect.virtual_agent(connector_name="settings")
    noun.config(name="language", value="es-mx")
    noun.config(name="voiceName", value="es-mx-Standard-C")
    noun.parameter(name="customer_name", value="Burton Guster")
    response.append(connect)
    exchange, _, caller = network({"/voice": str(response), "/after": "<Response/>"})
    exchange.virtual_agent("settings", script)
    caller.call(LINE)
    exchange.wait(20)

    assert got[0].config == {"language": "es-mx", "voiceName": "es-mx-Standard-C"}
    assert got[0].parameters == {"customer_name": "Burton Guster"}
    exchange.strict()


@pytest.mark.parametrize(
    ("task", "attributes"),
    [
        (None, {}),
        ({"body": '{"account_number": "12345abcdef"}'}, {}),
        ({"body": '{"account_number": "12345abcdef"}', "priority": 5, "timeout": 200}, {}),
        ({"body": '{"account_number": "12345abcdef"}'}, {"action": "/after", "wait_url": "/wait"}),
    ],
)
def test_a_published_task_waits_for_a_worker(
    task: dict[str, Any] | None, attributes: dict[str, Any]
) -> None:
    response, enqueue = VoiceResponse(), Enqueue(None, workflow_sid=WORKFLOW, **attributes)
    if task is not None:
        enqueue.task(**task)
    response.append(enqueue)
    exchange, _, caller = calls(str(response))
    exchange.wait(30)

    (made,) = exchange.workspace().tasks.values()
    assert (made.status, made.priority) == ("pending", (task or {}).get("priority", 0))
    caller.hang_up()
    exchange.wait(1)
    assert (made.status, made.reason) == ("canceled", "hangup")


@pytest.mark.parametrize(
    ("kind", "attributes", "why"),
    [
        ("autopilot", {"name": "UA1"}, "Twilio shut Autopilot down on August 25, 2023"),
        ("ai_session", {"ai_connector": "a"}, "Twilio hasn't documented it"),
        ("conversation_relay_session", {"connector": "a"}, "Twilio hasn't documented it"),
    ],
)
def test_what_is_refused_says_why(kind: str, attributes: dict[str, Any], why: str) -> None:
    response, connect = VoiceResponse(), Connect()
    getattr(connect, kind)(**attributes)
    response.append(connect)
    exchange, _, _ = calls(str(response))

    (notice,) = exchange.debugger
    assert notice.level == "error"
    assert notice.text.endswith(f"is TwiML, but this simulator doesn't support it: {why}")
