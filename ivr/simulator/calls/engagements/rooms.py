"""Video rooms: calls that <Connect><Room> has brought there, and people in front of a screen.

Only words are carried. https://www.twilio.com/docs/voice/twiml/connect/room,
https://www.twilio.com/docs/video/adding-programmable-voice-participants-video-rooms
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from ivr.errors import CallError
from ivr.simulator.calls.leg import Leg
from ivr.simulator.calls.player import Player
from ivr.simulator.calls.protocols import CallNetwork, Engagement, Telephone
from ivr.simulator.interpreter import requests
from ivr.simulator.network.virtual_clock import Bell
from ivr.simulator.webhooks.delivery import Delivery

EMPTY = 300.0  # seconds: "5 minutes by default" until a room in which nobody is ends
MAX_CALLS = 35  # "Video Rooms can support up to 35 PSTN Participants"
SAME_IDENTITY = 53205  # https://www.twilio.com/docs/api/errors/53205


class Room:
    """A video room; `Exchange.room` opens it. ``status``: in-progress, then completed."""

    def __init__(
        self, network: CallNetwork[Leg], name: str, status_callback: str = "", method: str = "POST"
    ) -> None:
        self.network = network
        self.sid = network.seed.sid("RM")
        self.name = name
        self.status = "in-progress"
        self.visits: list[Visit] = []
        self.status_callback = status_callback
        self.method = method
        self.opened_at = network.clock.now()
        self._sequence = 0
        self._empty: Bell | None = None
        self._tell("room-created")
        self._settle()

    def __repr__(self) -> str:
        return f"<Room {self.name} {self.status} {', '.join(self.identities) or 'empty'}>"

    @property
    def identities(self) -> list[str]:
        """The identities of those who are in it, in the order in which they came."""
        return [each.identity for each in self.visits]

    @property
    def place(self) -> str:
        """Its name in `Exchange.history`."""
        return f"room {self.name}"

    def end(self) -> None:
        """End it, as an application does by REST: calls go on after their <Connect>."""
        self.network.act(self.close)

    def enter(self, visit: Visit) -> None:
        """Somebody comes; whoever had the same identity is put out. (error 53205)"""
        for other in [each for each in self.visits if each.identity == visit.identity]:
            text = f'"{visit.identity}" is in the room "{self.name}" already, and is put out'
            self.network.note("warning", SAME_IDENTITY, text, "", other.leg.sid)
            other.put_out(f'another "{visit.identity}" has come into the room')
        self.visits.append(visit)
        self.network.history.add(visit.leg.sid, "joined", self.place)
        if len(self.visits) == 1:
            self.network.history.add("", "started", self.place)
        self._tell("participant-connected", visit)
        self._settle()

    def remove(self, visit: Visit) -> None:
        if visit in self.visits:
            self.visits.remove(visit)
            self.network.history.add(visit.leg.sid, "left", self.place)
            self._tell("participant-disconnected", visit)
            self._settle()

    def close(self) -> None:
        """It is over: everyone is put out."""
        if self.status == "completed":
            return
        self.status = "completed"
        for visit in list(self.visits):
            visit.put_out(f"the room {self.name} is over")
        self._tell("room-ended")

    def _settle(self) -> None:
        if self._empty is not None:
            self._empty.cancel()
            self._empty = None
        if not self.visits and self.status == "in-progress":
            self._empty = self.network.clock.after(EMPTY, self.close)

    def _tell(self, event: str, visit: Visit | None = None) -> None:
        """The room's status callback. (https://www.twilio.com/docs/video/api/status-callbacks)"""
        number, self._sequence = self._sequence, self._sequence + 1
        if not self.status_callback:
            return
        clock = self.network.clock
        values = {
            "AccountSid": self.network.account_sid,
            "RoomName": self.name,
            "RoomSid": self.sid,
            "RoomStatus": self.status,
            "RoomType": "group",
            "SequenceNumber": str(number),
            "StatusCallbackEvent": event,
            "Timestamp": clock.stamp(),
        }
        if visit is not None:
            gone = visit not in self.visits
            values |= {
                "ParticipantIdentity": visit.identity,
                "ParticipantSid": visit.sid,
                "ParticipantStatus": "disconnected" if gone else "connected",
            }
            if gone:
                values["ParticipantDuration"] = _seconds(visit.came_at, clock.now())
        if event == "room-ended":
            values["RoomDuration"] = _seconds(self.opened_at, clock.now())
        delivery = Delivery(self.network, self.status_callback, self.method, values)
        clock.soon(delivery.tell)


