"""The rule table of TwiML: which attributes, text and children each element may have.

`twiml` reads and writes by it, and `twiml_table` tells it: what is done as Twilio does it, what is
simplified and how, what is refused by name. Source: https://www.twilio.com/docs/voice/twiml and the
page of each verb; of the codes: https://www.twilio.com/docs/api/errors.
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
_room_record = _one_of(
    {"do-not-record": "", "false": ""}
    | dict.fromkeys(("record-from-start", "true"), "record-from-start")
)
_progress = _words("initiated", "ringing", "answered", "completed")
_room = _words("start", "end", "join", "leave", "mute", "hold", "modify", "speaker", "announcement")
_language = _like("[A-Za-z]{2,3}([-_][A-Za-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Attribute:
    """``name`` in the verb's dataclass, how to read the value, and Twilio's code if it can't be.

    ``how`` says how it is simplified; "" is as Twilio does it.
    """

    name: str
    read: Callable[[str], Any] = _text
    code: int = SCHEMA
    how: str = ""


@dataclass(frozen=True, slots=True)
class Element:
    """What one element may have, and how the simulator carries it out.

    ``moot`` attributes (or children, as ``<Name>``) are accepted and change nothing here, each with
    the reason; ``unbuilt`` ones are refused by name, an attribute unless it has a value of those
    listed. ``nested`` is the code for a child that doesn't belong; ``how`` says what of the whole
    is simplified. A ``noun`` stands inside a verb only.
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
    made = {}
    for name, reason in reasons.items():
        names, _, why = reason.rpartition(": ")
        for each in names.split() or [name]:
            made[each] = why
    return made


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
_TOLD_OF_RECORDING = {
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
_SILENT = _moot(machineDetectionSilenceTimeout="whoever picks up says something")
_TRACK = _like("inbound_track|outbound_track|both_tracks")
_FORKED = "announced to its statusCallback as Twilio does; no sound is sent"
_TONES = _like("[0-9A-Da-d*#wW]*")
UNBUILT_CHILDREN: Mapping[str, str] = {
    "Response": "Prompt Queue",
    "Connect": "AiSession Autopilot Conversation ConversationRelay ConversationRelaySession Room"
    " VirtualAgent",
    "Dial": "Application Sim WhatsApp",
    "Enqueue": "Task",
}
SSML = frozenset(
    {"break", "emphasis", "lang", "p", "phoneme", "prosody", "s", "say-as", "sub", "w"}
)
# Levels in Twilio's error dictionary: these are errors although the document goes on.
ERRORS = frozenset({13231, 13238, 13239, 13240, 13338, 13621})

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
                    "its name is noted; a voice that Twilio doesn't have isn't found out",
                ),
                "language": Attribute("language", _language, 13512),
                "loop": Attribute("loop", _whole(0), 13510),
            },
            how="no sound: what is said takes as long as it would, by its length and language, and"
            " by SSML's breaks and rates",
        ),
        "Play": Element(
            v.Play,
            text="url",
            attributes={
                "loop": Attribute("loop", _whole(0), 13410),
                "digits": Attribute("digits", _TONES, 13430),
            },
            how="the file is fetched and takes its time, a WAV as long as it is, any other 3 s; a"
            " file on another host than the applications' isn't asked for",
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
                    "auto ends with the first thing that is said",
                ),
                "language": Attribute("language", _language, 13331),
                "hints": Attribute(
                    "hints", _hint_list, 13330, "checked; words are always understood as said"
                ),
                "bargeIn": Attribute(
                    "barge_in",
                    _boolean,
                    13332,
                    "false: a key stops the prompts, speech doesn't",
                ),
                "partialResultCallback": Attribute(
                    "partial_result_callback", how="once for each thing that is said"
                ),
                "partialResultCallbackMethod": Attribute(
                    "partial_result_callback_method", _method, 13329
                ),
            },
            children="Say Play Pause",
            holds="verbs",
            nested=13320,
            moot=_moot(
                recogniser="debug enhanced profanityFilter speechModel maxSpeechTime: there is no"
                " recogniser; Confidence is what the person's say() says"
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
                    "silence is what nobody filled with words or keys",
                ),
                "transcribe": Attribute("transcribe", _boolean, 13614),
                "transcribeCallback": Attribute("transcribe_callback"),
                **_TOLD_OF_RECORDING,
            },
            moot=_moot(recordingConfigurationId=_CONFIGURED),
            how="the file at RecordingUrl is a WAV of its length, silent, and complete at once",
        ),
        "Dial": Element(
            v.Dial,
            attributes={
                **_action(13210),
                "timeout": Attribute("timeout", _whole(5, 600), 13212),
                "timeLimit": Attribute("time_limit", _whole(1), 13216),
                "hangupOnStar": Attribute("hangup_on_star", _boolean, 13213),
                "answerOnBridge": Attribute("answer_on_bridge", _boolean, 13219),
                "callerId": Attribute("caller_id"),
                "sequential": Attribute("sequential", _boolean, 13218),
                "record": Attribute("record", _dial_record, 13217),
                "recordingTrack": Attribute(
                    "recording_track", _like("both|inbound|outbound"), 13622
                ),
                **_TOLD_OF_RECORDING,
            },
            children="Number Client Sip Conference Queue",
            holds="nouns",
            nested=13215,
            moot=_moot(
                recordingConfigurationId=_CONFIGURED,
                refer="referMethod referUrl: no telephone here sends a REFER",
                ringTone="no sound of ringing is made",
                trim="there is no sound, so silence isn't known",
                callReason="a text for branded calls",
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
            moot=_SILENT,
            unbuilt={"byoc": ""},
            how="machines are known by the length of their greeting",
            noun=True,
        ),
        "Client": Element(
            v.Client,
            text="identity",
            attributes=_callbacks(),
            children="Identity Parameter",
            moot=_moot(clientNotificationUrl="no push service is told"),
            noun=True,
        ),
        "Sip": Element(
            v.Sip,
            text="uri",
            attributes={**_callbacks(13241), **_DETECTS},
            children="Uri Headers",
            moot=_SILENT
            | _moot(
                login="username password: nobody asks for them",
                several="<Headers>: no SIP message is sent",
            ),
            how="rings the telephone of that address; of several <Uri> the one that its priority"
            " and weight put first",
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
                "statusCallbackEvent": Attribute("status_callback_event", _room),
                "participantLabel": Attribute("label"),
                "coach": Attribute("coach", _like("CA[0-9a-f]{32}"), 13240),
                "record": Attribute("record", _room_record),
                **_TOLD_OF_RECORDING,
            },
            moot=_moot(
                jitterBufferSize="there is no sound",
                recordingConfigurationId=_CONFIGURED,
                region="there is one network",
                trim="there is no sound, so silence isn't known",
            ),
            unbuilt={"eventCallbackUrl": ""},
            noun=True,
        ),
        "Queue": Element(
            v.Queue,
            text="name",
            attributes={"url": Attribute("url"), "method": Attribute("method", _method)},
            unbuilt={"reservationSid": "", "postWorkActivitySid": ""},
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
            },
            unbuilt={"workflowSid": ""},
        ),
        "Leave": Element(v.Leave),
        "Redirect": Element(
            v.Redirect, text="url", attributes={"method": Attribute("method", _method, 13710)}
        ),
        "Hangup": Element(v.Hangup, moot=_moot(several="<Parameter>: nobody is told")),
        "Reject": Element(
            v.Reject,
            attributes={"reason": Attribute("reason", _like("rejected|busy"), 13810)},
            moot=_moot(several="<Parameter>: nobody is told"),
        ),
        "Start": Element(
            v.Start,
            children="Stream Siprec Transcription Recording",
            holds="nouns",
            moot=_moot(several="action method: it doesn't wait, so nothing comes of it"),
        ),
        "Stop": Element(v.Stop, children="Stream Siprec Transcription", holds="nouns"),
        "Connect": Element(
            v.Connect,
            attributes=_action(),
            children="Stream",
            holds="nouns",
            how="a <Stream> lasts until the test closes it (exchange.streams) or somebody hangs up",
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
            how=_FORKED,
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
            how=_FORKED,
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
                    "partial_results", _boolean, how="one result more, the same, that isn't final"
                ),
            },
            moot=_moot(
                recogniser="enableAutomaticPunctuation hints inboundTrackLabel intelligenceService"
                " outboundTrackLabel profanityFilter speechModel transcriptionEngine <Config>"
                " <Parameter>: there is no recogniser"
            ),
            how="what people say and what is said to them comes as it was written",
            noun=True,
        ),
        "Recording": Element(
            v.Recording,
            attributes={
                "channels": Attribute("channels", _like("mono|dual")),
                "track": Attribute("track", _like("both|inbound|outbound")),
                **_TOLD_OF_RECORDING,
            },
            moot=_moot(
                recordingConfigurationId=_CONFIGURED,
                trim="there is no sound, so silence isn't known",
            ),
            noun=True,
        ),
        "Parameter": Element(
            v.Parameter,
            attributes={"name": Attribute("name"), "value": Attribute("value")},
            noun=True,
        ),
        "Echo": Element(v.Echo, how="who speaks hears his own words"),
        "Refer": Element(
            v.Refer,
            attributes=_action(),
            children="Sip",
            holds="nouns",
            how="the other side always takes the call over (202, 200)",
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
                    how="amex, discover, mastercard and visa are told apart",
                ),
            },
            children="Prompt Parameter",
            holds="nouns",
            moot=_moot(
                connector="bankAccountType currency description input paymentConnector tokenType:"
                " no payment is made",
                language="prompts of its own are English",
                told="statusCallback statusCallbackMethod: only the action is told",
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
            moot=_moot(requireMatchingInputs="nothing is asked for twice"),
            noun=True,
        ),
    }
)
NOUNS = frozenset(name for name, rule in ELEMENTS.items() if rule.noun)
