"""A call alone with a machine: <Connect><Stream>, and <Echo>.

https://www.twilio.com/docs/voice/twiml/connect, /stream, /echo
"""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping

from ivr.simulator.calls.leg import Leg
from ivr.simulator.calls.player import Player
from ivr.simulator.calls.protocols import Engagement
from ivr.simulator.calls.side_streams import SideStream
from ivr.simulator.interpreter import requests


class StreamConnection(Engagement[Leg]):
    """<Connect><Stream>: the call belongs to the websocket until that closes."""

    __slots__ = ("leg", "player", "stream")

    def __init__(
        self,
        leg: Leg,
        player: Player,
        request: requests.Attach,
        running: MutableMapping[str, SideStream],
    ) -> None:
        self.leg = leg
        self.player = player
        self.stream = SideStream(leg, request.noun, request.base, running, self._over)

    def start(self) -> None:
        if not self.leg.attend(self.stream):
            self._over()

    def leave(self, reason: str) -> requests.Params:
        self.stream.stop()
        return requests.NONE

    def _over(self) -> None:
        self.leg.engaged = None
        self.player.soon(requests.Outcome((("StreamSid", self.stream.sid),)))


class Echo(Engagement[Leg]):
    """<Echo>: people hear themselves when they speak."""

    __slots__ = ("leg",)

    def __init__(self, leg: Leg) -> None:
        self.leg = leg

    def company(self) -> Iterable[Leg]:
        return (self.leg,)
