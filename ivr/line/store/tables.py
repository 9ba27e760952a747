"""The tables. Instants are whole microseconds since 1970 in UTC, lists are texts with spaces
between."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_ID = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up INTEGER keys only


def _only(condition: str) -> dict[str, Any]:
    """An index of some rows. SQLite takes it only for a question with this very text in it, and a
    value that is handed in beside the question doesn't count."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


calls = Table(
    "calls",
    metadata,
    Column("sid", String, primary_key=True),
    Column("flow", String, nullable=False),
    Column("flow_version", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("step", String, nullable=False),
    Column("language", String, nullable=False),
    Column("caller", String, nullable=False),
    Column("called", String, nullable=False),
    Column("waiting_for", String, nullable=False),
    Column("waiting_since", BigInteger),
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("data", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("events", Integer, nullable=False),  # how many the call has, and the last one's hash
    Column("head", String, nullable=False),
)
Index("ix_calls_waiting", calls.c.waiting_for, calls.c.waiting_since, **_only("waiting_for <> ''"))
Index("ix_calls_caller", calls.c.caller, calls.c.ended_at)
Index("ix_calls_started_at", calls.c.started_at)
Index("ix_calls_open", calls.c.started_at, **_only("ended_at IS NULL"))

events = Table(
    "events",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("call", String, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("kind", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("data", Text, nullable=False),
    Column("hash", String, nullable=False),
    UniqueConstraint("call", "seq"),
)

DESK_KINDS = "kind IN ('edown.ended', 'edown.set', 'notification.failed', 'notification.sent')"
Index("ix_events_desk", events.c.at, **_only(DESK_KINDS))

duties = Table(
    "duties",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("key", String, nullable=False, unique=True),
    Column("call", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("owner", String, nullable=False),
    Column("lane", String, nullable=False),
    Column("due", BigInteger, nullable=False),
    Column("data", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("state", String, nullable=False, server_default="due"),
    Column("taken_until", BigInteger),
    Column("why", Text),
)
Index("ix_duties_kind_due", duties.c.kind, duties.c.due, **_only("state = 'due'"))
Index("ix_duties_call", duties.c.call)
Index("ix_duties_dropped", duties.c.kind, duties.c.due, **_only("state = 'dropped'"))
Index("ix_duties_open", duties.c.call, duties.c.lane, **_only("state = 'due'"))
_TAKEN = "state = 'due' AND taken_until IS NOT NULL"
Index("ix_duties_taken", duties.c.kind, duties.c.taken_until, **_only(_TAKEN))

escalations = Table(
    "escalations",
    metadata,
    Column("key", String, primary_key=True),
    Column("call", String, nullable=False),
    Column("case", String, nullable=False, index=True),
    Column("level", String, nullable=False),
    Column("requested_by", String, nullable=False),
    Column("set_by", String, nullable=False),
    Column("requested_at", BigInteger, nullable=False, index=True),
    Column("reason", Text, nullable=False, server_default=""),
)

case_files = Table(
    "case_files",
    metadata,
    Column("number", String, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("data", Text, nullable=False),
    Column("events", Integer, nullable=False),  # how many the file has, and the last one's hash
    Column("head", String, nullable=False),
)

notes = Table(
    "notes",
    metadata,
    Column("key", String, primary_key=True),
    Column("call", String, nullable=False),
    Column("case", String, nullable=False, index=True),
    Column("text", Text, nullable=False),
    Column("author", String, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("visibility", String, nullable=False, server_default="internal"),
)

recordings = Table(
    "recordings",
    metadata,
    Column("sid", String, primary_key=True),
    Column("call", String, nullable=False, index=True),
    Column("case", String, nullable=False),
    Column("purpose", String, nullable=False),
    Column("seconds", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("deleted_at", BigInteger),
)

people = Table(
    "people",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("phone", String, nullable=False),
    Column("roles", String, nullable=False),
    Column("languages", String, nullable=False),
    Column("manager", String),
    Column("delegate", String),
    Column("team", String),
    Column("region", String, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("status", String, nullable=False),
    Column("on_call", Boolean, nullable=False),
    Column("hours", String, nullable=False),
    Column("zone", String, nullable=False),
    Column("capacity", Integer, nullable=False),
    Column("email", String, nullable=False),
    Column("notify", String, nullable=False, server_default=""),
    Column("pin", String, nullable=False, server_default=""),
    Column("answers_zero", Boolean, nullable=False),  # an operator; indexed, roles are not
    Column("busy_with", String),
    Column("last_taken", BigInteger),
    Column("last_no_answer", BigInteger),
    Column("days", String, nullable=False, server_default="0123456"),
    Column("holidays", String, nullable=False, server_default=""),
    Column("status_since", BigInteger),
    Column("status_by", String, nullable=False, server_default=""),
    Column("status_until", BigInteger),
    Column("delegate_from", BigInteger),
    Column("delegate_until", BigInteger),
)
Index("ix_people_operators", people.c.id, **_only("answers_zero"))
Index("ix_people_team", people.c.team)
Index("ix_people_phone", people.c.phone)
Index("ix_people_busy", people.c.busy_with, **_only("busy_with IS NOT NULL"))
Index("ix_people_status_since", people.c.status_since)
Index("ix_people_last_taken", people.c.last_taken)
Index("ix_people_last_no_answer", people.c.last_no_answer)

shifts = Table(
    "shifts",
    metadata,
    Column("id", String, primary_key=True),
    Column("person", String, nullable=False),
    Column("role", String, nullable=False),
    Column("region", String, nullable=False),
    Column("product", String, nullable=False),
    Column("starts", String, nullable=False),
    Column("ends", String, nullable=False),
    Column("zone", String, nullable=False),
    Column("days", String, nullable=False),
    Column("first", String),
    Column("last", String),
    Column("holidays", String, nullable=False, server_default=""),
)

overrides = Table(
    "overrides",
    metadata,
    Column("id", String, primary_key=True),
    Column("person", String, nullable=False),
    Column("instead_of", String),
    Column("role", String, nullable=False),
    Column("region", String, nullable=False),
    Column("product", String, nullable=False),
    Column("starts", BigInteger, nullable=False),
    Column("ends", BigInteger, nullable=False, index=True),
)

feeds = Table(
    "feeds",
    metadata,
    Column("id", String, primary_key=True),
    Column("url", String, nullable=False),
    Column("role", String, nullable=False),
    Column("region", String, nullable=False),
    Column("product", String, nullable=False),
    Column("zone", String, nullable=False),
    Column("added_at", BigInteger),  # when it was first asked for, answered or not
    Column("fetched_at", BigInteger),  # when it was last known to be current
    Column("etag", String, nullable=False, server_default=""),
    Column("modified", String, nullable=False, server_default=""),
    Column("body", Text, nullable=False, server_default=""),
    Column("error", Text, nullable=False, server_default=""),
    Column("unmatched", Text, nullable=False, server_default=""),  # a line for each entry
)

feed_entries = Table(
    "feed_entries",
    metadata,
    Column("id", String, primary_key=True),
    Column("feed", String, nullable=False, index=True),
    Column("person", String, nullable=False),
    Column("starts", BigInteger, nullable=False),
    Column("ends", BigInteger, nullable=False, index=True),
)

queues = Table(
    "queues",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("manager", String),
    Column("region", String, nullable=False),
    Column("product", String, nullable=False),
)

accounts = Table(
    "accounts",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("contract_tier", String, nullable=False),
    Column("contract_from", String),
    Column("contract_to", String),
    Column("zone", String, nullable=False),
    Column("customer_numbers", String, nullable=False),
    Column("pin", String, nullable=False, server_default=""),
)

directory = Table(  # one row; each change of who works here gives it another version, by triggers
    "directory",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", String, nullable=False),
)

tallies = Table(
    "tallies",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("bucket", String, nullable=False),
    Column("at", BigInteger, nullable=False),
)
Index("ix_tallies_bucket", tallies.c.bucket, tallies.c.at)

contacts = Table(
    "contacts",
    metadata,
    Column("id", String, primary_key=True),
    Column("account", String, nullable=False, index=True),
    Column("name", String, nullable=False),
    Column("phones", String, nullable=False),
    Column("email", String, nullable=False),
    Column("language", String, nullable=False),
)

cases = Table(
    "cases",
    metadata,
    Column("number", String, primary_key=True),
    Column("digits", String, nullable=False, unique=True),
    Column("status", String, nullable=False),
    Column("severity", Integer),
    Column("subject", String, nullable=False),
    Column("product", String, nullable=False),
    Column("region", String, nullable=False),
    Column("environment", String, nullable=False),
    Column("owner", String),
    Column("queue", String),
    Column("account", String),
    Column("language", String, nullable=False),
    Column("url", String, nullable=False),
    Column("updated_at", BigInteger),
    Column("pin", String, nullable=False, server_default=""),
    Column("form", String),  # the form on the web that has opened it, once
)

Index("ix_cases_account", cases.c.account)
Index("ix_cases_form", cases.c.form, unique=True)

logins = Table(
    "logins",
    metadata,
    Column("id", String, primary_key=True),
    Column("email", String, nullable=False, unique=True),
    Column("name", String, nullable=False),
    Column("roles", String, nullable=False),
    Column("person", String, nullable=False),
    Column("contact", String, nullable=False),
    Column("accounts", String, nullable=False),
    Column("hash", String, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("failed", Integer, nullable=False),  # these two: the version before counts
    Column("failed_at", BigInteger),
)

sessions = Table(  # who is signed in, until they sign out
    "sessions",
    metadata,
    Column("id", String, primary_key=True),
    Column("login", String, nullable=False, index=True),
    Column("began", BigInteger, nullable=False, index=True),
)

logs = Table(  # what is logged of no call and no case
    "logs",
    metadata,
    Column("name", String, primary_key=True),
    Column("events", Integer, nullable=False),
    Column("head", String, nullable=False),
)

seals = Table(
    "seals",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("streams", Integer, nullable=False),
    Column("before", String, nullable=False),
    Column("hash", String, nullable=False),
    Column("upto", BigInteger),  # the last event that was stored when it was made
)

sealed = Table(  # a row for each event log that had grown since the seal before
    "sealed",
    metadata,
    Column("stream", String, primary_key=True),
    Column("seal", Integer, primary_key=True, autoincrement=False),
    Column("length", Integer, nullable=False),
    Column("head", String, nullable=False),
)
Index("ix_sealed_seal", sealed.c.seal)

holds = Table(
    "holds",
    metadata,
    Column("case", String, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("by", String, nullable=False, server_default=""),
    Column("at", BigInteger, nullable=False),
)

signs = Table(  # signs of life: when something was last known to work, and when it last didn't
    "signs",
    metadata,
    Column("name", String, primary_key=True),
    Column("good_at", BigInteger),
    Column("bad_at", BigInteger),
    Column("why", Text, nullable=False, server_default=""),
)
