"""The calendars of the rota, and what was read from each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import delete, insert, select, update

from ivr.line.records import Feed, FeedEntry
from ivr.line.store import tables
from ivr.line.store.connections import Connections
from ivr.line.store.instants import instant_or_none, ticks, ticks_or_none

_ALL = select(tables.feeds).order_by(tables.feeds.c.id)


class FeedRepository:
    """The on-call calendars."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def all(self) -> list[Feed]:
        """All calendars, by id."""
        return [_feed(row) for row in self._connections.asked.rows(_ALL)]

    def save(self, feed: Feed, entries: Iterable[FeedEntry]) -> None:
        """What is now known of a calendar; its entries are replaced."""
        table, own = tables.feeds, tables.feed_entries
        rows = [_entry_row(each) for each in entries]
        with self._connections.writing() as connection:
            connection.execute(update(table).where(table.c.id == feed.id).values(_state(feed)))
            connection.execute(delete(own).where(own.c.feed == feed.id))
            if rows:
                connection.execute(insert(own), rows)


def _state(feed: Feed) -> dict[str, Any]:
    """The columns that a reading changes."""
    return {
        "added_at": ticks_or_none(feed.added_at),
        "fetched_at": ticks_or_none(feed.fetched_at),
        "unmatched": "\n".join(feed.unmatched),
        "etag": feed.etag,
        "modified": feed.modified,
        "body": feed.body,
        "error": feed.error,
    }


def _entry_row(entry: FeedEntry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "feed": entry.feed,
        "person": entry.person,
        "starts": ticks(entry.starts),
        "ends": ticks(entry.ends),
    }


def _feed(row: Any) -> Feed:
    return Feed(
        id=row.id,
        url=row.url,
        role=row.role,
        region=row.region,
        product=row.product,
        zone=row.zone,
        added_at=instant_or_none(row.added_at),
        fetched_at=instant_or_none(row.fetched_at),
        etag=row.etag,
        modified=row.modified,
        body=row.body,
        error=row.error,
        unmatched=tuple(row.unmatched.splitlines()),
    )
