"""A duty about a person's status, which they have set by telephone."""

from __future__ import annotations

from datetime import datetime

from ivr.line.records import Duty
from ivr.line.store.store import Store


class StatusDuties:
    """Carries out duties of the kind ``status``."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def set(self, duty: Duty) -> None:
        """Set the status of ``data["person"]``; it was chosen ``at`` an instant, and ends by itself
        at ``until``, if there is one."""
        person = duty.data["person"]
        at = datetime.fromisoformat(duty.data["at"])
        ends = duty.data.get("until")
        until = datetime.fromisoformat(ends) if ends else None
        self.store.people.set_status(person, duty.data["status"], at=at, by=person, until=until)
