"""How long it takes to say something, and what a person hears."""

from __future__ import annotations

from datetime import datetime

# Characters a second at the usual pace of a phone voice; in Chinese, a character is a syllable.
PACE = {"zh": 4.5, "cmn": 4.5, "yue": 4.5, "ja": 7.0, "ko": 6.0}
USUAL_PACE = 15.0
TONE = 0.25  # seconds for each DTMF tone
SILENCES = {"w": 0.5, "W": 1.0}  # https://www.twilio.com/docs/voice/twiml/play#attributes-digits
BEEP = 0.5
UNKNOWN_AUDIO = 3.0  # seconds of a file whose length is unknown


class Utterance:
    """Something a person hears, from the instant ``at``.

    ``kind`` is one of

    - "say": ``text`` is spoken, in ``language`` and ``voice`` ("" where the verb names none);
    - "play": a file; ``text`` is its URL;
    - "tones": ``text`` are the digits;
    - "tone": a beep; ``voice`` is the number of the answering machine that beeps, if one does;
    - "pause", and "music" (Twilio's own, while waiting);
    - "person": somebody on the call says ``text``; ``voice`` is their number.

    ``seconds`` is its full length (0 for music, which never ends); ``complete`` is False until it
    has been played to the end.
    """

    __slots__ = ("at", "complete", "kind", "language", "seconds", "text", "voice")

    def __init__(
        self,
        at: datetime,
        kind: str,
        text: str = "",
        language: str = "",
        voice: str = "",
        seconds: float = 0.0,
    ) -> None:
        self.at = at
        self.kind = kind
        self.text = text
        self.language = language
        self.voice = voice
        self.seconds = seconds
        self.complete = False

    def __repr__(self) -> str:
        end = "" if self.complete else " …"
        return f"<{self.kind} {self.text!r}{end}>"


def saying(text: str, language: str) -> float:
    """Seconds that it takes to say a text."""
    return round(max(0.3, len(text) / pace(language)), 3)


def pace(language: str) -> float:
    """Characters a second in a language."""
    return PACE.get(language.partition("-")[0].lower(), USUAL_PACE) if language else USUAL_PACE


def dialling(digits: str) -> float:
    """Seconds that it takes to play tones."""
    return sum(SILENCES.get(digit, TONE) for digit in digits)
