"""Where personal data is kept, and how it is given out, erased, and let go after its time.

Events hold references only, so that a log stays whole when a person is erased; `PERSONAL` names
every column that does hold something of a person, and a test walks the schema for others.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, or_, select, update

from ivr.store import tables
from ivr.store.instants import instant, ticks

PERSONAL: Mapping[str, tuple[str, ...]] = {
    "calls": ("caller", "data", "document"),
    "duties": ("data",),
    "case_files": ("data",),
    "notes": ("text",),
    "escalations": ("reason",),
    "contacts": ("name", "phones", "email"),
    "people": ("name", "phone", "email", "notify", "pin"),
    "logins": ("id", "email", "name", "hash"),
    "cases": ("pin", "subject"),
    "accounts": ("pin",),
    "tallies": ("bucket",),
}


@dataclass(frozen=True, slots=True)
class Subject:
    """A person outside: every number, address and id by which he is known."""

    phones: frozenset[str] = frozenset()
    emails: frozenset[str] = frozenset()
    contacts: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.phones or self.emails or self.contacts)


def subject(connection: Connection, written: str) -> Subject:
    """Whoever has this telephone number, e-mail address or contact's id."""
    phones, emails, ids = set[str](), set[str](), set[str]()
    if written.startswith("+"):
        phones.add(written)
    elif "@" in written:
        emails.add(written.lower())
    for row in connection.execute(select(tables.contacts)):
        own = set(row.phones.split())
        if row.id == written or phones & own or row.email.lower() in emails:
            phones |= own
            emails |= {row.email.lower()} - {""}
            ids.add(row.id)
    return Subject(frozenset(phones), frozenset(emails), frozenset(ids))


def held(connection: Connection) -> dict[str, str]:
    """The cases under legal hold, with the reason."""
    return {row.case: row.reason for row in connection.execute(select(tables.holds))}


def hold(connection: Connection, case: str, reason: str, now: datetime) -> None:
    """Nothing of this case is purged or erased; no ``reason`` ends that."""
    connection.execute(delete(tables.holds).where(tables.holds.c.case == case))
    if reason:
        connection.execute(insert(tables.holds).values(case=case, reason=reason, at=ticks(now)))


def case_of(data: Mapping[str, Any]) -> str:
    """The case that a call was about, ``""`` for none."""
    return str((data["shared"].get("case") or {}).get("number") or "")


# --- given out ---


def collected(connection: Connection, who: Subject) -> dict[str, list[dict[str, Any]]]:
    """All that is kept of somebody, by table."""
    calls = [_plain(row) for row in _calls(connection, who)]
    sids = [call["sid"] for call in calls]
    return {
        "calls": calls,
        "events": _rows(connection, tables.events, tables.events.c.call.in_(sids)),
        "recordings": _rows(connection, tables.recordings, tables.recordings.c.call.in_(sids)),
        "duties": _rows(connection, tables.duties, _mentions(tables.duties.c.data, who)),
        "case_files": _rows(
            connection, tables.case_files, _mentions(tables.case_files.c.data, who)
        ),
        "contacts": _rows(connection, tables.contacts, tables.contacts.c.id.in_(who.contacts)),
        "logins": [
            {name: value for name, value in row.items() if name != "hash"}
            for row in _rows(connection, tables.logins, _his_logins(who))
        ],
    }


def _rows(connection: Connection, table: Any, condition: Any) -> list[dict[str, Any]]:
    return [_plain(row) for row in connection.execute(select(table).where(condition))]


def _plain(row: Any) -> dict[str, Any]:
    return dict(row._mapping)


def _calls(connection: Connection, who: Subject) -> list[Any]:
    table = tables.calls
    his = or_(table.c.caller.in_(who.phones), _mentions(table.c.data, who))
    return list(connection.execute(select(table).where(his)))


def _mentions(column: Any, who: Subject) -> Any:
    words = sorted(who.phones | who.emails)
    return or_(False, *(column.contains(word, autoescape=True) for word in words))


def _his_logins(who: Subject) -> Any:
    table = tables.logins
    return or_(table.c.contact.in_(who.contacts - {""}), table.c.email.in_(who.emails))


# --- erased ---


def erase(connection: Connection, who: Subject, token: str, now: datetime) -> dict[str, Any]:
    """Put ``token`` in his place; what was erased and what a hold keeps, counted.

    The token is made once and kept nowhere else, so nobody can tell any more whose it was.
    """
    kept, count = held(connection), {"calls": 0, "case_files": 0, "duties": 0, "held": 0}
    for row in _calls(connection, who):
        data = json.loads(row.data)
        if case_of(data) in kept:
            count["held"] += 1
            continue
        data["shared"] |= {"caller_number": "", "personal": []}
        values = {"caller": token, "data": _without(json.dumps(data), who, token), "document": ""}
        connection.execute(update(tables.calls).where(tables.calls.c.sid == row.sid).values(values))
        count["calls"] += 1
    for table, key in ((tables.case_files, "number"), (tables.duties, "id")):
        for row in connection.execute(select(table).where(_mentions(table.c.data, who))).all():
            if _case_of_row(row) in kept:
                count["held"] += 1
                continue
            values = {"data": _without(row.data, who, token)}
            if table is tables.duties and row.state == "due":
                values |= {"state": "dropped", "why": "erased"}
            where = table.c[key] == row._mapping[key]
            connection.execute(update(table).where(where).values(values))
            count[table.name] += 1
    _erase_rows(connection, who, token)
    return count


