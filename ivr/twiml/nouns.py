"""The nouns of <Connect>, <Start> and <Stop>: what a call is connected to, and goes on beside it.

`verbs` has them too, so that every element goes by one prefix.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Parameter:
    """A name and a value of the application's own, inside several nouns."""

    name: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Config:
    """One setting of a virtual agent. (…/docs/voice/twiml/connect/virtualagent)"""

    name: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Stream:
    """Send the call's sound to a websocket, ``wss:`` only. (…/docs/voice/twiml/stream)"""

    url: str = ""
    name: str = ""
    track: str = "inbound_track"
    connector_name: str = ""
    status_callback: str = ""
    status_callback_method: str = "POST"
    parameters: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class Siprec:
    """Send the call's sound to a session recorder. (…/docs/voice/twiml/siprec)"""

    connector_name: str = ""
    name: str = ""
    track: str = "both_tracks"
    status_callback: str = ""
    status_callback_method: str = "POST"
    parameters: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class Transcription:
    """Transcribe what is said in the call, live. (…/docs/voice/twiml/transcription)"""

    name: str = ""
    track: str = "both_tracks"
    status_callback_url: str = ""
    status_callback_method: str = "POST"
    language_code: str = "en-US"
    partial_results: bool = False


@dataclass(frozen=True, slots=True)
class Recording:
    """Record the call from here on. (…/docs/voice/twiml/recording)"""

    channels: str = "mono"
    track: str = "both"
    recording_status_callback: str = ""
    recording_status_callback_event: str = ""
    recording_status_callback_method: str = "POST"


@dataclass(frozen=True, slots=True)
class Room:
    """A video room to join by its unique name. (…/docs/voice/twiml/connect/room)"""

    name: str
    identity: str = ""


@dataclass(frozen=True, slots=True)
class VirtualAgent:
    """A Dialogflow agent, by its connector. (…/docs/voice/twiml/connect/virtualagent)"""

    connector_name: str = ""
    language: str = ""
    status_callback: str = ""
    status_callback_method: str = "POST"
    settings: tuple[Config | Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class Conversation:
    """The worker who has the caller's conversation. (…/docs/voice/twiml/connect/conversation)

    ``routing_assignment_timeout`` and ``inbound_timeout`` are seconds.
    """

    service_instance_sid: str = ""
    inbound_autocreation: bool = False
    routing_assignment_timeout: int = 30
    inbound_timeout: int = 30
    url: str = ""
    method: str = "POST"
    record: str = ""
    recording_status_callback: str = ""
    recording_status_callback_event: str = ""
    recording_status_callback_method: str = "POST"
    status_callback: str = ""
    status_callback_event: str = ""
    status_callback_method: str = "POST"


SideNoun = Stream | Siprec | Transcription  # what goes on beside a call
Place = Stream | Room | VirtualAgent | Conversation  # what <Connect> leads to
