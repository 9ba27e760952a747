"""Queues: callers waiting in order, and the legs that dial a queue to get the first.

https://www.twilio.com/docs/voice/twiml/enqueue, /queue, /leave
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ivr.simulator.calls.leg import Leg
from ivr.simulator.calls.player import Player
from ivr.simulator.calls.protocols import Engagement
from ivr.simulator.calls.recordings import Recording, Recordings, of_dial, told_of
from ivr.simulator.interpreter import requests
from ivr.simulator.interpreter.interpreter import Interpreter, resolve, waiting_steps
from ivr.simulator.interpreter.settings import QUEUE_WAIT, QUEUE_WHISPER, Setting
from ivr.simulator.network.network import Network
from ivr.simulator.network.virtual_clock import Bell
from ivr.twiml import verbs as v

DEFAULT_SIZE = 1000


class Queue:
    """A queue; it exists from its first use, or its creation by REST, until it is deleted."""

    def __init__(self, network: Network, name: str, max_size: int = DEFAULT_SIZE) -> None:
        self.network = network
        self.sid = network.seed.sid("QU")
        self.name = name
        self.max_size = max_size
        self.members: list[Member] = []
        self.dialling: list[QueueDial] = []  # waiting for a caller
        self.created_at = self.updated_at = network.clock.now()

    @property
    def average_wait(self) -> int:
        """Average seconds that the callers in the queue have waited."""
        waits = [member.waited for member in self.members]
        return sum(waits) // len(waits) if waits else 0

    def position(self, member: Member) -> int:
        """Counted from 1; 0 when it isn't waiting any more."""
        return self.members.index(member) + 1 if member in self.members else 0

    def add(self, member: Member) -> None:
        self.members.append(member)
        self.network.history.add(member.leg.sid, "queued", self.name)
        if self.dialling:
            dialler = self.dialling.pop(0)
            self.network.clock.soon(dialler.take)

    def remove(self, member: Member) -> None:
        if member in self.members:
            self.members.remove(member)
            self.network.history.add(member.leg.sid, "dequeued", self.name)


