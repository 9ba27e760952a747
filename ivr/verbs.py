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
    """Speak a text. ``loop=0`` repeats until hang-up. (…/docs/voice/twiml/say)"""

    text: str
    voice: str = ""
    language: str = ""
    loop: int = 1


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


@dataclass(frozen=True, slots=True)
class Client:
    """A softphone to dial by its identity. (…/docs/voice/twiml/client)"""

    identity: str
    url: str = ""
    method: str = "POST"
    status_callback: str = ""
    status_callback_event: str = ""
    status_callback_method: str = "POST"


@dataclass(frozen=True, slots=True)
class Sip:
    """A SIP address to dial. (…/docs/voice/twiml/sip)"""

    uri: str
    url: str = ""
    method: str = "POST"
    status_callback: str = ""
    status_callback_event: str = ""
    status_callback_method: str = "POST"


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


Verb = Say | Play | Pause | Gather | Record | Dial | Enqueue | Leave | Redirect | Hangup | Reject