def _case_of_row(row: Any) -> str:
    values = row._mapping
    return str(values.get("number") or json.loads(values["data"]).get("case") or "")


def _without(text: str, who: Subject, token: str) -> str:
    for word in sorted(who.phones | who.emails, key=len, reverse=True):
        text = text.replace(word, token)
    return text


def _erase_rows(connection: Connection, who: Subject, token: str) -> None:
    contacts, logins = tables.contacts, tables.logins
    nobody = {"name": token, "phones": "", "email": ""}
    connection.execute(update(contacts).where(contacts.c.id.in_(who.contacts)).values(nobody))
    connection.execute(delete(logins).where(_his_logins(who)))


# --- let go after its time ---


def old_calls(connection: Connection, before: datetime) -> Iterator[tuple[str, dict[str, Any]]]:
    """Calls that ended before, with their data, unless their case is under hold."""
    kept, table = held(connection), tables.calls
    asked = select(table.c.sid, table.c.data).where(table.c.ended_at < ticks(before))
    for row in connection.execute(asked).all():
        data = json.loads(row.data)
        if case_of(data) not in kept:
            yield row.sid, data


def drop_calls(connection: Connection, before: datetime, now: datetime) -> int:
    """Calls with all that belongs to them; that they were is remembered, for the seals."""
    count = 0
    for sid, _ in old_calls(connection, before):
        for table in (tables.events, tables.duties):
            connection.execute(delete(table).where(table.c.call == sid))
        connection.execute(delete(tables.calls).where(tables.calls.c.sid == sid))
        connection.execute(insert(tables.purged).values(sid=sid, at=ticks(now)))
        count += 1
    return count


def drop_digits(connection: Connection, before: datetime) -> int:
    """What callers keyed and isn't needed any more."""
    count = 0
    for sid, data in old_calls(connection, before):
        if not data["shared"].get("personal") and "keyed" not in data["shared"]:
            continue
        knows = data["shared"].get("back", {}).get("knows", {})  # what a call back began with
        for name in ("personal", "keyed", "numbers"):
            data["shared"].pop(name, None)
            knows.pop(name, None)
        values = {"data": json.dumps(data), "document": ""}
        connection.execute(update(tables.calls).where(tables.calls.c.sid == sid).values(values))
        count += 1
    return count


def drop_tallies(connection: Connection, before: datetime) -> int:
    table = tables.tallies
    return connection.execute(delete(table).where(table.c.at < ticks(before))).rowcount


def old_recordings(connection: Connection, before: datetime) -> list[tuple[str, str]]:
    """(SID, call) of recordings that nobody holds."""
    kept, table = held(connection), tables.recordings
    asked = select(table).where(table.c.at < ticks(before), table.c.deleted_at.is_(None))
    return [(row.sid, row.call) for row in connection.execute(asked) if row.case not in kept]


# --- seals ---


def streams(connection: Connection) -> dict[str, tuple[int, str]]:
    """Every log's length and head."""
    found = {}
    for table, key, prefix in (
        (tables.calls, "sid", ""),
        (tables.case_files, "number", "case:"),
    ):
        for row in connection.execute(select(table.c[key], table.c.events, table.c.head)):
            found[prefix + row[0]] = (row.events, row.head)
    return found


def seals(connection: Connection) -> list[Any]:
    """All seals, the first one first."""
    return list(connection.execute(select(tables.seals).order_by(tables.seals.c.id)))


def add_seal(connection: Connection, now: datetime, heads: str, hash_: str) -> None:
    connection.execute(insert(tables.seals).values(at=ticks(now), heads=heads, hash=hash_))


def purged(connection: Connection) -> set[str]:
    """The logs that were let go after their time."""
    return {row.sid for row in connection.execute(select(tables.purged))}


def hash_at(connection: Connection, sid: str, seq: int) -> str:
    """The hash of one event of a log, ``""`` when it isn't there."""
    table = tables.events
    asked = select(table.c.hash).where(table.c.call == sid, table.c.seq == seq)
    return str(connection.execute(asked).scalar() or "")


def audit(connection: Connection, case: str, since: datetime, until: datetime) -> list[Any]:
    """Events in a time, of one case and the calls about it, or of all (``""``)."""
    table = tables.events
    asked = select(table).where(table.c.at >= ticks(since), table.c.at < ticks(until))
    if case:
        about = f'"case":"{case}"'
        asked = asked.where(
            or_(
                table.c.call == f"case:{case}",
                table.c.data.contains(about, autoescape=True),
            )
        )
    return [
        {
            "stream": row.call,
            "seq": row.seq,
            "at": instant(row.at).isoformat(),
            "kind": row.kind,
            "actor": row.actor,
            "data": json.loads(row.data),
            "hash": row.hash,
        }
        for row in connection.execute(asked.order_by(table.c.id))
    ]