class Queues:
    """All queues of a network, by SID and by name; the first one with a name has it."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._by_sid: dict[str, Queue] = {}
        self._by_name: dict[str, Queue] = {}

    def __iter__(self) -> Iterator[Queue]:
        return iter(list(self._by_sid.values()))

    def get(self, sid: str) -> Queue | None:
        return self._by_sid.get(sid)

    def named(self, name: str) -> Queue | None:
        return self._by_name.get(name)

    def create(self, name: str, max_size: int = DEFAULT_SIZE) -> Queue:
        queue = Queue(self._network, name, max_size)
        self._by_sid[queue.sid] = queue
        self._by_name.setdefault(name, queue)
        return queue

    def rename(self, queue: Queue, name: str) -> None:
        self._give_up_name(queue)
        queue.name = name
        self._by_name.setdefault(name, queue)

    def delete(self, queue: Queue) -> None:
        del self._by_sid[queue.sid]
        self._give_up_name(queue)

    def _give_up_name(self, queue: Queue) -> None:
        if self._by_name[queue.name] is not queue:
            return
        del self._by_name[queue.name]
        for other in self._by_sid.values():
            if other.name == queue.name and other is not queue:
                self._by_name.setdefault(queue.name, other)


class Member(Engagement[Leg]):
    """A leg's place in a queue; also what its <Enqueue> is waiting for."""

    __slots__ = ("base", "dialler", "enqueue", "entered_at", "leg", "player", "queue", "waited_for")

    def __init__(
        self, queue: Queue, leg: Leg, player: Player, enqueue: v.Enqueue, base: str
    ) -> None:
        self.queue = queue
        self.leg = leg
        self.player = player
        self.enqueue = enqueue
        self.base = base
        self.entered_at = leg.network.clock.now()
        self.dialler: QueueDial | None = None  # what has taken it out of the queue
        self.waited_for: int | None = None  # seconds, once it isn't waiting any more

    @property
    def waited(self) -> int:
        """Whole seconds in the queue."""
        if self.waited_for is not None:
            return self.waited_for
        return int((self.leg.network.clock.now() - self.entered_at).total_seconds())

    def start(self) -> None:
        self.queue.add(self)
        wait = self.enqueue
        steps = waiting_steps(wait.wait_url, wait.wait_url_method, self.base, QUEUE_WAIT)
        if steps is not None:
            self.leg.play_over(steps, QUEUE_WAIT)

    def waiting_params(self) -> requests.Params:
        """The parameters of waitUrl, as things stand when it is requested."""
        queue = self.queue
        return (
            ("QueueSid", queue.sid),
            ("QueuePosition", str(queue.position(self))),
            ("QueueTime", str(self.waited)),
            ("AvgQueueTime", str(queue.average_wait)),
            ("CurrentQueueSize", str(len(queue.members))),
            ("MaxQueueSize", str(queue.max_size)),
        )

    def taken(self, dialler: QueueDial) -> None:
        """Taken out of the queue by a <Dial>; its wait document stops."""
        self.waited_for = self.waited
        self.dialler = dialler
        self.queue.remove(self)
        self.leg.stop_background()

    def left(self, result: str) -> None:
        """Out of the queue by <Leave>, or because the wait document failed."""
        self._out()
        self.leg.stop_background()
        self.leg.engaged = None
        self.player.soon(requests.Outcome(self.params(result)))

    def leave(self, reason: str) -> requests.Params:
        if self.dialler is None:
            self._out()
            return self.params(reason)
        dialler, bridged = self.dialler, self.dialler.bridged
        dialler.member_gone()
        if reason == "redirected":
            return self.params("redirected-from-bridged" if bridged else "bridging-in-process")
        return self.params("bridged" if bridged else "bridging-in-process")

    def company(self) -> Iterable[Leg]:
        if self.dialler is not None and self.dialler.bridged:
            return (self.dialler.leg,)
        return ()

    def document_over(self, leg: Leg, setting: Setting, error: str) -> None:
        if setting is QUEUE_WHISPER and self.dialler is not None and not error:
            self.dialler.bridge()
        elif setting is QUEUE_WHISPER and self.dialler is not None:
            self.dialler.member_gone()
            self.left("error")
        elif error:
            self.left("error")

    def released(self) -> None:
        """The conversation is over: request the action, "after the bridge ends"."""
        self.leg.stop_background()
        self.leg.engaged = None
        self.player.soon(requests.Outcome(self.params("bridged")))

    def _out(self) -> None:
        self.waited_for = self.waited
        self.queue.remove(self)

    def params(self, result: str) -> requests.Params:
        return (
            ("QueueResult", result),
            ("QueueSid", self.queue.sid),
            ("QueueTime", str(self.waited)),
        )


