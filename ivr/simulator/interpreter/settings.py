"""Where a document runs, and which verbs it may use there.

The main document of a call, what is heard while waiting in a queue or a conference, a whisper:
each page of https://www.twilio.com/docs/voice/twiml says which verbs are allowed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ivr.twiml import verbs as v


@dataclass(frozen=True, slots=True, eq=False)  # each is itself: there are no two alike
class Setting:
    """Which verbs a kind of document may use.

    Others are skipped with a warning (``code``), or fail the document (``fatal``, by verb).
    ``again``: when the document runs out, it is requested again.
    """

    name: str
    verbs: frozenset[type]
    code: int = 12200
    fatal: Mapping[type, int] = field(default_factory=dict)
    again: bool = False


_PROMPTS = (v.Say, v.Play, v.Pause)
CALL = Setting(
    "call",
    frozenset(
        {
            *_PROMPTS,
            v.Gather,
            v.Record,
            v.Dial,
            v.Enqueue,
            v.Redirect,
            v.Hangup,
            v.Reject,
            v.Start,
            v.Stop,
            v.Connect,
            v.Echo,
            v.Refer,
            v.Pay,
            v.Sms,
        }
    ),
)
QUEUE_WAIT = Setting(
    "queue wait", frozenset({*_PROMPTS, v.Hangup, v.Redirect, v.Leave, v.Gather}), again=True
)
CONFERENCE_WAIT = Setting("conference wait", frozenset({*_PROMPTS, v.Redirect}), 13238)
HOLD = Setting("hold", frozenset({*_PROMPTS, v.Redirect}), 13238)
ANNOUNCEMENT = Setting("conference announcement", frozenset({*_PROMPTS, v.Redirect}), 13238)
# Every request from within one of these also says what the wait is about: the first one, and
# those of a <Redirect> or <Gather> in it.
WAITS = (QUEUE_WAIT, CONFERENCE_WAIT, HOLD, ANNOUNCEMENT)
WHISPER = Setting(
    "whisper",
    frozenset({*_PROMPTS, v.Gather, v.Redirect, v.Hangup}),
    fatal={v.Dial: 13201},
)
QUEUE_WHISPER = Setting("queue whisper", frozenset({*_PROMPTS, v.Redirect}))
CAPTURE = Setting("payment", frozenset())  # keys that only a payment hears
VIRTUAL_AGENT = Setting("virtual agent", frozenset())  # a script of the test, not a document
