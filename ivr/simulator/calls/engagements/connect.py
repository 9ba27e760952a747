"""What <Connect> leads to, a <Stream> among it, and <Echo>.

https://www.twilio.com/docs/voice/twiml/connect, /stream, /echo
"""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping

from ivr.simulator.calls.engagements import rooms
from ivr.simulator.calls.engagements.agents import AgentConnection, Script
from ivr.simulator.calls.engagements.conversations import ConversationDial, Conversations
from ivr.simulator.calls.leg import Leg
from ivr.simulator.calls.player import Player
from ivr.simulator.calls.protocols import CallNetwork, Engagement
from ivr.simulator.calls.recordings import Recordings
from ivr.simulator.calls.side_streams import SideStream
from ivr.simulator.interpreter import requests
from ivr.twiml import verbs as v


class Connections:
    """What calls can be connected to: video rooms, virtual agents, conversations, websockets."""

    def __init__(
        self,
        network: CallNetwork[Leg],
        recordings: Recordings,
        side_streams: MutableMapping[str, SideStream],
    ) -> None:
        self.rooms = rooms.Rooms(network)
        self.agents: dict[str, Script] = {}  # by connector
        self.conversations = Conversations()
        self._recordings = recordings
        self._side_streams = side_streams

    def engagement(
        self, leg: Leg, player: Player, request: requests.Attach
    ) -> Engagement[Leg] | None:
        """What a <Connect> leads to; None for a room that there isn't."""
        noun, base = request.noun, request.base
        match noun:
            case v.Room(name=name, identity=identity):
                return rooms.visit(self.rooms, leg, player, name, identity)
            case v.VirtualAgent(connector_name=name):
                return AgentConnection(leg, player, noun, base, self.agents.get(name))
            case v.Conversation():
                found = self.conversations
                return ConversationDial(leg, player, noun, base, self._recordings, found)
        return StreamConnection(leg, player, noun, base, self._side_streams)


class StreamConnection(Engagement[Leg]):
    """<Connect><Stream>: the call belongs to the websocket until that closes."""

    __slots__ = ("leg", "player", "stream")

    def __init__(
        self,
        leg: Leg,
        player: Player,
        noun: v.Stream,
        base: str,
        running: MutableMapping[str, SideStream],
    ) -> None:
        self.leg = leg
        self.player = player
        self.stream = SideStream(leg, noun, base, running, self._over)

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
