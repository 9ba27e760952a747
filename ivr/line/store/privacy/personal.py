"""The classes of personal data: of each, where it stands, how old it may get, whose a row is, and
what is left of the row when it is erased.

A column that holds something personal stands in `CLASSES`, any other in `NOT_PERSONAL`. Event logs
hold references only, and are never changed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from sqlalchemy import ColumnElement

from ivr.line.desk.limits import bucket
from ivr.line.desk.subjects import Subject
from ivr.line.store import tables
from ivr.line.store.privacy import remains
from ivr.line.store.privacy.rows import (
    Age,
    DataClass,
    blank,
    delete_sound,
    discard,
    drop,
    end_call,
    end_caller,
    end_case,
    end_case_log,
    end_keyed,
    erase_call,
    quiet_since,
    rewrite,
    sound_of,
    with_its_call,
)

BUCKETS = ("unknown", "pin", "staff", "web")
_SLIM = f'{{"{remains.PURGED}":%'

_calls, _duties, _files = tables.calls.c, tables.duties.c, tables.case_files.c
_notes, _escalations = tables.notes.c, tables.escalations.c
_case_stream: ColumnElement[str] = ("case:" + _files.number).expression


def _over_by(before: int) -> ColumnElement[bool]:
    """Calls that have ended; what has ended has begun, and there is an index for that."""
    return (_calls.started_at < before) & (_calls.ended_at < before)


CALLS = DataClass(
    tables.calls,
    ("caller", "data", "document"),
    erase_call,
    of=lambda row: str(row.sid),
    hidden=("document", "events", "head", "version"),
    in_order=(_calls.started_at, _calls.sid),
    ages=(
        Age(
            "digits",
            lambda before: _over_by(before) & _calls.data.not_like(_SLIM),
            end_keyed,
        ),
        Age(
            "calls",
            lambda before: (
                _over_by(before)
                & (_calls.caller != remains.PURGED)
                & _calls.caller.not_like("erased:%")
            ),
            end_caller,
        ),
        Age(
            "audit",
            lambda before: _over_by(before) & quiet_since(before, _calls.sid),
            end_call,
        ),
    ),
)
RECORDINGS = DataClass(
    tables.recordings,
    ("sid",),
    with_its_call,
    about="case",
    of=lambda row: str(row.call),
    ages=(
        Age("recordings", sound_of("conversation"), delete_sound),
        Age("messages", sound_of("message"), delete_sound),
    ),
)
DUTIES = DataClass(
    tables.duties,
    ("data", "why"),
    rewrite,
    of=lambda row: str(row.call),
    hidden=("taken_until",),
    ages=(
        Age(
            "digits",
            lambda before: (
                (_duties.due < before) & (_duties.state != "due") & _duties.data.not_like(_SLIM)
            ),
            lambda round, row: round.set(
                tables.duties, row, data=json.dumps(remains.of_duty(json.loads(row.data)))
            ),
        ),
    ),
)
NOTES = DataClass(
    tables.notes,
    ("text",),
    rewrite,
    mine=lambda subject, row: _is_by(subject, row.author),
    about="case",
    ages=(Age("texts", lambda before: _notes.at < before, drop(tables.notes)),),
)
ESCALATIONS = DataClass(
    tables.escalations,
    ("reason",),
    rewrite,
    mine=lambda subject, row: _is_by(subject, row.requested_by),
    about="case",
    ages=(
        Age(
            "texts",
            lambda before: (_escalations.requested_at < before) & (_escalations.reason != ""),
            lambda round, row: round.set(tables.escalations, row, reason=""),
        ),
    ),
)
CASE_FILES = DataClass(
    tables.case_files,
    ("data",),
    rewrite,
    about="number",
    of=lambda row: f"case:{row.number}",
    ages=(
        Age(
            "texts",
            lambda before: (_files.data != "{}") & quiet_since(before, _case_stream),
            end_case,
        ),
        Age(
            "audit",
            lambda before: (_files.data == "{}") & quiet_since(before, _case_stream),
            end_case_log,
        ),
    ),
)
CASES = DataClass(tables.cases, ("subject",), rewrite, about="number", hidden=("pin",))
CONTACTS = DataClass(
    tables.contacts,
    ("name", "phones", "email"),
    blank(name="", phones="", email=""),
    mine=lambda subject, row: row.id in subject.ids,
    named=False,  # a name may be another's, a telephone shared
)
PEOPLE = DataClass(
    tables.people,
    ("name", "phone", "email", "notify"),
    blank(
        name="", phone="", email="", notify="", pin="", active=False,
        answers_zero=False,
    ),
    mine=lambda subject, row: row.id in subject.ids,
    named=False,  # a name may be another's, a telephone shared
    hidden=("pin",),
)  # fmt: skip
LOGINS = DataClass(
    tables.logins,
    ("id", "email", "name"),
    discard,
    mine=lambda subject, row: row.id in subject.ids or row.email in subject.mails,
    named=False,
    hidden=("hash",),
)
SESSIONS = DataClass(
    tables.sessions,
    ("login",),
    discard,
    mine=lambda subject, row: row.login in subject.ids,
    named=False,
    hidden=("id",),
)
FEEDS = DataClass(tables.feeds, ("body", "unmatched", "error"), rewrite)
FEED_ENTRIES = DataClass(tables.feed_entries, ("id",), discard)
HOLDS = DataClass(tables.holds, ("reason",), rewrite, about="case")
TALLIES = DataClass(
    tables.tallies,
    ("bucket",),
    discard,
    mine=lambda subject, row: not buckets(subject).isdisjoint(row.bucket.split()),
    ages=(Age("tallies", lambda before: tables.tallies.c.at < before, drop(tables.tallies)),),
)

KNOWN_BY = (LOGINS, CONTACTS, PEOPLE)

CLASSES = (  # in the order of erasing
    CALLS, RECORDINGS, DUTIES, NOTES, ESCALATIONS, CASE_FILES, CASES, FEEDS, FEED_ENTRIES, HOLDS,
    TALLIES, SESSIONS, *KNOWN_BY,
)  # fmt: skip

NOT_PERSONAL: Mapping[str, str] = {
    "calls": "sid flow flow_version version step language called waiting_for waiting_since "
    "started_at ended_at events head",
    "events": "id call seq at kind actor data hash",  # references, see the property that proves it
    "duties": "id key call kind owner lane due attempts state taken_until",
    "escalations": "key call case level requested_by set_by requested_at",
    "case_files": "number version events head",
    "notes": "key call case author at visibility",
    "recordings": "call case purpose seconds state at deleted_at",
    "people": "id roles languages manager delegate team region active status on_call hours zone "
    "capacity pin answers_zero busy_with last_taken last_no_answer days holidays status_since "
    "status_by status_until delegate_from delegate_until",
    "shifts": "id person role region product starts ends zone days first last holidays",
    "overrides": "id person instead_of role region product starts ends",
    "feeds": "id url role region product zone added_at fetched_at etag modified",
    "feed_entries": "feed person starts ends",
    "queues": "id name manager region product",
    "accounts": "id name contract_tier contract_from contract_to zone customer_numbers pin",
    "tallies": "id at",
    "contacts": "id account language",
    "cases": "number digits status severity product region environment owner queue account "
    "language url updated_at pin form",
    "sessions": "id began",
    "logins": "roles person contact accounts hash active epoch failed failed_at",
    "logs": "name events head",
    "seals": "id at streams before hash upto",
    "sealed": "stream seal length head",
    "holds": "case by at",
    "signs": "name good_at bad_at why",
    "directory": "id version",
}


def _is_by(subject: Subject, author: str) -> bool:
    return author.removeprefix("contact:") in subject.ids - {""}


def buckets(subject: Subject) -> set[str]:
    """Under which their failures are counted."""
    whose = subject.phones | subject.ids
    tried = {bucket("sign_in", mail.lower()) for mail in subject.mails}
    return {bucket(kind, each) for kind in BUCKETS for each in whose} | tried


__all__ = ["CLASSES", "KNOWN_BY", "NOT_PERSONAL"]
