"""The one door: whatever is heard of a call goes through `Calls.hear`, and is saved in one
transaction.

Load, take a turn, save under the call's version; if another process saved first, take the turn
again on what it left. No transaction is open while a turn is taken, so a lookup may take its time.
"""

from __future__ import annotations

from collections.abc import Callable

from ivr.clock import Clock
from ivr.errors import CallError
from ivr.line import tracing
from ivr.line.definition import Line
from ivr.line.records import Call
from ivr.line.service import watching
from ivr.line.store.calls import Engaged
from ivr.line.store.store import Store
from ivr.line.turns.call.heard import CallHeard, LegEnded, Report
from ivr.line.turns.call.state import CallState
from ivr.line.turns.call.turn import Answer, CallTurn

MAX_SAVE_ATTEMPTS = 20


class Calls:
    """The calls of one line. ``root`` is the path under which the public URL serves it."""

    def __init__(
        self, store: Store, line: Line, clock: Clock, answer: Answer, root: str = ""
    ) -> None:
        self.store = store
        self.line = line
        self.clock = clock
        self.answer = answer
        self.root = root

    def hear(
        self,
        sid: str,
        heard: CallHeard | Report | None,
        *,
        deliver: str | None = None,
        fresh: Callable[[], Call] | None = None,
        known: CallState | None = None,
    ) -> CallTurn:
        """Take a turn of call ``sid``, and save it; the turn as it was saved.

        ``heard`` is None when only the present document is asked for. ``deliver`` is the leg that
        gets its document in answer (``""`` is the caller's), if one does. A call that was never
        heard of is made by ``fresh``, and begins, whatever was heard. A call that is ``known`` from
        `look` is loaded only if it has been changed since. Raises `CallError` for an unknown call.
        """
        with tracing.span("turn", sid, heard=type(heard).__name__):
            turn = self._hear(sid, heard, deliver, fresh, known)
        watching.saw(turn.state)
        return turn

    def _hear(
        self,
        sid: str,
        heard: CallHeard | Report | None,
        deliver: str | None,
        fresh: Callable[[], Call] | None,
        known: CallState | None,
    ) -> CallTurn:
        engaged: set[str] = set()
        lost = 0
        while lost < MAX_SAVE_ATTEMPTS:
            turn = self._turn_of(known.call) if known else self._turn(sid, fresh)
            known = None
            if not turn.state.call.version:
                turn.begin()
            elif heard is not None:
                turn.hear(heard)
            claims = self._claims(turn, engaged) if turn.state.claims else ()  # may move it on
            if deliver is not None:
                turn.deliver(deliver)
            if not turn.state.changed:
                self.store.calls.settle()  # a request that came twice: the first may still wait
                return turn
            call = turn.close()
            try:
                if self.store.calls.save(call, turn.state.events, turn.state.duties, claims):
                    return turn
                lost += 1
            except Engaged as error:
                engaged.add(error.person)
        raise CallError(f"call {sid}: gave up after {MAX_SAVE_ATTEMPTS} concurrent updates")

    def look(self, sid: str) -> CallState:
        """The call as it is, to read from."""
        return self._turn(sid, None).state

    def find(self, sid: str) -> CallState | None:
        """The same, or None if nobody has heard of it."""
        call = self.store.calls.load(sid)
        return None if call is None else self.read(call)

    def read(self, call: Call) -> CallState:
        """A call that was loaded with others, to read from."""
        return self._turn_of(call).state

    def _turn(self, sid: str, fresh: Callable[[], Call] | None) -> CallTurn:
        call = self.store.calls.load(sid)
        if call is None:
            if fresh is None:
                raise CallError(f"no call {sid}")
            call = fresh()
        return self._turn_of(call)

    def _turn_of(self, call: Call) -> CallTurn:
        now, who = self.clock.now(), self.store.people.get
        turn = CallTurn(self.line, call, now, self.answer, who, self.root)
        other = call.flow_version != self.line.config.version and not call.data.shared.renewed
        unknown = call.step not in self.line.caller.steps
        if not call.ended_at and (other or unknown):
            turn.renew()
        return turn

    def _claims(self, turn: CallTurn, engaged: set[str]) -> list[tuple[str, str]]:
        """The people that a document is about to dial must be free; one who isn't counts as busy.

        They are claimed with the turn that dials them, so that a claim never stands alone.
        """
        claims = turn.state.claims
        for person, attempt in claims:  # an engaged one may add the next
            if person in engaged:
                turn.hear(LegEnded(attempt, "busy"))
        return [
            (person, f"{turn.state.call.sid}/{attempt}")
            for person, attempt in claims
            if person not in engaged
        ]
