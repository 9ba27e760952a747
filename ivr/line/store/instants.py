"""Instants as they are stored: whole microseconds since 1970, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_START = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


def ticks(at: datetime) -> int:
    """An aware instant as a number."""
    return (at - _START) // _TICK


def ticks_or_none(at: datetime | None) -> int | None:
    return None if at is None else (at - _START) // _TICK


def instant(number: int) -> datetime:
    """The number as an aware instant in UTC."""
    return _START + number * _TICK


def instant_or_none(number: int | None) -> datetime | None:
    return None if number is None else _START + number * _TICK
