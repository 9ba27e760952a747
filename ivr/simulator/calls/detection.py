"""Machine detection: whether a person or an answering machine picked up, and when that is known.

There is no sound, so the length of the greeting decides: a machine whose greeting is shorter than
the speech threshold is taken for a person, as at Twilio.
https://www.twilio.com/docs/voice/answering-machine-detection
"""

from __future__ import annotations

from typing import NamedTuple

from ivr.simulator.interpreter.speech import BEEP, saying
from ivr.twiml import verbs as v

HELLO = saying("Hello?", "")  # what people say when they pick up


class Detection(NamedTuple):
    """The options of a detection, as in the API: ``timeout`` in seconds, thresholds in ms.

    ``waits``: the call's document is requested once the result is known; otherwise the result goes
    to ``url``.
    """

    mode: str
    timeout: int = 30
    speech_threshold: int = 2400
    speech_end_threshold: int = 1200
    url: str = ""
    method: str = "POST"
    waits: bool = False


def of_noun(noun: v.Number | v.Sip, url: str) -> Detection:
    """The options of a <Number> or <Sip>; ``url`` is its amdStatusCallback, absolute."""
    return Detection(
        noun.machine_detection,
        noun.machine_detection_timeout,
        noun.machine_detection_speech_threshold,
        noun.machine_detection_speech_end_threshold,
        url,
        noun.amd_status_callback_method,
    )


def answered_by(greeting: float | None, options: Detection) -> tuple[str, float]:
    """(AnsweredBy, seconds until it is known).

    ``greeting``: seconds that a machine's greeting takes; None when a person picks up.
    """
    threshold, silence = options.speech_threshold / 1000, options.speech_end_threshold / 1000
    spoken = HELLO if greeting is None else greeting
    if spoken < threshold:
        verdict, after = "human", spoken + silence
    elif options.mode == "DetectMessageEnd":
        verdict, after = "machine_end_beep", spoken + BEEP
    else:
        verdict, after = "machine_start", threshold
    return (verdict, after) if after <= options.timeout else ("unknown", float(options.timeout))
