"""The calendars of the rota, and what was read from each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from ivr.line.records import Feed, FeedEntry
from ivr.line.store import tables
from ivr.line.store.instants import instant_or_none, ticks, ticks_or_none


def every(connection: Connection) -> list[Feed]:
    """All feeds, by id."""
    table = tables.feeds
    return [_feed(row) for row in connection.execute(select(table).order_by(table.c.id))]


def save(connection: Connection, feed: Feed, entries: Iterable[FeedEntry]) -> None:
    """What is now known of a feed; its entries are replaced."""
    table, own = tables.feeds, tables.feed_entries
    values: dict[str, Any] = {
        "added_at": ticks_or_none(feed.added_at),
        "fetched_at": ticks_or_none(feed.fetched_at),
        "unmatched": "\n".join(feed.unmatched),
    }
    values |= {name: getattr(feed, name) for name in ("etag", "modified", "body", "error")}
    connection.execute(update(table).where(table.c.id == feed.id).values(values))
    connection.execute(delete(own).where(own.c.feed == feed.id))
    rows = [
        {
            "id": each.id,
            "feed": each.feed,
            "person": each.person,
            "starts": ticks(each.starts),
            "ends": ticks(each.ends),
        }
        for each in entries
    ]
    if rows:
        connection.execute(insert(own), rows)


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
