"""How long it takes to say something, and what is left of it in a person's ear."""

from __future__ import annotations

from datetime import datetime

# Characters a second at a telephone voice's ordinary pace; a character of Chinese is a syllable.
PACE = {"zh": 4.5, "cmn": 4.5, "yue": 4.5, "ja": 7.0, "ko": 6.0}
USUAL_PACE = 15.0
TONE = 0.25  # seconds for each DTMF tone
SILENCES = {"w": 0.5, "W": 1.0}  # https://www.twilio.com/docs/voice/twiml/play#attributes-digits
BEEP = 0.5
UNKNOWN_AUDIO = 3.0  # a file whose length can't be seen


class Utterance:
    """Something a person hears; ``complete`` once it has been played to its end.

    ``kind``: "say", "play" (``text`` is the URL), "tones" (``text`` is the digits), "tone" (a
    beep; ``voice`` is the number of the answering machine that beeps), "pause", "music" (Twilio's
    own, while waiting), "person" (somebody whom it is connected to says ``text``; ``voice`` is his
    number). ``seconds`` is what it takes in full;
    music never ends.
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
    """Seconds to say a text."""
    return round(max(0.3, len(text) / pace(language)), 3)


def pace(language: str) -> float:
    """Characters a second."""
    return PACE.get(language.partition("-")[0].lower(), USUAL_PACE) if language else USUAL_PACE


def dialling(digits: str) -> float:
    """Seconds to play tones."""
    return sum(SILENCES.get(digit, TONE) for digit in digits)
