"""TwiML's verbs and nouns as plain values, with Twilio's defaults.

One vocabulary for both sides of the wire: an application builds these and `writing.render` writes
them; the simulator gets them from `reading.parse` and carries them out. Times are in seconds; a URL
may be relative to the document's own. Source of the defaults:
https://www.twilio.com/docs/voice/twiml and the page of each verb.
"""

from __future__ import annotations

from dataclasses import dataclass

from ivr.twiml.nouns import Config as Config
from ivr.twiml.nouns import Conversation as Conversation
from ivr.twiml.nouns import Parameter as Parameter
from ivr.twiml.nouns import Place as Place
from ivr.twiml.nouns import Recording as Recording
from ivr.twiml.nouns import Room as Room
from ivr.twiml.nouns import SideNoun as SideNoun
from ivr.twiml.nouns import Siprec as Siprec
from ivr.twiml.nouns import Stream as Stream
from ivr.twiml.nouns import Transcription as Transcription
from ivr.twiml.nouns import VirtualAgent as VirtualAgent


@dataclass(frozen=True, slots=True)
class Say:
    """Speak a text. ``loop=0`` repeats until hang-up. (…/docs/voice/twiml/say)

    ``silence`` and ``stretch`` are how SSML changes its length: seconds of breaks, and the time of
    so many characters that a rate adds (or, below 0, saves).
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
    """Collect keys or speech; nested prompts stop at the first key. (…/docs/voice/twiml/gather)"""

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
    """A softphone to dial by its identity; it gets the parameters. (…/docs/voice/twiml/client)"""

    identity: str
    url: str = ""
    method: str = "POST"
    status_callback: str = ""
    status_callback_event: str = ""
    status_callback_method: str = "POST"
    parameters: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class Sip:
    """A SIP address to dial; it gets the headers, besides those in its URI.

    (…/docs/voice/twiml/sip)
    """

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
    headers: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class Sim:
    """A telephone by the SID of its SIM card to dial. (…/docs/wireless/api/sim-resource)"""

    sid: str


@dataclass(frozen=True, slots=True)
class Application:
    """A TwiML application to dial; it gets the parameters. (…/docs/voice/twiml/dial/application)"""

    sid: str
    url: str = ""
    method: str = "POST"
    status_callback: str = ""
    status_callback_event: str = ""
    status_callback_method: str = "POST"
    customer_id: str = ""
    copy_parent_to: bool = False
    parameters: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class Conference:
    """A conference to join. (…/docs/voice/twiml/conference)

    ``wait_url=None`` is Twilio's music, ``""`` is silence.
    """

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
    """Inside Dial: the caller at the front of a queue. (…/docs/voice/twiml/queue)"""

    name: str
    url: str = ""
    method: str = "POST"
    reservation_sid: str = ""
    post_work_activity_sid: str = ""


Noun = Number | Client | Sip | Sim | Application | Conference | Queue


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
class Task:
    """Further attributes, as JSON, of the task that a call becomes. (…/twiml-queue-calls)

    ``timeout`` are seconds; None for the default.
    """

    attributes: str = ""
    priority: int = 0
    timeout: int | None = None


@dataclass(frozen=True, slots=True)
class Enqueue:
    """Wait in a queue, hearing ``wait_url`` over and over. (…/docs/voice/twiml/enqueue)

    ``wait_url=None`` is Twilio's music, ``""`` is silence. With a ``workflow_sid`` the call becomes
    a task of TaskRouter.
    """

    queue: str
    action: str = ""
    method: str = "POST"
    wait_url: str | None = None
    wait_url_method: str = "POST"
    max_queue_size: int | None = None
    workflow_sid: str = ""
    tasks: tuple[Task, ...] = ()


@dataclass(frozen=True, slots=True)
class Start:
    """Start something beside the call, and go on at once. (…/docs/voice/twiml/stream)"""

    nouns: tuple[SideNoun | Recording, ...] = ()


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop what was started, by its name. (…/docs/voice/twiml/stream#stop)"""

    nouns: tuple[SideNoun, ...] = ()


@dataclass(frozen=True, slots=True)
class Connect:
    """Connect the call to a websocket, a room or an agent, until that is over.

    (…/docs/voice/twiml/connect)
    """

    nouns: tuple[Place, ...] = ()
    action: str = ""
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Echo:
    """Callers hear themselves until they hang up. (…/docs/voice/twiml/echo)"""


@dataclass(frozen=True, slots=True)
class Refer:
    """Transfer a SIP call to another address. (…/docs/voice/twiml/refer)"""

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
    """Ask for the data of a card or a bank account, key by key. (…/docs/voice/twiml/pay)"""

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
    """Send a text during a call, to the caller by default. (…/docs/voice/twiml/sms)"""

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
    """End the call; the parameters go to the <Dial> that has called an application.

    (…/docs/voice/twiml/hangup)
    """

    parameters: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class Reject:
    """Refuse the call without answering it, as the first verb; for the parameters see `Hangup`.

    (…/docs/voice/twiml/reject)
    """

    reason: str = "rejected"
    parameters: tuple[Parameter, ...] = ()


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
