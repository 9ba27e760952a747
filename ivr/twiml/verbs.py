"""TwiML's verbs and nouns as plain values, with Twilio's defaults.

One vocabulary for both sides: the line makes these and `twiml.render` writes them; the simulator
gets them from `twiml.parse` and carries them out. Times are seconds; a URL may be relative to the
document's own.
Source of the defaults: https://www.twilio.com/docs/voice/twiml and the page of each verb.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Say:
    """Speak a text. ``loop=0`` repeats until hang-up. (…/docs/voice/twiml/say)

    ``silence`` and ``stretch`` are what SSML makes of its length: seconds of breaks, and by how
    many characters' time a rate makes it longer (or, below 0, shorter).
    """

    text: str
    voice: str = ""
    language: str = ""
    loop: int = 1
    silence: float = 0.0
    stretch: float = 0.0


@dataclass(frozen=True, slots=True)
class Play:
    """Play a file, or with ``digits`` tones. (…/docs/voice/twiml/play)"""

    url: str = ""
    loop: int = 1
    digits: str = ""


Spoken = Say | Play  # what a prompt becomes


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait in silence. (…/docs/voice/twiml/pause)"""

    length: int = 1


@dataclass(frozen=True, slots=True)
class Gather:
    """Collect keys; nested prompts stop at the first one. (…/docs/voice/twiml/gather)"""

    action: str = ""
    method: str = "POST"
    input: str = "dtmf"
    timeout: int = 5
    finish_on_key: str = "#"
    num_digits: int | None = None
    action_on_empty_result: bool = False
    speech_timeout: str = ""
    language: str = ""
    hints: str = ""
    barge_in: bool = True
    partial_result_callback: str = ""
    partial_result_callback_method: str = "POST"
    verbs: tuple[Say | Play | Pause, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """Record the caller. (…/docs/voice/twiml/record)"""

    action: str = ""
    method: str = "POST"
    timeout: int = 5
    finish_on_key: str = "1234567890*#"
    max_length: int = 3600
    play_beep: bool = True
    trim: str = "trim-silence"
    transcribe: bool = False
    transcribe_callback: str = ""
    recording_status_callback: str = ""
    recording_status_callback_event: str = ""
    recording_status_callback_method: str = "POST"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A name and a value of the application's own, inside several nouns."""

    name: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Number:
    """A telephone number to dial; ``url`` is the whisper. (…/docs/voice/twiml/number)"""

    number: str
    url: str = ""
    method: str = "POST"
    status_callback: str = ""
    status_callback_event: str = ""
    status_callback_method: str = "POST"
    send_digits: str = ""
    machine_detection: str = ""
    machine_detection_timeout: int = 30
    machine_detection_speech_threshold: int = 2400
    machine_detection_speech_end_threshold: int = 1200
    amd_status_callback: str = ""
    amd_status_callback_method: str = "POST"


@dataclass(frozen=True, slots=True)
class Client:
    """A softphone to dial by its identity; it is told the parameters. (…/voice/twiml/client)"""

    identity: str
    url: str = ""
    method: str = "POST"
    status_callback: str = ""
    status_callback_event: str = ""
    status_callback_method: str = "POST"
    parameters: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class Sip:
    """A SIP address to dial. (…/docs/voice/twiml/sip)"""

    uri: str
    url: str = ""
    method: str = "POST"
    status_callback: str = ""
    status_callback_event: str = ""
    status_callback_method: str = "POST"
    machine_detection: str = ""
    machine_detection_timeout: int = 30
    machine_detection_speech_threshold: int = 2400
    machine_detection_speech_end_threshold: int = 1200
    amd_status_callback: str = ""
    amd_status_callback_method: str = "POST"


@dataclass(frozen=True, slots=True)
class Conference:
    """A room; ``wait_url=None`` is Twilio's music, ``""`` silence. (…/voice/twiml/conference)"""

    name: str
    muted: bool = False
    beep: str = "true"
    start_on_enter: bool = True
    end_on_exit: bool = False
    wait_url: str | None = None
    wait_method: str = "POST"
    max_participants: int = 250
    status_callback: str = ""
    status_callback_event: str = ""
    status_callback_method: str = "POST"
    label: str = ""
    coach: str = ""
    record: str = ""
    recording_status_callback: str = ""
    recording_status_callback_event: str = ""
    recording_status_callback_method: str = "POST"


@dataclass(frozen=True, slots=True)
class Queue:
    """Inside Dial: whoever is at the front of a queue. (…/docs/voice/twiml/queue)"""

    name: str
    url: str = ""
    method: str = "POST"


Noun = Number | Client | Sip | Conference | Queue


@dataclass(frozen=True, slots=True)
class Dial:
    """Connect the caller. Without ``action`` the next verb follows. (…/docs/voice/twiml/dial)"""

    nouns: tuple[Noun, ...]
    action: str = ""
    method: str = "POST"
    timeout: int = 30
    time_limit: int = 14400
    hangup_on_star: bool = False
    answer_on_bridge: bool = False
    caller_id: str = ""
    sequential: bool = False
    record: str = ""
    recording_track: str = "both"
    recording_status_callback: str = ""
    recording_status_callback_event: str = ""
    recording_status_callback_method: str = "POST"


@dataclass(frozen=True, slots=True)
class Enqueue:
    """Wait in a queue, hearing ``wait_url`` over and over. (…/docs/voice/twiml/enqueue)

    ``wait_url=None`` is Twilio's music, ``""`` is silence.
    """

    queue: str
    action: str = ""
    method: str = "POST"
    wait_url: str | None = None
    wait_url_method: str = "POST"
    max_queue_size: int | None = None


@dataclass(frozen=True, slots=True)
class Stream:
    """The call's sound to a websocket, ``wss:`` only. (…/docs/voice/twiml/stream)"""

    url: str = ""
    name: str = ""
    track: str = "inbound_track"
    connector_name: str = ""
    status_callback: str = ""
    status_callback_method: str = "POST"
    parameters: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class Siprec:
    """The call's sound to a session recorder. (…/docs/voice/twiml/siprec)"""

    connector_name: str = ""
    name: str = ""
    track: str = "both_tracks"
    status_callback: str = ""
    status_callback_method: str = "POST"
    parameters: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class Transcription:
    """What is said in the call, as text while it is said. (…/docs/voice/twiml/transcription)"""

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


SideNoun = Stream | Siprec | Transcription  # what goes on beside a call


@dataclass(frozen=True, slots=True)
class Start:
    """Begin something beside the call, and go on at once. (…/docs/voice/twiml/stream)"""

    nouns: tuple[SideNoun | Recording, ...] = ()


@dataclass(frozen=True, slots=True)
class Stop:
    """End what was started, by its name. (…/docs/voice/twiml/stream#stop)"""

    nouns: tuple[SideNoun, ...] = ()


@dataclass(frozen=True, slots=True)
class Connect:
    """Talk with a websocket until it closes. (…/docs/voice/twiml/connect)"""

    nouns: tuple[Stream, ...] = ()
    action: str = ""
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Echo:
    """The caller hears himself until he hangs up. (…/docs/voice/twiml/echo)"""


@dataclass(frozen=True, slots=True)
class Refer:
    """Hand a SIP call over to another address. (…/docs/voice/twiml/refer)"""

    nouns: tuple[Sip, ...] = ()
    action: str = ""
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Prompt:
    """What <Pay> says at a step, an attempt or an error. (…/docs/voice/twiml/pay/prompt)"""

    step: str = ""
    error_type: str = ""
    card_type: str = ""
    attempt: str = ""
    verbs: tuple[Say | Play | Pause, ...] = ()


@dataclass(frozen=True, slots=True)
class Pay:
    """Ask for a card's or a bank account's data, key by key. (…/docs/voice/twiml/pay)"""

    action: str = ""
    method: str = "POST"
    timeout: int = 5
    max_attempts: int = 2
    security_code: bool = True
    postal_code: str = "true"
    min_postal_code_length: int = 0
    payment_method: str = "credit-card"
    charge_amount: str = "0.0"
    valid_card_types: str = "visa mastercard amex"
    nouns: tuple[Prompt | Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class Sms:
    """Send a text in the midst of a call, by default to the caller. (…/docs/voice/twiml/sms)"""

    text: str
    to: str = ""
    sender: str = ""
    action: str = ""
    method: str = "POST"
    status_callback: str = ""


@dataclass(frozen=True, slots=True)
class Leave:
    """In a wait document: leave the queue. (…/docs/voice/twiml/leave)"""


@dataclass(frozen=True, slots=True)
class Redirect:
    """Go on with another document. (…/docs/voice/twiml/redirect)"""

    url: str = ""
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Hangup:
    """End the call. (…/docs/voice/twiml/hangup)"""


@dataclass(frozen=True, slots=True)
class Reject:
    """Refuse the call without answering it, as the first verb. (…/docs/voice/twiml/reject)"""

    reason: str = "rejected"


Verb = (
    Say
    | Play
    | Pause
    | Gather
    | Record
    | Dial
    | Enqueue
    | Leave
    | Redirect
    | Hangup
    | Reject
    | Start
    | Stop
    | Connect
    | Echo
    | Refer
    | Pay
    | Sms
)
