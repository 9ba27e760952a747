"""What was heard, as it is logged and read back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import get_args

import pytest

from ivr.errors import CallError
from ivr.line.turns.call.heard import (
    Bridged,
    CallbackMissed,
    CallbackTried,
    CallbackWent,
    CallHeard,
    CandidatesRanked,
    Clicked,
    DialEnded,
    HuntTimedOut,
    InRoom,
    KeysPressed,
    LeftConference,
    LegEnded,
    LegPlaced,
    MeetingLasted,
    OutcomeHeard,
    PlacementRefused,
    PlacementUnsure,
    RingLapsed,
)
from ivr.line.turns.call.log import from_log, to_log

# What was heard, and the words that stand for it in the logs of every version so far.
LOGGED = [
    (KeysPressed("17349013#"), ("keys", "", "17349013#", {})),
    (KeysPressed("1", "1-2"), ("keys", "1-2", "1", {})),
    (OutcomeHeard("hangup"), ("outcome", "", "hangup", {})),
    (OutcomeHeard("nobody", data={"why": "queue-full"}),
     ("outcome", "", "nobody", {"why": "queue-full"})),
    (Clicked("ring", "1-1", "MGR1"), ("click", "1-1", "MGR1", {"click": "ring"})),
    (Clicked("emergency", "1-1", data={"answers": {"users": 3}}),
     ("click", "1-1", "", {"click": "emergency", "answers": {"users": 3}})),
    (DialEnded("no_answer"), ("dialled", "", "no_answer", {})),
    (LeftConference("1-1"), ("out", "1-1", "", {})),
    (InRoom("1-1", "here", "CF1", 3), ("room", "1-1", "here", {"room": "CF1", "number": 3})),
    (InRoom("", "held"), ("room", "", "held", {"room": "", "number": -1})),
    (Bridged("1-1"), ("bridged", "1-1", "", {})),
    (MeetingLasted("1-1", datetime(2026, 11, 24, 9, tzinfo=UTC)),
     ("lasted", "1-1", "2026-11-24T09:00:00+00:00", {})),
    (LegEnded("1-1", "busy"), ("status", "1-1", "busy", {})),
    (LegPlaced("1-1", "CA1"), ("placed", "1-1", "CA1", {})),
    (LegPlaced("", "CA2"), ("placed", "", "CA2", {})),
    (PlacementRefused("1-1"), ("refused", "1-1", "", {})),
    (PlacementUnsure("1-1"), ("unsure", "1-1", "", {})),
    (RingLapsed("1-1"), ("lapsed", "1-1", "", {})),
    (HuntTimedOut(2), ("time_up", "", "", {"hunt": 2})),
    (CandidatesRanked([{"person": "OP1"}]), ("more", "", "", {"ranking": [{"person": "OP1"}]})),
    (CallbackTried(1), ("promise", "", "tried", {"number": 1})),
    (CallbackMissed("DIR1"), ("promise", "", "missed", {"to": "DIR1"})),
    (CallbackWent("kept", "MGR1"), ("promise", "", "kept", {"by": "MGR1"})),
    (CallbackWent("unanswered", ""), ("promise", "", "unanswered", {"by": ""})),
]  # fmt: skip


@pytest.mark.parametrize(("heard", "words"), LOGGED, ids=[str(heard) for heard, _ in LOGGED])
def test_the_log_keeps_its_words_both_ways(
    heard: CallHeard, words: tuple[str, str, str, dict[str, object]]
) -> None:
    assert to_log(heard) == words
    assert from_log(*words) == heard


def test_everything_that_can_be_heard_has_its_words() -> None:
    assert {type(heard) for heard, _ in LOGGED} == set(get_args(CallHeard))


def test_a_word_that_no_log_has_is_refused() -> None:
    with pytest.raises(CallError, match="the log says 'sung'"):
        from_log("sung", "", "", {})
