"""On-call calendars of other systems (iCalendar, RFC 5545): fetched, and read as times on duty.

What was read last counts until something newer can be read, however long that takes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

import requests

from ivr.line.desk.people import Person
from ivr.line.errors import DataError
from ivr.line.records import Feed, FeedEntry

if TYPE_CHECKING:
    from icalendar import Calendar

LARGEST = 5_000_000  # bytes
WITHIN = 20.0  # seconds for one calendar; the lease of a duty is longer
BEFORE, AHEAD = timedelta(days=31), timedelta(days=60)  # which part of a calendar is kept
TOO_OFTEN = ("SECONDLY", "MINUTELY")
LENGTH = "X-IVR-LENGTH"
SHOWN = 50  # entries that match no person


@dataclass(frozen=True, slots=True)
class Fetched:
    """A calendar as it was read, with the headers for the next conditional request."""

    body: str
    etag: str = ""
    modified: str = ""


Fetch = Callable[[Feed], Fetched | None]


def fetch(feed: Feed) -> Fetched | None:
    """The calendar; None when it is the one that we have. Raises `OSError` or `DataError`."""
    parts = urlsplit(feed.url)
    if parts.scheme == "file":
        with Path(unquote(parts.path)).open("rb") as file:
            return Fetched(_decoded(_small(iter([file.read(LARGEST + 1)]))))
    conditions = {"If-None-Match": feed.etag, "If-Modified-Since": feed.modified}
    headers = {name: value for name, value in conditions.items() if value and feed.body}
    with requests.get(feed.url, headers=headers, timeout=(3.05, 10), stream=True) as answer:
        if answer.status_code == 304:
            return None
        answer.raise_for_status()
        body = _decoded(_small(answer.iter_content(65_536)))
        etag = answer.headers.get("ETag", "")
        modified = answer.headers.get("Last-Modified", "")
        return Fetched(body, etag, modified)


def _small(chunks: Iterator[bytes]) -> bytes:
    body, until = b"", monotonic() + WITHIN
    for chunk in chunks:
        body += chunk
        if len(body) > LARGEST:
            raise DataError(f"the calendar has more than {LARGEST:,} bytes")
        if monotonic() > until:
            raise DataError(f"the calendar took more than {WITHIN:.0f} seconds")
    return body


def _decoded(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError("the calendar isn't UTF-8") from error


def refreshed(
    feed: Feed, people: Iterable[Person], now: datetime, fetch: Fetch = fetch
) -> tuple[Feed, list[FeedEntry]]:
    """The feed after asking for it at ``now``, with its entries from `BEFORE` until `AHEAD`.

    What can't be fetched or read leaves the last known calendar, and ``error`` says why.
    """
    people = list(people)
    feed = replace(feed, added_at=feed.added_at or now, error="")
    try:
        fetched = fetch(feed)
        new = replace(feed, fetched_at=now)
        if fetched is not None:
            new = replace(new, body=fetched.body, etag=fetched.etag, modified=fetched.modified)
        return _read(new, people, now)
    except (OSError, DataError) as error:
        feed = replace(feed, error=f"{type(error).__name__}: {error}")
        return _read(feed, people, now) if feed.body else (feed, [])


def _read(feed: Feed, people: list[Person], now: datetime) -> tuple[Feed, list[FeedEntry]]:
    entries, unmatched = entries_of(feed, people, now - BEFORE, now + AHEAD)
    return replace(feed, unmatched=tuple(unmatched[:SHOWN])), entries


def entries_of(
    feed: Feed, people: Iterable[Person], begins: datetime, ends: datetime
) -> tuple[list[FeedEntry], list[str]]:
    """Who is on duty when, and a text for every event that matches no person. Raises `DataError`.

    Repetitions, exceptions and moved events are followed. Whole days, and times without a zone, are
    in the feed's zone. An event with an end begins and ends by the clock on the wall, also in a
    night in which that changes; one with a length in hours lasts so many. Attendees are matched by
    email; if none matches, the title is read.
    """
    import recurring_ical_events

    by_email, titles = _by_email(people), [each for each in people if each.active]
    calendar = _calendar(feed.body)
    entries: dict[str, FeedEntry] = {}
    unmatched: list[str] = []
    try:
        events = recurring_ical_events.of(calendar).between(begins, ends)
        spans = [(*_span(event, ZoneInfo(feed.zone)), event) for event in events]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DataError(f"the calendar has an event that can't be read: {error}") from error
    for start, end, event in sorted(spans, key=lambda span: (*span[:2], str(span[2].get("UID")))):
        if str(event.get("STATUS", "")).upper() == "CANCELLED":
            continue
        found = _attending(event, by_email) or _titled(str(event.get("SUMMARY", "")), titles)
        if not found or end <= start:
            unmatched.append(_unmatched(event, start, end))
            continue
        for person in found:
            id = f"{feed.id}/{event.get('UID', '')}/{start:%Y%m%dT%H%M%S}/{person}"
            entries[id] = FeedEntry(id, feed.id, person, start, end)
    return list(entries.values()), unmatched


def _calendar(body: str) -> Calendar:
    from icalendar import Calendar

    try:
        calendar = Calendar.from_ical(body)
    except (ValueError, IndexError, KeyError) as error:
        raise DataError(f"this is no calendar: {error}") from error
    if calendar.name != "VCALENDAR":
        raise DataError(f"this is no calendar, but a {calendar.name}")
    for event in calendar.walk("VEVENT"):
        if "DURATION" in event:
            event[LENGTH] = event["DURATION"]  # each repetition is given an end instead of it
        rules = event.get("RRULE", [])
        for rule in rules if isinstance(rules, list) else [rules]:
            if often := set(rule.get("FREQ", ())) & set(TOO_OFTEN):
                raise DataError(f"an event comes {often.pop().lower()}: that is no on-call duty")
            _keep_last_day(event, rule)
    return calendar


def _keep_last_day(event: Any, rule: Any) -> None:
    """Repetitions until a day include that day, whatever the time at which they begin."""
    start = event["DTSTART"].dt if "DTSTART" in event else None
    for day in rule.get("UNTIL", ()):
        if isinstance(start, datetime) and not isinstance(day, datetime):
            last = datetime.combine(day, time.max.replace(microsecond=0), tzinfo=start.tzinfo)
            rule["UNTIL"] = [last.astimezone(UTC) if start.tzinfo else last]


def _span(event: Any, zone: ZoneInfo) -> tuple[datetime, datetime]:
    start, end, length = event["DTSTART"].dt, event.get("DTEND"), event.get(LENGTH)
    if length is not None and isinstance(start, datetime):
        # "Days and weeks are nominal … hours, minutes and seconds are exact." (RFC 5545, 3.3.6)
        days = _zoned(start, zone) + timedelta(days=length.dt.days)
        return _instant(start, zone), _instant(days, zone) + timedelta(seconds=length.dt.seconds)
    until = end.dt if end is not None else start
    if until == start and not isinstance(start, datetime):
        until = start + timedelta(days=1)
    return _instant(start, zone), _instant(until, zone)


def _zoned(read: date, zone: ZoneInfo) -> datetime:
    at = read if isinstance(read, datetime) else datetime.combine(read, time())
    return at if at.tzinfo else at.replace(tzinfo=zone)


def _instant(read: date, zone: ZoneInfo) -> datetime:
    return _zoned(read, zone).astimezone(UTC)


def _by_email(people: Iterable[Person]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for person in people:
        if person.email and person.active:
            found.setdefault(person.email.casefold(), []).append(person.id)
    return found


def _attending(event: Any, by_email: dict[str, list[str]]) -> list[str]:
    attendees = event.get("ATTENDEE", [])
    attendees = attendees if isinstance(attendees, list) else [attendees]
    found = []
    for attendee in attendees:
        if str(attendee.params.get("PARTSTAT", "")).upper() != "DECLINED":
            address = str(attendee).casefold().removeprefix("mailto:")
            people = by_email.get(address, [])
            found += people if len(people) == 1 else []
    return found


def _titled(title: str, people: list[Person]) -> list[str]:
    """Whose id or name the title is; else whose name stands in it, if only one's does. A longer
    name in which another stands counts alone."""
    wanted = _plain(title)
    exact = [each.id for each in people if wanted in (_plain(each.id), _plain(each.name))]
    named = {each.id: name for each in people if (name := _plain(each.name)) and _in(name, wanted)}
    whole = [
        id for id, name in named.items() if not any(_within(name, each) for each in named.values())
    ]
    return next((found for found in (exact, whole) if len(found) == 1), [])


def _plain(text: str) -> str:
    """A text in which the same name is spelled the same."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _in(name: str, text: str) -> bool:
    """Whether a name stands in a text by itself: with brackets or commas around it, but neither as
    a part of a word nor joined to one by a hyphen."""
    alone = rf"(?<!\w)(?<!\w-){re.escape(name)}(?!\w)(?!-\w)"
    return re.search(alone, text) is not None


def _within(name: str, other: str) -> bool:
    return name != other and _in(name, other)


def _unmatched(event: Any, start: datetime, end: datetime) -> str:
    why = "has no length" if end <= start else "names nobody who works here"
    return f"{start:%Y-%m-%dT%H:%MZ} '{event.get('SUMMARY', '')}' {why}"