class QueueDial(Engagement[Leg]):
    """A <Dial> of a <Queue>: waits for the first caller, then talks to them."""

    __slots__ = (
        "base",
        "bridged",
        "bridged_at",
        "dial",
        "leg",
        "limit_bell",
        "member",
        "noun",
        "player",
        "queue",
        "recording",
        "recordings",
    )

    def __init__(
        self,
        leg: Leg,
        player: Player,
        dial: v.Dial,
        noun: v.Queue,
        queue: Queue | None,
        base: str,
        recordings: Recordings,
    ) -> None:
        self.leg = leg
        self.player = player
        self.dial = dial
        self.noun = noun
        self.base = base
        self.queue = queue
        self.member: Member | None = None
        self.bridged = False
        self.bridged_at = 0
        self.recordings = recordings
        self.recording: Recording | None = None  # <Dial record>
        self.limit_bell: Bell | None = None

    def start(self) -> None:
        """Wait at an empty queue until ``timeout``; a queue that doesn't exist is a failure."""
        self.leg.answer()
        if self.dial.record.startswith("record-from-ringing"):
            self._record()
        if self.queue is None:
            text = f"there is no queue {self.noun.name}: <Enqueue> or the REST API makes one"
            self.leg.network.note("warning", 0, text, "", self.leg.sid)
            self.finish("failed")
        elif self.queue.members:
            self.take()
        else:
            self.queue.dialling.append(self)
            clock = self.leg.network.clock
            self.limit_bell = clock.after(self.dial.timeout, self._nobody_came)

    def _nobody_came(self) -> None:
        text = f"nobody came into the queue {self.noun.name} within {self.dial.timeout} s"
        self.leg.network.note("notice", 0, text, "", self.leg.sid)
        self.finish("no-answer")

    def take(self) -> None:
        """Take the first caller out of the queue."""
        assert self.queue is not None
        self._quiet()
        if self.leg.engaged is not self:
            return
        if not self.queue.members:
            self.start()
            return
        self.connect(self.queue.members[0])

    def connect(self, member: Member) -> None:
        """Talk to this caller, once their whisper is over."""
        self.member = member
        member.taken(self)
        if self.noun.url:
            member.leg.play_over(self._whisper(member), QUEUE_WHISPER)
        else:
            self.bridge()

    def _whisper(self, member: Member) -> requests.Steps:
        """On the queued caller's leg; the spelling of DequeingCallSid is Twilio's."""
        params = (
            ("QueueSid", member.queue.sid),
            ("QueueTime", str(member.waited)),
            ("DequeingCallSid", self.leg.sid),
        )
        url = resolve(self.base, self.noun.url)
        return Interpreter(QUEUE_WHISPER).run(requests.Fetch(url, self.noun.method, params))

    def bridge(self) -> None:
        clock = self.leg.network.clock
        self.bridged = True
        self.bridged_at = clock.instant()
        if self.dial.record:
            self._record()
        if self.member is not None:
            self.leg.network.history.add(self.leg.sid, "bridged", self.member.leg.sid)
        self.limit_bell = clock.after(self.dial.time_limit, self.star_out)

    def _record(self) -> None:
        if self.recording is None:
            self.recording = of_dial(self.recordings, self.dial, self.base, self.leg.sid)

    def star(self) -> None:
        if self.dial.hangup_on_star and self.bridged:
            self.star_out()

    def star_out(self) -> None:
        """This side ends the conversation; the queued caller goes on after <Enqueue>."""
        if self.member is not None:
            self.member.released()
        self.finish("completed")

    def member_gone(self) -> None:
        """The queued caller hung up, or was redirected."""
        self.finish("completed")

    def leave(self, reason: str) -> requests.Params:
        self._quiet()
        if self.queue is not None and self in self.queue.dialling:
            self.queue.dialling.remove(self)
        params = self.params("completed" if self.member else "canceled")
        if self.member is not None:
            self.member.released()
        return params if reason == "hangup" else ()

    def company(self) -> Iterable[Leg]:
        return (self.member.leg,) if self.bridged and self.member is not None else ()

    def params(self, status: str) -> requests.Params:
        params = [("DialCallStatus", status), ("DialBridged", "true" if self.bridged else "false")]
        if self.member is not None:
            params.append(("DialCallSid", self.member.leg.sid))
        if self.bridged:
            talked = (self.leg.network.clock.instant() - self.bridged_at) // 1_000_000
            params.append(("DialCallDuration", str(talked)))
        return (*params, *told_of(self.recording))

    def finish(self, status: str) -> None:
        self._quiet()
        if self.queue is not None and self in self.queue.dialling:
            self.queue.dialling.remove(self)
        self.leg.engaged = None
        self.player.soon(requests.Outcome(self.params(status)))

    def _quiet(self) -> None:
        if self.limit_bell is not None:
            self.limit_bell.cancel()
            self.limit_bell = None
        if self.bridged and self.member is not None:
            self.leg.network.history.add(self.leg.sid, "parted", self.member.leg.sid)
