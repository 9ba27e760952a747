"""Machine detection: who has picked up, a person or an answering machine, and when that is known.

There is no sound, so it is decided by how long the greeting takes: a machine whose greeting is
shorter than the speech threshold is taken for a person, as at Twilio.
https://www.twilio.com/docs/voice/answering-machine-detection
"""

from __future__ import annotations

from typing import NamedTuple

from ivr.simulator.interpreter.speech import BEEP, saying
from ivr.twiml import verbs as v

HELLO = saying("Hello?", "")  # what a person says who picks up


class Detects(NamedTuple):
    """What is asked for; ``timeout`` in seconds, the others in milliseconds, as in the API.

    ``waits``: the call's document is asked for once it is known. Else ``url`` is told.
    """

    mode: str
    timeout: int = 30
    speech_threshold: int = 2400
    speech_end_threshold: int = 1200
    url: str = ""
    method: str = "POST"
    waits: bool = False


def of_noun(noun: v.Number | v.Sip, url: str) -> Detects:
    """What a <Number> or <Sip> asks for; ``url`` is its amdStatusCallback, absolute."""
    return Detects(
        noun.machine_detection,
        noun.machine_detection_timeout,
        noun.machine_detection_speech_threshold,
        noun.machine_detection_speech_end_threshold,
        url,
        noun.amd_status_callback_method,
    )


def answered_by(greeting: float | None, detects: Detects) -> tuple[str, float]:
    """(AnsweredBy, seconds until it is known); ``greeting`` is a machine's, in seconds."""
    threshold, silence = detects.speech_threshold / 1000, detects.speech_end_threshold / 1000
    spoken = HELLO if greeting is None else greeting
    if spoken < threshold:
        verdict, after = "human", spoken + silence
    elif detects.mode == "DetectMessageEnd":
        verdict, after = "machine_end_beep", spoken + BEEP
    else:
        verdict, after = "machine_start", threshold
    return (verdict, after) if after <= detects.timeout else ("unknown", float(detects.timeout))