class Rooms:
    """The rooms of a network, by name; the last one of a name counts."""

    def __init__(self, network: CallNetwork[Leg]) -> None:
        self._network = network
        self._rooms: dict[str, Room] = {}

    def named(self, name: str) -> Room | None:
        """The room of that name, or with that SID, that is in progress."""
        for room in self._rooms.values():
            if name in (room.name, room.sid) and room.status == "in-progress":
                return room
        return None

    def open(self, name: str, status_callback: str = "", method: str = "POST") -> Room:
        """The room of that name; a new one if none is in progress."""
        room = self.named(name)
        if room is None:
            room = self._rooms[name] = Room(self._network, name, status_callback, method)
        return room

    def join(self, phone: Telephone[Leg], number: str, name: str) -> Leg:
        """Somebody in front of a screen joins; the room is opened if need be.

        Their connection is a leg that no webhook and no REST request shows. Raises `CallError` for
        someone who isn't a client.
        """
        identity = number.removeprefix("client:")
        if identity == number:
            raise CallError(
                f"{number} can't join a room: only a client:NAME can, who is in front of a screen;"
                " a telephone gets there by <Connect><Room>"
            )
        room = self.open(name)
        leg = Leg(self._network, "inbound", number, room.place, phone)
        leg.answer()
        leg.engaged = visit = Visit(room, leg, None, identity)
        visit.start()
        return leg


class Visit(Engagement[Leg]):
    """One leg's stay in a room; of a telephone, what its <Connect> waits for."""

    __slots__ = ("came_at", "identity", "leg", "player", "room", "sid")

    def __init__(self, room: Room, leg: Leg, player: Player | None, identity: str) -> None:
        self.room = room
        self.leg = leg
        self.player = player
        self.sid = leg.network.seed.sid("PA")
        self.identity = identity or self.sid  # "Twilio will assign a unique string"
        self.came_at = leg.network.clock.now()

    def start(self) -> None:
        self.room.enter(self)

    def leave(self, reason: str) -> requests.Params:
        self.room.remove(self)
        return requests.NONE

    def put_out(self, why: str) -> None:
        """Leave: a telephone's document goes on; someone in front of a screen is gone."""
        self.room.remove(self)
        self.leg.engaged = None
        if self.player is None:
            self.leg.network.clock.soon(self.leg.end, "completed", why)
        else:
            self.player.soon(requests.Outcome(requests.NONE))

    def company(self) -> Iterable[Leg]:
        return [each.leg for each in self.room.visits if each is not self]


def visit(rooms: Rooms, leg: Leg, player: Player, name: str, identity: str) -> Visit | None:
    """The stay that a <Room> leads to; None, with a remark, where there is no such room.

    "If an in-progress Video Room with that unique name does not exist for your account, Twilio
    will move to the next set of TwiML instructions."
    """
    room = rooms.named(name)
    if room is None:
        why = f'no video room "{name}" is in progress; exchange.room("{name}") opens one'
    elif sum(each.player is not None for each in room.visits) >= MAX_CALLS:
        why = f'the video room "{name}" has {MAX_CALLS} calls in it already'
    else:
        return Visit(room, leg, player, identity)
    leg.network.note("warning", 0, why, "", leg.sid)
    return None


def _seconds(since: datetime, until: datetime) -> str:
    return str(int((until - since).total_seconds()))
