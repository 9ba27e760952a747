"""Duties that write to the case system: in order, until it works, once in effect."""

from __future__ import annotations

from datetime import datetime, timedelta

from ivr.clock import Clock
from ivr.line.desk.events import Event
from ivr.line.desk.subjects import masked
from ivr.line.errors import GivenUp, NotYet
from ivr.line.outside.case_systems.system import (
    CaseSystem,
    Conflict,
    Refused,
    Unreachable,
    Write,
)
from ivr.line.records import Duty
from ivr.line.store.store import Store

PAUSES = (2, 10, 30, 60, 300, 900)  # seconds; the last one again and again
GIVEN_UP_AFTER = timedelta(days=7)


class CaseWrites:
    """Carries out duties of kind ``post``."""

    def __init__(self, store: Store, system: CaseSystem, clock: Clock) -> None:
        self.store = store
        self.system = system
        self.clock = clock

    def post(self, duty: Duty) -> None:
        """Write once. Raises `NotYet` while the system can't be reached, and `GivenUp` when trying
        again would be no use."""
        write, now = _write(duty), self.clock.now()
        try:
            self.system.write(write)
        except Unreachable as error:
            self._later(duty, write, str(error))
        except (Conflict, Refused) as error:
            self._tell(duty, "note.failed", write, why=str(error))
            raise GivenUp(str(error)) from error
        else:
            self.store.logs.append(duty.call, Event("note.posted", now, "", _about(write)))

    def _later(self, duty: Duty, write: Write, why: str) -> None:
        now = self.clock.now()
        if now - _since(duty) > GIVEN_UP_AFTER and duty.attempts > len(PAUSES):
            self._tell(duty, "note.failed", write, why=why)
            raise GivenUp(why)
        if duty.attempts == 1:  # logged once is enough
            self._tell(duty, "note.retried", write, why=why)
        pause = PAUSES[min(duty.attempts, len(PAUSES)) - 1]
        raise NotYet(now + timedelta(seconds=pause), why)

    def _tell(self, duty: Duty, kind: str, write: Write, why: str) -> None:
        event = Event(kind, self.clock.now(), "", _about(write) | {"why": masked(why)})
        self.store.logs.append(duty.call, event)


def _write(duty: Duty) -> Write:
    data = {name: value for name, value in duty.data.items() if name != "asked_at"}
    return Write(data.pop("write"), data.pop("case"), data.pop("key"), data)


def _since(duty: Duty) -> datetime:
    """When it was decided; ``due`` moves with every try."""
    written = duty.data.get("asked_at")
    return datetime.fromisoformat(written) if written else duty.due


def _about(write: Write) -> dict[str, str]:
    return {"write": write.kind, "case": write.case, "key": write.key}
