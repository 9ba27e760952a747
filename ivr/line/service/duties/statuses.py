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
        at ``until``."""
        person = duty.data["person"]
        at = datetime.fromisoformat(duty.data["at"])
        until = datetime.fromisoformat(duty.data["until"])
        self.store.people.set_status(person, duty.data["status"], at=at, by=person, until=until)
