"""The rule table of TwiML: which attributes, text and children each element may have.

`reading` and `writing` follow it, and `table` prints it: what works as it does at Twilio, what is
simplified and how, what is refused by name. Sources: https://www.twilio.com/docs/voice/twiml and
the page of each verb; for the codes, https://www.twilio.com/docs/api/errors.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from ivr.twiml import verbs as v

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


def _seconds_or_auto(value: str) -> int:
    """ "auto" is the default number of seconds here."""
    return 5 if value == "auto" else _whole(0)(value)


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
_conference_record = _one_of(
    {"do-not-record": "", "false": ""}
    | dict.fromkeys(("record-from-start", "true"), "record-from-start")
)
_progress = _words("initiated", "ringing", "answered", "completed")
_conference = _words(
    "start", "end", "join", "leave", "mute", "hold", "modify", "speaker", "announcement"
)
_language = _like("[A-Za-z]{2,3}([-_][A-Za-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute: its field in the verb's dataclass, and how to read its value.

    ``code`` is Twilio's warning for a value that can't be read. ``how`` says how the attribute is
    simplified; "" means that it works as it does at Twilio.
    """

    name: str
    read: Callable[[str], Any] = _text
    code: int = SCHEMA
    how: str = ""


@dataclass(frozen=True, slots=True)
class Element:
    """What one element may have, and how the simulator carries it out.

    ``text`` and ``holds`` are the fields for its text and its children. ``moot`` attributes (or
    children, as ``<Name>``) are accepted and have no effect here, each for the reason given.
    ``unbuilt`` attributes are refused by name unless they have one of the values listed.
    ``nested`` is the code for a child that doesn't belong here; ``how`` says what is simplified
    about the element as a whole. A ``noun`` only stands inside a verb.
    """

    verb: type
    text: str = ""
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    children: str = ""
    holds: str = ""
    moot: Mapping[str, str] = field(default_factory=dict)
    unbuilt: Mapping[str, str] = field(default_factory=dict)
    how: str = ""
    noun: bool = False
    nested: int = SCHEMA


def _moot(**reasons: str) -> dict[str, str]:
    """Reasons as ``attribute=…``, or ``several="a b c: reason"``."""
    by_name = {}
    for name, reason in reasons.items():
        names, _, why = reason.rpartition(": ")
        for each in names.split() or [name]:
            by_name[each] = why
    return by_name


def _hint_list(value: str) -> str:
    """ "Up to 500 words or phrases, separated by commas, each up to 100 characters." """
    phrases = value.split(",")
    if len(phrases) > 500 or any(len(phrase.strip()) > 100 for phrase in phrases):
        raise ValueError(value)
    return value


def _callbacks(code: int = SCHEMA) -> dict[str, Attribute]:
    return {
        "url": Attribute("url"),
        "method": Attribute("method", _method, code),
        **_STATUS,
        "statusCallbackEvent": Attribute("status_callback_event", _progress),
    }


def _action(code: int = SCHEMA) -> dict[str, Attribute]:
    return {"action": Attribute("action"), "method": Attribute("method", _method, code)}


_STATUS = {
    "statusCallback": Attribute("status_callback"),
    "statusCallbackMethod": Attribute("status_callback_method", _method),
}
_RECORDING_CALLBACK = {
    "recordingStatusCallback": Attribute("recording_status_callback"),
    "recordingStatusCallbackEvent": Attribute(
        "recording_status_callback_event", _words("in-progress", "completed", "absent"), 13621
    ),
    "recordingStatusCallbackMethod": Attribute("recording_status_callback_method", _method),
}
_CONFIGURED = "a configuration of your Twilio account"
_DETECTS = {
    "machineDetection": Attribute("machine_detection", _like("Enable|DetectMessageEnd")),
    "machineDetectionTimeout": Attribute("machine_detection_timeout", _whole(3, 60)),
    "machineDetectionSpeechThreshold": Attribute(
        "machine_detection_speech_threshold", _whole(1000, 6000)
    ),
    "machineDetectionSpeechEndThreshold": Attribute(
        "machine_detection_speech_end_threshold", _whole(500, 5000)
    ),
    "amdStatusCallback": Attribute("amd_status_callback"),
    "amdStatusCallbackMethod": Attribute("amd_status_callback_method", _method),
}
INVALID = 32501  # https://www.twilio.com/docs/api/errors/32501
_SILENT = _moot(machineDetectionSilenceTimeout="callees always say something when they pick up")
_TRACK = _like("inbound_track|outbound_track|both_tracks")
_STREAMED = "its statusCallback is called as at Twilio; no sound is sent"
_TONES = _like("[0-9A-Da-d*#wW]*")
UNBUILT_CHILDREN: Mapping[str, str] = {
    "Response": "Prompt Queue",
    "Connect": "AiSession Autopilot ConversationRelay ConversationRelaySession",
    "Dial": "WhatsApp",
}
# Why a child is refused, where there is more to say than that it isn't built.
REFUSED_BECAUSE: Mapping[str, str] = {
    "Autopilot": "Twilio shut Autopilot down on August 25, 2023",
    "AiSession": "Twilio hasn't documented it",
    "ConversationRelaySession": "Twilio hasn't documented it",
}
SSML = frozenset(
    {"break", "emphasis", "lang", "p", "phoneme", "prosody", "s", "say-as", "sub", "w"}
)
# Twilio's error dictionary calls these errors, although the document goes on.
ERRORS = frozenset({13231, 13238, 13239, 13240, 13338, 13621, 32501})

