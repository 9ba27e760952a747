"""The door for cases: whatever is heard of one, by telephone or on the web, goes through
`Cases.hear`, and is saved in one transaction under the file's version."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from ivr.clock import Clock
from ivr.line.config import LineConfig
from ivr.line.desk import roster
from ivr.line.desk.candidates import Candidate, Directory
from ivr.line.desk.cases import Case
from ivr.line.desk.people import Person
from ivr.line.desk.rota import on_duty
from ivr.line.errors import CaseError, NotYet
from ivr.line.outside.case_systems.system import CaseSystem
from ivr.line.records import CaseFile, Duty
from ivr.line.service.look_ups import BUDGET
from ivr.line.store.case_files import CaseRecords
from ivr.line.store.store import Store
from ivr.line.turns.case.state import CaseState, Request, Who
from ivr.line.turns.case.turn import hear

log = logging.getLogger(__name__)

MAX_SAVE_ATTEMPTS = 20
AWAY = frozenset(  # why somebody isn't there, or has no right to be asked
    {"own_case", "inactive", "no_rights", "first_level", "out_of_office", "off_shift"}
)
SHIFT_CHECK = timedelta(minutes=5)  # between two checks of whose shift an emergency is in


class Cases:
    """The cases of one desk. Outside a duty, run `Duties.wake` after `hear`."""

    def __init__(
        self, store: Store, config: LineConfig, case_system: CaseSystem, clock: Clock
    ) -> None:
        self.store = store
        self.config = config
        self.clock = clock
        self.case_system = case_system

    def hear(
        self,
        number: str,
        what: str,
        *,
        key: str,
        by: str,
        channel: str,
        at: datetime | None = None,
        **data: Any,
    ) -> CaseFile:
        """Something is requested or reported about a case; returns the file as it is then.

        ``number`` is as written (C17349013), ``what`` one of `ivr.line.turns.case.turn.ACTIONS`.
        ``key`` makes it count once. ``by`` is ``"caller"``, ``"contact:<id>"``, a person's id or
        ``""`` for the line. Raises `CaseError`, with nothing saved, when it can't be done; says
        why, and what could be done instead.
        """
        who = self.who(number, at or self.clock.now())
        for _ in range(MAX_SAVE_ATTEMPTS):
            file = self.store.case_files.load(number) or CaseFile(number)
            state = CaseState(self.config, file, who)
            request = Request(what, key, by, channel, at or self.clock.now(), data)
            if not hear(state, request):
                return file
            records = CaseRecords(state.events, state.duties, state.escalations, state.notes)
            if self.store.case_files.save(file, records):
                return file
        raise CaseError(
            f"case {number}: gave up after {MAX_SAVE_ATTEMPTS} concurrent updates; try again"
        )

    def who(self, number: str, now: datetime) -> Who:
        """The people that a case concerns; what the case system can't say in time stays open."""
        known: bool | None = None
        case: Case | None = None
        try:
            case = self.case_system.case(self.config.case_numbers.digits_of(number), BUDGET)
            known = case is not None
        except (TimeoutError, OSError) as error:
            log.warning(
                "case %s: %s: %s", number, type(error).__name__, error,
                extra={"event": "case_system.failed"},
            )  # fmt: skip
        directory = self.store.people.directory(case, now)
        zone = case.account.zone if case and case.account else self._zone()
        managers = roster.managers(case, "manager", now, directory)
        second_level = roster.managers(case, "second_level", now, directory)
        engineers = roster.engineer(case, now, directory) if case else ()
        return Who(
            case=case,
            known=known,
            owner=(case.owner or "") if case else "",
            manager=_post(managers) if case else "",
            second=_post(second_level) if case else "",
            duty=self._duty(case, now, directory, "duty"),
            second_duty=self._duty(case, now, directory, "second_level_duty"),
            for_owner=_there((*engineers, *managers)),
            for_manager=_there(managers),
            for_second=_there(second_level),
            zone=zone,
            last_resort=self.config.last_resort,
        )

    def _zone(self) -> str:
        return next(iter(self.config.numbers.values())).zone

    def _duty(self, case: Case | None, now: datetime, directory: Directory, role: str) -> str:
        region, product = (case.region, case.product) if case else ("", "")
        on = on_duty(directory.shifts, now, role, region, product, directory.stints)
        return next((each.person for each in on if self._fit(directory, each.person)), "")

    def _fit(self, directory: Directory, person: str) -> bool:
        known: Person | None = directory.people.get(person)
        return known is not None and known.active and known.status != "away"

    # --- duties ---

    def heard_later(self, duty: Duty) -> None:
        """A duty of the kind ``case``: a request or report from a call, or for a later time."""
        data = dict(duty.data)
        number, what = data.pop("case"), data.pop("what")
        by, channel = data.pop("by", ""), data.pop("channel", "phone")
        at = datetime.fromisoformat(data.pop("at")) if "at" in data else None
        try:
            self.hear(number, what, key=duty.key, by=by, channel=channel, at=at, **data)
        except CaseError as error:
            more = {"event": "case.refused"}
            log.warning("case %s: %s refused: %s", number, what, error, extra=more)
            self.hear(
                number, "note", key=duty.key, by=by, channel=channel, at=at,
                text=f"Not done: {what}: {error}", visibility="internal",
            )  # fmt: skip

    def effort(self, duty: Duty) -> None:
        """A duty of the kind ``effort``: while an emergency lasts, check whose shift it is."""
        number, of = duty.data["case"], duty.data["of"]
        file, now = self.store.case_files.load(number), self.clock.now()
        standing = (file.data.get("emergency") or {}) if file else {}
        if standing.get("state") != "set" or standing["key"] != of:
            return
        to = self.who(number, now).duty
        if to and to != standing["asked"]:
            key = f"{of}:shift:{to}:{now.isoformat()}"
            self.hear(number, "shift_change", key=key, by="", channel="line", of=of, to=to)
        raise NotYet(now + SHIFT_CHECK)


def _post(ranked: Iterable[Candidate]) -> str:
    """The person who answers for this, available or not."""
    return next((each.person.id for each in ranked if each.person.active), "")


def _there(ranked: Iterable[Candidate]) -> str:
    """The first who isn't away; who is busy, or didn't answer a minute ago, is there."""
    return next((each.person.id for each in ranked if each.skipped not in AWAY), "")
