"""Files that are played: whether they exist, whether they are audio, and how long they are.

They are requested "by GET, without the standard call parameters", and remembered. Only files of
applications with a number here, and on this machine, are requested; any other is assumed to exist,
and to last `UNKNOWN_AUDIO` seconds. (https://www.twilio.com/docs/voice/twiml/play)
"""

from __future__ import annotations

import io
import wave
from urllib.parse import urlsplit

from ivr.errors import TwiMLError
from ivr.simulator.calls.fetching import audio_failed
from ivr.simulator.calls.leg import Leg
from ivr.simulator.calls.player import Player
from ivr.simulator.calls.recordings import Recordings
from ivr.simulator.interpreter.requests import PENDING, Load, Speak
from ivr.simulator.interpreter.speech import UNKNOWN_AUDIO
from ivr.simulator.network.network import Network
from ivr.simulator.network.targets import LOCAL, requestable
from ivr.simulator.webhooks.answers import content_type
from ivr.simulator.webhooks.delivery import Delivery
from ivr.simulator.webhooks.documents import AUDIO_TYPES, check
from ivr.simulator.webhooks.request import HTTPReply

MAX_FILES = 1000  # whose length is remembered


class Audio:
    """The lengths of files, by URL."""

    def __init__(self, network: Network, recordings: Recordings) -> None:
        self._network = network
        self._recordings = recordings
        self._seconds: dict[str, float] = {}

    def play(self, leg: Leg, player: Player, request: Speak) -> object:
        """Let the person hear a file for as long as it lasts."""
        seconds = self._known(request.text)
        if seconds is not None:
            return player.utter(request, seconds)
        return self._fetch(leg, player, request)

    def load(self, leg: Leg, player: Player, request: Load) -> object:
        """Request the file, so that its length is known before it plays."""
        if self._known(request.url) is not None:
            return None
        return self._fetch(leg, player, request)

    def _known(self, url: str) -> float | None:
        recording = self._recordings.at(url)
        if recording is not None:
            return float(recording.seconds)
        seconds = self._seconds.get(url)
        if seconds is None and requestable(url) and self._elsewhere(url):
            return UNKNOWN_AUDIO
        return seconds

    def _elsewhere(self, url: str) -> bool:
        return urlsplit(url).hostname not in LOCAL and not self._network.serves(url)

    def _fetch(self, leg: Leg, player: Player, request: Speak | Load) -> object:
        url = request.text if isinstance(request, Speak) else request.url
        delivery = Delivery(self._network, url, "GET", None, leg.sid)
        ticket = player.ticket
        player.waiting = request

        def later(done: Delivery) -> None:
            if ticket != player.ticket or player.steps is None:
                return
            if self._arrived(leg, player, request, url, done) is None:
                player.resume(None)

        if delivery.start(later, patience=True):
            return self._arrived(leg, player, request, url, delivery)
        return PENDING

    def _arrived(
        self, leg: Leg, player: Player, request: Speak | Load, url: str, done: Delivery
    ) -> object:
        assert done.reply is not None
        try:
            seconds = length_of(done.reply)
        except TwiMLError as error:
            audio_failed(leg, player, error, url)
            return PENDING
        if len(self._seconds) >= MAX_FILES:
            self._seconds.clear()
        self._seconds[url] = seconds
        return player.utter(request, seconds) if isinstance(request, Speak) else None


def length_of(reply: HTTPReply) -> float:
    """Seconds of sound in an answer. Raises `TwiMLError` 11200 or 12300."""
    check(reply)
    kind, _ = content_type(reply)
    if kind not in AUDIO_TYPES:
        raise TwiMLError(12300, f"Content-Type {kind or 'missing'} isn't audio")
    try:
        with wave.open(io.BytesIO(reply.body)) as file:
            return float(file.getnframes() / file.getframerate())
    except (wave.Error, EOFError, ZeroDivisionError):
        return UNKNOWN_AUDIO
