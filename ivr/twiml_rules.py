"""The rule table of TwiML: which attributes, text and children each element may have.

`twiml` reads and writes by it. Source: https://www.twilio.com/docs/voice/twiml and the page of each
verb; of the codes: https://www.twilio.com/docs/api/errors.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from ivr import verbs as v

SCHEMA = 12200  # "Schema validation warning": unknown element, attribute, nesting or value


def _text(value: str) -> str:
    return value.strip()


def _boolean(value: str) -> bool:
    return {"true": True, "false": False}[value.lower()]


def _whole(low: int, high: int | None = None) -> Callable[[str], int]:
    def read(value: str) -> int:
        number = int(value)
        if number < low or (high is not None and number > high):
            raise ValueError(value)
        return number

    return read


def _like(pattern: str) -> Callable[[str], str]:
    matches = re.compile(pattern).fullmatch

    def read(value: str) -> str:
        if not matches(value):
            raise ValueError(value)
        return value

    return read


def _words(*allowed: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if not value or set(value.split()) - set(allowed):
            raise ValueError(value)
        return value

    return read


def _one_of(values: Mapping[str, str]) -> Callable[[str], str]:
    return lambda value: values[value]


_method = _like("GET|POST")
_dial_record = _one_of(  # true and false are the older spelling
    {"do-not-record": "", "false": "", "true": "record-from-answer"}
    | {
        f"record-from-{when}{both}": f"record-from-{when}{both}"
        for when in ("answer", "ringing")
        for both in ("", "-dual")
    }
)
_room_record = _one_of(
    {"do-not-record": "", "false": ""}
    | dict.fromkeys(("record-from-start", "true"), "record-from-start")
)
_progress = _words("initiated", "ringing", "answered", "completed")
_room = _words("start", "end", "join", "leave", "mute", "hold", "modify", "speaker", "announcement")
_language = _like("[A-Za-z]{2,3}([-_][A-Za-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Attribute:
    """``name`` in the verb's dataclass, how to read the value, and the warning if it can't be."""

    name: str
    read: Callable[[str], Any] = _text
    code: int = SCHEMA


@dataclass(frozen=True, slots=True)
class Element:
    """What one element may have.

    ``moot`` attributes change nothing that a simulation can show (codecs, recognition models, what
    only matters beside a refused attribute); ``unbuilt`` ones are refused unless their value is one
    of those listed.
    """

    verb: type
    text: str = ""
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    children: str = ""
    holds: str = ""
    moot: str = ""
    unbuilt: Mapping[str, str] = field(default_factory=dict)


_CALLBACKS = {
    "url": Attribute("url"),
    "method": Attribute("method", _method),
    "statusCallback": Attribute("status_callback"),
    "statusCallbackEvent": Attribute("status_callback_event", _progress),
    "statusCallbackMethod": Attribute("status_callback_method", _method),
}
_ACTION = {"action": Attribute("action"), "method": Attribute("method", _method)}
_TOLD_OF_RECORDING = {
    "recordingStatusCallback": Attribute("recording_status_callback"),
    "recordingStatusCallbackEvent": Attribute(
        "recording_status_callback_event", _words("in-progress", "completed", "absent"), 13621
    ),
    "recordingStatusCallbackMethod": Attribute("recording_status_callback_method", _method),
}
_MACHINE = (
    "amdStatusCallback amdStatusCallbackMethod machineDetectionSilenceTimeout"
    " machineDetectionSpeechEndThreshold machineDetectionSpeechThreshold machineDetectionTimeout"
)
UNBUILT_CHILDREN: Mapping[str, str] = {
    "Response": "Connect Echo Pay Prompt Queue Refer Sms Start Stop",
    "Dial": "Application Sim WhatsApp",
    "Client": "Parameter",
    "Enqueue": "Task",
    "Hangup": "Parameter",
    "Reject": "Parameter",
    "Sip": "Headers Uri",
}
SSML = frozenset(
    {"break", "emphasis", "lang", "p", "phoneme", "prosody", "s", "say-as", "sub", "w"}
)

ELEMENTS: Mapping[str, Element] = MappingProxyType(
    {
        "Say": Element(
            v.Say,
            text="text",
            attributes={
                "voice": Attribute("voice", _like(r"man|woman|alice|\w+\.[\w-]+"), 13512),
                "language": Attribute("language", _language, 13511),
                "loop": Attribute("loop", _whole(0), 13510),
            },
        ),
        "Play": Element(
            v.Play,
            text="url",
            attributes={
                "loop": Attribute("loop", _whole(0), 13410),
                "digits": Attribute("digits", _like("[0-9A-Da-d*#wW]*"), 13430),
            },
        ),
        "Pause": Element(v.Pause, attributes={"length": Attribute("length", _whole(1), 13910)}),
        "Gather": Element(
            v.Gather,
            attributes={
                **_ACTION,
                "input": Attribute("input", _words("dtmf", "speech")),
                "timeout": Attribute("timeout", _whole(0)),
                "finishOnKey": Attribute("finish_on_key", _like("[0-9*#]?")),
                "numDigits": Attribute("num_digits", _whole(1)),
                "actionOnEmptyResult": Attribute("action_on_empty_result", _boolean),
                "speechTimeout": Attribute("speech_timeout", _like("auto|[0-9]+")),
                "language": Attribute("language", _language),
                "hints": Attribute("hints"),
            },
            children="Say Play Pause",
            holds="verbs",
            moot="debug enhanced maxSpeechTime partialResultCallbackMethod profanityFilter"
            " speechModel",
            unbuilt={"bargeIn": "true", "partialResultCallback": ""},
        ),
        "Record": Element(
            v.Record,
            attributes={
                **_ACTION,
                "timeout": Attribute("timeout", _whole(0)),
                "finishOnKey": Attribute("finish_on_key", _like("[0-9*#]*")),
                "maxLength": Attribute("max_length", _whole(1)),
                "playBeep": Attribute("play_beep", _boolean),
                "trim": Attribute("trim", _like("trim-silence|do-not-trim")),
                **_TOLD_OF_RECORDING,
            },
            moot="recordingConfigurationId transcribeCallback",
            unbuilt={"transcribe": "false"},
        ),
        "Dial": Element(
            v.Dial,
            attributes={
                **_ACTION,
                "timeout": Attribute("timeout", _whole(5, 600)),
                "timeLimit": Attribute("time_limit", _whole(1)),
                "hangupOnStar": Attribute("hangup_on_star", _boolean),
                "answerOnBridge": Attribute("answer_on_bridge", _boolean),
                "callerId": Attribute("caller_id"),
                "sequential": Attribute("sequential", _boolean),
                "record": Attribute("record", _dial_record, 13217),
                "recordingTrack": Attribute("recording_track", _like("both|inbound|outbound")),
                **_TOLD_OF_RECORDING,
            },
            children="Number Client Sip Conference Queue",
            holds="nouns",
            moot="recordingConfigurationId referMethod referUrl ringTone trim",
            unbuilt={"events": "", "passports": "", "callReason": ""},
        ),
        "Number": Element(
            v.Number,
            text="number",
            attributes={
                **_CALLBACKS,
                "sendDigits": Attribute("send_digits", _like("[0-9A-Da-d*#wW]*")),
            },
            moot=_MACHINE,
            unbuilt={"byoc": "", "machineDetection": ""},
        ),
        "Client": Element(
            v.Client,
            text="identity",
            attributes=_CALLBACKS,
            children="Identity",
            unbuilt={"clientNotificationUrl": ""},
        ),
        "Sip": Element(
            v.Sip,
            text="uri",
            attributes=_CALLBACKS,
            moot=f"{_MACHINE} password username",
            unbuilt={"machineDetection": ""},
        ),
        "Conference": Element(
            v.Conference,
            text="name",
            attributes={
                "muted": Attribute("muted", _boolean),
                "beep": Attribute("beep", _like("true|false|onEnter|onExit")),
                "startConferenceOnEnter": Attribute("start_on_enter", _boolean),
                "endConferenceOnExit": Attribute("end_on_exit", _boolean),
                "waitUrl": Attribute("wait_url"),
                "waitMethod": Attribute("wait_method", _method),
                "maxParticipants": Attribute("max_participants", _whole(2, 250)),
                "statusCallback": Attribute("status_callback"),
                "statusCallbackEvent": Attribute(
                    "status_callback_event",
                    _room,
                ),
                "statusCallbackMethod": Attribute("status_callback_method", _method),
                "participantLabel": Attribute("label"),
                "record": Attribute("record", _room_record),
                **_TOLD_OF_RECORDING,
            },
            moot="jitterBufferSize recordingConfigurationId region trim",
            unbuilt={"coach": "", "eventCallbackUrl": ""},
        ),
        "Queue": Element(
            v.Queue,
            text="name",
            attributes={"url": Attribute("url"), "method": Attribute("method", _method)},
            unbuilt={"reservationSid": "", "postWorkActivitySid": ""},
        ),
        "Enqueue": Element(
            v.Enqueue,
            text="queue",
            attributes={
                **_ACTION,
                "waitUrl": Attribute("wait_url"),
                "waitUrlMethod": Attribute("wait_url_method", _method),
                "maxQueueSize": Attribute("max_queue_size", _whole(1, 5000)),
            },
            unbuilt={"workflowSid": ""},
        ),
        "Leave": Element(v.Leave),
        "Redirect": Element(
            v.Redirect, text="url", attributes={"method": Attribute("method", _method, 13710)}
        ),
        "Hangup": Element(v.Hangup),
        "Reject": Element(
            v.Reject,
            attributes={"reason": Attribute("reason", _like("rejected|busy"), 13810)},
        ),
    }
)
