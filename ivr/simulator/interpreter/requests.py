"""What the interpreter asks of its driver, and what it is sent back: plain values.

request      what is sent back
Answer       None, at once
Speak        None once it has been played to the end, or the Key or Speech that broke in
Listen       a Key, a Speech, HANGUP, or None when time is up
Fetch, Fail  the Page to go on with
Connect      the Outcome of a Dial
Join         the Outcome of an Enqueue
Tape         None, at once: the recording has begun
Keep         (sid, url) of the recording, or None if it isn't kept
Now          seconds since any fixed instant; with ``date``, the date and time
Token        a unique string
Begin, Halt  None, at once
Attach       the Outcome of a Connect, when the websocket has closed or the room is over
Echo         nothing: it lasts until the end of the call
Text         the parameters of the action of an <Sms>
Transfer     the Outcome of a Refer, or the Page to go on with after a failure
Notify, Warn None, at once
End, Leave   nothing: the generator is closed
"""

from __future__ import annotations

from collections.abc import Generator
from enum import Enum
from typing import Any, NamedTuple

from ivr.twiml import verbs as v

Params = tuple[tuple[str, str], ...]
NONE: Params = ()


class Page(NamedTuple):
    """A document, and the URL that its relative URLs resolve against ("" if it has none)."""

    url: str
    verbs: tuple[v.Verb, ...]


class Fetch(NamedTuple):
    """Request a document."""

    url: str
    method: str = "POST"
    params: Params = NONE


class Fail(NamedTuple):
    """The document can't be carried out: note Twilio's error, and fall back."""

    code: int
    message: str


class Warn(NamedTuple):
    """Note a warning in the debugger's log; the document goes on."""

    code: int
    message: str


class Notify(NamedTuple):
    """Make a request whose answer isn't carried out."""

    url: str
    method: str
    params: Params


class Answer(NamedTuple):
    """Pick up the incoming call."""


class Speak(NamedTuple):
    """Let the person hear something.

    ``kind`` is say, play, tones, beep, pause or music. ``ears`` says what may break in: "dtmf",
    "speech", both or "". ``seconds`` is the length of a pause, or how much longer SSML makes a say.
    """

    kind: str
    text: str = ""
    language: str = ""
    voice: str = ""
    ears: str = ""
    seconds: float = 0.0


class Load(NamedTuple):
    """Have a file ready before it is played."""

    url: str


class Listen(NamedTuple):
    """Wait for a key or speech, at most ``seconds``. ``hangup``: a hang-up is an answer too."""

    seconds: float
    ears: str = "dtmf"
    hangup: bool = False


class Connect(NamedTuple):
    """Carry out a Dial; URLs in it resolve against ``base``."""

    dial: v.Dial
    base: str


class Join(NamedTuple):
    """Wait in a queue."""

    enqueue: v.Enqueue
    base: str


class Outcome(NamedTuple):
    """How a Dial or an Enqueue ended, as the parameters of its action.

    ``over``: the document is over (hung up, or redirected by REST). ``answered``: the incoming call
    has been answered meanwhile.
    """

    params: Params
    over: bool = False
    answered: bool = True


class Tape(NamedTuple):
    """Begin to record; ``callback`` is (URL, method, events) of the status callback."""

    callback: tuple[str, str, str] = ("", "POST", "")


class Keep(NamedTuple):
    """End the recording, which has ``seconds`` once silence is cut off.

    ``transcribe``: what was said (``words``) is transcribed and sent to ``callback``. ``silent``:
    nothing was; an account may not keep such a recording, and is sent None then.
    """

    seconds: int
    words: str = ""
    transcribe: bool = False
    callback: str = ""
    silent: bool = False


class Now(NamedTuple):
    """Ask for the time."""

    date: bool = False


class Token(NamedTuple):
    """Ask for a unique string."""


class Begin(NamedTuple):
    """Start something beside the call."""

    noun: v.SideNoun | v.Recording
    base: str


class Halt(NamedTuple):
    """Stop what was started beside the call."""

    noun: v.SideNoun


class Attach(NamedTuple):
    """Connect the call to a websocket, a video room, a virtual agent or a conversation."""

    noun: v.Place
    base: str


class Echo(NamedTuple):
    """Let people hear themselves."""


class Text(NamedTuple):
    """Send a text; ``to`` and ``sender`` are "" for the two ends of the call."""

    to: str
    sender: str
    body: str
    callback: str


class Transfer(NamedTuple):
    """Transfer a SIP call."""

    uri: str


class End(NamedTuple):
    """End the call. ``status`` is its final one if it was never answered; otherwise completed.

    ``returned`` are parameters for the <Dial> that has called.
    """

    status: str
    returned: Params = NONE


class Leave(NamedTuple):
    """Leave the queue."""


class Key(str):
    """A key of the telephone: 0-9, * or #."""

    __slots__ = ()


class Speech(str):
    """What a person said, as a recognizer would report it; ``confidence`` is from 0 to 1."""

    __slots__ = ("confidence",)
    confidence: float

    def __new__(cls, text: str, confidence: float = 0.9) -> Speech:
        speech = super().__new__(cls, text)
        speech.confidence = confidence
        return speech


class Gone(Enum):
    """What `Listen` is sent when the person hangs up."""

    HANGUP = "hangup"


HANGUP = Gone.HANGUP
Request = Any  # one of the classes above
Steps = Generator[Request, Any, Any]

PENDING = object()  # for the driver: the answer comes later
