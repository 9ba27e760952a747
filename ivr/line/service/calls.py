"""The one door: whatever is heard of a call goes through `Calls.hear`, and is saved in one
transaction.

Load, take a turn, save under the call's version; if somebody else was quicker, take the turn again
on what he left. No transaction is open while a turn is taken, so a look-up may take its time.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ivr.clock import Clock
from ivr.errors import CallError
from ivr.line.definition import Line
from ivr.line.records import Call
from ivr.line.store.calls import Engaged
from ivr.line.store.store import Store
from ivr.line.turns.call.state import CallState
from ivr.line.turns.call.turn import Answer, CallTurn

log = logging.getLogger(__name__)

AGAIN = 20  # turns that may be lost to somebody quicker before the call is given up


@dataclass(frozen=True, slots=True)
class Reply:
    """What a webhook answers; ``due`` is when the first duty of the turn is due, if it made any."""

    document: str
    due: datetime | None = None


Told = Callable[[CallTurn], Callable[[], str]]


class Calls:
    """The calls of one line. ``root`` is the path under which the public URL serves it."""

    def __init__(
        self, store: Store, line: Line, clock: Clock, answer: Answer, root: str = ""
    ) -> None:
        self.store, self.line, self.clock, self.answer, self.root = store, line, clock, answer, root

    def hear(self, sid: str, told: Told, fresh: Callable[[], Call] | None = None) -> Reply:
        """Take a turn of call ``sid``, or of a ``fresh`` one if it was never heard of.

        ``told`` tells the turn what was heard, and returns what makes the answer once all has
        happened. Raises `CallError` for a call that nobody knows.
        """
        engaged: set[str] = set()
        lost = 0
        while lost < AGAIN:
            turn = self._turn(sid, fresh)
            made = told(turn)
            if not turn.state.changed:
                return Reply(made())
            claims, call = self._claims(turn, engaged), turn.close()
            try:
                if self.store.calls.save(call, turn.state.events, turn.state.duties, claims):
                    due = min((duty.due for duty in turn.state.duties), default=None)
                    return Reply(made(), due)
                lost += 1
            except Engaged as error:
                engaged.add(error.person)
        raise CallError(f"call {sid}: lost to somebody quicker {AGAIN} times")

    def look(self, sid: str) -> CallState:
        """The call as it is, to read from."""
        return self._turn(sid, None).state

    def _turn(self, sid: str, fresh: Callable[[], Call] | None) -> CallTurn:
        call = self.store.calls.load(sid)
        if call is None:
            if fresh is None:
                raise CallError(f"no call {sid}")
            call = fresh()
        turn = CallTurn(self.line, call, self.clock.now(), self.answer, self.root)
        if call.flow_version != self.line.config.version and not call.ended_at:
            turn.renew()
        return turn

    def _claims(self, turn: CallTurn, engaged: set[str]) -> list[tuple[str, str]]:
        """Whom a document is about to dial must be free; somebody engaged is a busy telephone.

        They are claimed with the turn that dials them, so that a claim never stands alone.
        """
        claims = turn.state.claims
        for person, attempt in claims:  # an engaged one may add the next
            if person in engaged:
                turn.hear("status", attempt, "busy")
        return [
            (person, f"{turn.state.call.sid}/{attempt}")
            for person, attempt in claims
            if person not in engaged
        ]