ELEMENTS: Mapping[str, Element] = MappingProxyType(
    {
        "Say": Element(
            v.Say,
            text="text",
            attributes={
                "voice": Attribute(
                    "voice",
                    _like(r"man|woman|alice|\w+\.[\w-]+"),
                    13511,
                    "only its form is checked, not whether Twilio has the voice",
                ),
                "language": Attribute("language", _language, 13512),
                "loop": Attribute("loop", _whole(0), 13510),
            },
            how="no sound: the time it takes is estimated from the length and language of the text,"
            " and from SSML's breaks and rates",
        ),
        "Play": Element(
            v.Play,
            text="url",
            attributes={
                "loop": Attribute("loop", _whole(0), 13410),
                "digits": Attribute("digits", _TONES, 13430),
            },
            how="the file is requested; a WAV takes as long as it lasts, any other file 3 s; files"
            " on hosts other than the applications' and this machine aren't requested",
        ),
        "Pause": Element(v.Pause, attributes={"length": Attribute("length", _whole(1), 13910)}),
        "Gather": Element(
            v.Gather,
            attributes={
                **_action(13312),
                "input": Attribute("input", _words("dtmf", "speech"), 13326),
                "timeout": Attribute("timeout", _seconds_or_auto, 13313),
                "finishOnKey": Attribute("finish_on_key", _like("[0-9*#]?"), 13310),
                "numDigits": Attribute("num_digits", _whole(1), 13314),
                "actionOnEmptyResult": Attribute("action_on_empty_result", _boolean, 13338),
                "speechTimeout": Attribute(
                    "speech_timeout",
                    _like("auto|[0-9]+"),
                    13327,
                    "auto ends after the first thing that is said",
                ),
                "language": Attribute("language", _language, 13331),
                "hints": Attribute(
                    "hints",
                    _hint_list,
                    13330,
                    "only checked: words are always recognized as they were said",
                ),
                "bargeIn": Attribute(
                    "barge_in",
                    _boolean,
                    13332,
                    "false: a key stops the prompts, speech doesn't",
                ),
                "partialResultCallback": Attribute(
                    "partial_result_callback", how="one request for each thing that is said"
                ),
                "partialResultCallbackMethod": Attribute(
                    "partial_result_callback_method", _method, 13329
                ),
            },
            children="Say Play Pause",
            holds="verbs",
            nested=13320,
            moot=_moot(
                recognizer="debug enhanced profanityFilter speechModel maxSpeechTime: there is no"
                " recognizer; Confidence comes from the phone's say()"
            ),
        ),
        "Record": Element(
            v.Record,
            attributes={
                **_action(13610),
                "timeout": Attribute("timeout", _whole(0), 13611),
                "finishOnKey": Attribute("finish_on_key", _like("[0-9*#]*"), 13613),
                "maxLength": Attribute("max_length", _whole(1), 13612),
                "playBeep": Attribute("play_beep", _boolean, 13616),
                "trim": Attribute(
                    "trim",
                    _like("trim-silence|do-not-trim"),
                    13699,
                    "silence is the time without words or keys",
                ),
                "transcribe": Attribute("transcribe", _boolean, 13614),
                "transcribeCallback": Attribute("transcribe_callback"),
                **_RECORDING_CALLBACK,
            },
            moot=_moot(recordingConfigurationId=_CONFIGURED),
            how="the file at RecordingUrl is a silent WAV of the right length, available at once",
        ),
        "Dial": Element(
            v.Dial,
            attributes={
                **_action(13210),
                "timeout": Attribute("timeout", _whole(5, 600), 13212),
                "timeLimit": Attribute("time_limit", _whole(1), 13216),
                "hangupOnStar": Attribute("hangup_on_star", _boolean, 13213),
                "answerOnBridge": Attribute("answer_on_bridge", _boolean, 13219),
                "callerId": Attribute(
                    "caller_id",
                    how="for a telephone, one that the account may show (`exchange.verify`); the"
                    " carriers' rules for callers who withhold their number aren't applied",
                ),
                "sequential": Attribute("sequential", _boolean, 13218),
                "record": Attribute(
                    "record",
                    _dial_record,
                    13217,
                    "with a <Conference>, this call from when it enters until it leaves; with a"
                    " <Queue>, from when they talk",
                ),
                "recordingTrack": Attribute(
                    "recording_track", _like("both|inbound|outbound"), 13622
                ),
                **_RECORDING_CALLBACK,
            },
            children="Number Client Sip Sim Application Conference Queue",
            holds="nouns",
            nested=13215,
            moot=_moot(
                recordingConfigurationId=_CONFIGURED,
                refer="referMethod referUrl: phones here don't send REFER",
                ringTone="there is no sound",
                trim="there is no sound, so no silence to trim",
                callReason="only for branded calls",
            ),
            unbuilt={"events": "", "passports": ""},
        ),
        "Number": Element(
            v.Number,
            text="number",
            attributes={
                **_callbacks(13221),
                "sendDigits": Attribute("send_digits", _TONES, 13222),
                **_DETECTS,
            },
            moot=_SILENT | _moot(byoc="there is one network"),
            how="a number that leads to an application here (`exchange.number`) is answered by it,"
            " as a call of its own; a machine is recognized by the length of its greeting",
            noun=True,
        ),
        "Client": Element(
            v.Client,
            text="identity",
            attributes=_callbacks(),
            children="Identity Parameter",
            holds="parameters",
            moot=_moot(clientNotificationUrl="there is no push service"),
            noun=True,
        ),
        "Sip": Element(
            v.Sip,
            text="uri",
            attributes={**_callbacks(13241), **_DETECTS},
            children="Uri Headers",
            moot=_SILENT | _moot(login="username password: SIP phones here don't ask for them"),
            how="rings the phone with that user and host, whatever the port and parameters, or the"
            " application that has the address; the phone gets the X-headers of the URI and of"
            " <Headers>, and sends its own (`exchange.phone(…, sends=…)`) back; a phone that isn't"
            " there answers 404, one that can't be reached 480; of several <Uri>, only the first by"
            " priority and weight",
            noun=True,
        ),
        "Sim": Element(
            v.Sim,
            text="sid",
            how='a phone (`exchange.phone("sim:DE…")`), which doesn\'t have to show a number; at'
            " Twilio, SIM cards have had no voice since December 2021",
            noun=True,
        ),
        "Application": Element(
            v.Application,
            text="sid",
            attributes={
                **_callbacks(),
                "url": Attribute(
                    "url", how="Twilio doesn't document it: played to the application as a whisper"
                ),
                "customerId": Attribute(
                    "customer_id", _like("(?s).{0,256}"), how="arrives as CustomerId"
                ),
                "copyParentTo": Attribute("copy_parent_to", _boolean),
            },
            children="ApplicationSid Parameter",
            holds="parameters",
            how="an application of this account (`exchange.client.applications`)",
            noun=True,
        ),
        "Conference": Element(
            v.Conference,
            text="name",
            attributes={
                "muted": Attribute("muted", _boolean, 13230),
                "beep": Attribute("beep", _like("true|false|onEnter|onExit"), 13235),
                "startConferenceOnEnter": Attribute("start_on_enter", _boolean, 13232),
                "endConferenceOnExit": Attribute("end_on_exit", _boolean, 13231),
                "waitUrl": Attribute("wait_url"),
                "waitMethod": Attribute("wait_method", _method, 13234),
                "maxParticipants": Attribute("max_participants", _whole(2, 250)),
                **_STATUS,
                "statusCallbackEvent": Attribute("status_callback_event", _conference),
                "participantLabel": Attribute("label"),
                "coach": Attribute("coach", _like("CA[0-9a-f]{32}"), 13240),
                "record": Attribute("record", _conference_record),
                **_RECORDING_CALLBACK,
            },
            moot=_moot(
                jitterBufferSize="there is no sound",
                recordingConfigurationId=_CONFIGURED,
                region="there is one network",
                trim="there is no sound, so no silence to trim",
            ),
            unbuilt={"eventCallbackUrl": ""},
            noun=True,
        ),
        "Queue": Element(
            v.Queue,
            text="name",
            attributes={
                "url": Attribute("url"),
                "method": Attribute("method", _method),
                "reservationSid": Attribute("reservation_sid"),
                "postWorkActivitySid": Attribute("post_work_activity_sid"),
            },
            noun=True,
        ),
        "Enqueue": Element(
            v.Enqueue,
            text="queue",
            attributes={
                **_action(),
                "waitUrl": Attribute("wait_url"),
                "waitUrlMethod": Attribute("wait_url_method", _method),
                "maxQueueSize": Attribute("max_queue_size", _whole(1, 5000)),
                "workflowSid": Attribute(
                    "workflow_sid", how="of a workflow that the test or the application has made"
                ),
            },
            children="Task",
            holds="tasks",
        ),
        "Task": Element(
            v.Task,
            text="attributes",
            attributes={
                "priority": Attribute("priority", _whole(0)),
                "timeout": Attribute("timeout", _whole(1)),
            },
            noun=True,
        ),
        "Leave": Element(v.Leave),
        "Redirect": Element(
            v.Redirect, text="url", attributes={"method": Attribute("method", _method, 13710)}
        ),
        "Hangup": Element(v.Hangup, children="Parameter", holds="parameters"),
        "Reject": Element(
            v.Reject,
            attributes={"reason": Attribute("reason", _like("rejected|busy"), 13810)},
            children="Parameter",
            holds="parameters",
        ),
        "Start": Element(
            v.Start,
            children="Stream Siprec Transcription Recording",
            holds="nouns",
            moot=_moot(several="action method: <Start> doesn't wait for an outcome"),
        ),
        "Stop": Element(v.Stop, children="Stream Siprec Transcription", holds="nouns"),
        "Connect": Element(
            v.Connect,
            attributes=_action(),
            children="Stream Room VirtualAgent Conversation",
            holds="nouns",
            how="a <Stream> lasts until the test closes it (exchange.streams) or the call ends",
        ),
        "Room": Element(
            v.Room,
            text="name",
            attributes={"participantIdentity": Attribute("identity")},
            how="a room that the test has opened (exchange.room); its people in front of a screen"
            " are the test's, and only their words are carried; the action has no parameters of its"
            " own",
            noun=True,
        ),
        "VirtualAgent": Element(
            v.VirtualAgent,
            attributes={
                "connectorName": Attribute("connector_name"),
                "language": Attribute("language", _language),
                **_STATUS,
            },
            children="Config Parameter",
            holds="settings",
            moot=_moot(sentimentAnalysis="the test's script decides what it makes of the words"),
            how="a script of the test's (exchange.virtual_agent) listens and answers; its"
            " statusCallback gets each answer, with those parameters that are known",
            noun=True,
        ),
        "Config": Element(
            v.Config,
            attributes={"name": Attribute("name"), "value": Attribute("value")},
            how="handed to the script",
            noun=True,
        ),
        "Conversation": Element(
            v.Conversation,
            attributes={
                "serviceInstanceSid": Attribute("service_instance_sid"),
                "inboundAutocreation": Attribute("inbound_autocreation", _boolean, INVALID),
                "routingAssignmentTimeout": Attribute(
                    "routing_assignment_timeout", _whole(1), INVALID, "30 s unless it is given"
                ),
                "inboundTimeout": Attribute(
                    "inbound_timeout", _whole(1), INVALID, "30 s unless it is given"
                ),
                "url": Attribute("url"),
                "method": Attribute("method", _method, INVALID),
                "record": Attribute("record", _dial_record, INVALID),
                **_RECORDING_CALLBACK,
                **_STATUS,
                "statusCallbackEvent": Attribute(
                    "status_callback_event",
                    _words("call-initiated", "call-ringing", "call-answered", "call-completed"),
                    INVALID,
                    "call-completed unless it is given; parameters as those of a <Number>",
                ),
            },
            moot=_moot(trim="there is no sound, so no silence to trim"),
            how="rings the worker who has the caller's conversation, whom the test names"
            " (exchange.conversation); the action has no parameters of its own",
            noun=True,
        ),
        "Stream": Element(
            v.Stream,
            attributes={
                "url": Attribute("url", _like(r"wss://\S+")),
                "name": Attribute("name"),
                "track": Attribute("track", _TRACK, how="only checked"),
                "connectorName": Attribute("connector_name", how="only noted"),
                **_STATUS,
            },
            children="Parameter",
            holds="parameters",
            moot=_moot(several="audioFormat sampleRate: no sound is sent"),
            how=_STREAMED,
            noun=True,
        ),
        "Siprec": Element(
            v.Siprec,
            attributes={
                "name": Attribute("name"),
                "track": Attribute("track", _TRACK, how="only checked"),
                "connectorName": Attribute("connector_name", how="only noted"),
                **_STATUS,
            },
            children="Parameter",
            holds="parameters",
            how=_STREAMED,
            noun=True,
        ),
        "Transcription": Element(
            v.Transcription,
            attributes={
                "name": Attribute("name"),
                "track": Attribute("track", _TRACK),
                "statusCallbackUrl": Attribute("status_callback_url"),
                "statusCallbackMethod": Attribute("status_callback_method", _method),
                "languageCode": Attribute("language_code", _language),
                "partialResults": Attribute(
                    "partial_results",
                    _boolean,
                    how="one more result, with the same words, that isn't final",
                ),
            },
            moot=_moot(
                recognizer="enableAutomaticPunctuation hints inboundTrackLabel intelligenceService"
                " outboundTrackLabel profanityFilter speechModel transcriptionEngine <Config>"
                " <Parameter>: there is no recognizer"
            ),
            how="words are transcribed exactly as they were said",
            noun=True,
        ),
        "Recording": Element(
            v.Recording,
            attributes={
                "channels": Attribute("channels", _like("mono|dual")),
                "track": Attribute("track", _like("both|inbound|outbound")),
                **_RECORDING_CALLBACK,
            },
            moot=_moot(
                recordingConfigurationId=_CONFIGURED,
                trim="there is no sound, so no silence to trim",
            ),
            noun=True,
        ),
        "Parameter": Element(
            v.Parameter,
            attributes={"name": Attribute("name"), "value": Attribute("value")},
            noun=True,
        ),
        "Echo": Element(v.Echo, how="callers hear their own words"),
        "Refer": Element(
            v.Refer,
            attributes=_action(),
            children="Sip",
            holds="nouns",
            how="the transfer always succeeds (202, 200)",
        ),
        "Sms": Element(
            v.Sms,
            text="text",
            attributes={
                **_action(),
                "to": Attribute("to"),
                "from": Attribute("sender"),
                "statusCallback": Attribute("status_callback"),
            },
        ),
        "Pay": Element(
            v.Pay,
            attributes={
                **_action(),
                "timeout": Attribute("timeout", _whole(1)),
                "maxAttempts": Attribute("max_attempts", _whole(1, 3)),
                "securityCode": Attribute("security_code", _boolean),
                "postalCode": Attribute("postal_code"),
                "minPostalCodeLength": Attribute("min_postal_code_length", _whole(0)),
                "paymentMethod": Attribute("payment_method", _like("credit-card|ach-debit")),
                "chargeAmount": Attribute("charge_amount", _like(r"\d+(\.\d+)?")),
                "validCardTypes": Attribute(
                    "valid_card_types",
                    _words(
                        "amex",
                        "diners-club",
                        "discover",
                        "enroute",
                        "jcb",
                        "maestro",
                        "mastercard",
                        "optima",
                        "visa",
                    ),
                    how="only amex, discover, mastercard and visa are recognized",
                ),
            },
            children="Prompt Parameter",
            holds="nouns",
            moot=_moot(
                connector="bankAccountType currency description input paymentConnector tokenType:"
                " no payment is made",
                language="the built-in prompts are English",
                status="statusCallback statusCallbackMethod: only the action is requested",
            ),
            how="asks for each part, checks it, and asks again; every payment succeeds",
        ),
        "Prompt": Element(
            v.Prompt,
            attributes={
                "for": Attribute("step"),
                "errorType": Attribute("error_type"),
                "cardType": Attribute("card_type"),
                "attempt": Attribute("attempt"),
            },
            children="Say Play Pause",
            holds="verbs",
            moot=_moot(requireMatchingInputs="inputs aren't asked for twice"),
            noun=True,
        ),
    }
)
NOUNS = frozenset(name for name, rule in ELEMENTS.items() if rule.noun)
