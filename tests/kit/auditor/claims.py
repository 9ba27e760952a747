"""What the line says is so: its calls, logs, promises, case files, duties and people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import msgspec
from sqlalchemy import select

from ivr.line.config import LineConfig
from ivr.line.desk.events import Event
from ivr.line.desk.people import Person
from ivr.line.records import Call, Duty
from ivr.line.store import tables
from ivr.line.store.calls import Wanted
from ivr.line.store.instants import instant
from ivr.line.store.store import Store
from ivr.line.values import Promise

EVERY = 1_000_000


@dataclass
class Claims:
    """All of it. ``logs`` are by stream: a call's SID, or ``case:`` and a number; ``files`` are the
    data of the cases' files, by number."""

    config: LineConfig
    calls: Mapping[str, Call] = field(default_factory=dict)
    logs: Mapping[str, Sequence[Event]] = field(default_factory=dict)
    files: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    people: Mapping[str, Person] = field(default_factory=dict)
    duties: Sequence[Duty] = ()

    @property
    def met_after(self) -> float:
        """Seconds for which two must have heard each other to have met."""
        return float(getattr(self.config, "met_after", 8))

    @cached_property
    def promises(self) -> dict[str, Promise]:
        """What was promised, by the call that it was promised in."""
        return {
            sid: call.data.shared.promise
            for sid, call in self.calls.items()
            if call.data.shared.promise is not None and call.data.shared.back is None
        }

    @cached_property
    def by_caller(self) -> Mapping[str, Sequence[Call]]:
        """Calls, those that the line made as well, by the customer's number."""
        found: dict[str, list[Call]] = defaultdict(list)
        for call in self.calls.values():
            found[call.caller].append(call)
        return found

    @cached_property
    def backs(self) -> Mapping[str, Sequence[Call]]:
        """The calls that were made to keep a promise, by the call that it was promised in."""
        found: dict[str, list[Call]] = defaultdict(list)
        for call in self.calls.values():
            if call.data.shared.back is not None:
                found[call.data.shared.back.of].append(call)
        return found

    @cached_property
    def reported(self) -> set[str]:
        """The calls to which another one has said that their promise is kept; not those of which a
        person has said so on a page."""
        return {
            str(duty.data["of"])
            for duty in self.duties
            if duty.kind == "came" and duty.data["outcome"] == "kept" and not duty.data.get("said")
        }

    def told(self, call: str, *kinds: str) -> list[Event]:
        """What was logged of a call, all or of these kinds."""
        return [event for event in self.logs.get(call, ()) if not kinds or event.kind in kinds]

    def person_of(self, call: str, attempt: str) -> str:
        """Whose leg this is."""
        known = self.calls.get(call)
        leg = known.data.legs.get(attempt) if known else None
        return leg.person if leg else ""

    def case_of(self, call: str) -> str:
        """The case number that a call is about, as it is written."""
        known = self.calls.get(call)
        return known.data.shared.case.number(self.config.case_numbers) if known else ""

    def cases_of(self, call: str) -> set[str]:
        """The digits of every case number that a call has been about."""
        known = self.calls.get(call)
        case = known.data.shared.case if known else None
        return {digits for digits in (*case.numbers, case.keyed) if digits} if case else set()


def claims_of(store: Store, config: LineConfig) -> Claims:
    """What a store holds."""
    logs: dict[str, list[Event]] = defaultdict(list)
    with store.connections.reading() as connection:
        for row in connection.execute(select(tables.events).order_by(tables.events.c.id)):
            logs[row.call].append(Event(row.kind, instant(row.at), row.actor, _data(row.data)))
    return Claims(
        config,
        {call.sid: call for call in store.calls.page(Wanted(), EVERY).calls},
        logs,
        {file.number: file.data for file in store.case_files.all()},
        {person.id: person for person in store.people.all()},
        store.duties.all(),
    )


def _data(text: str) -> dict[str, Any]:
    made: dict[str, Any] = msgspec.json.decode(text)
    return made


def since_of(event: Event) -> datetime | None:
    """Since when the two were together, as an acceptance says it."""
    since = event.data.get("since")
    return datetime.fromisoformat(since) if since else None
